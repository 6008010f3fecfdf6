// The offline queue: what the person wants of an agent that is away, in order, sealed in the store
// (spec/rpc.md, The queue of a controller). A change counts when the store has it.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type MethodName, methods } from '@happy-remote/schemas/rpc/registry.ts'
import { Check } from 'typebox/value'
import type { Clock } from '../session/clock.ts'
import { Queue as Turns } from '../session/queue.ts'
import type { Store } from '../session/store.ts'
import { whyTooLarge } from './calls.ts'
import { QueueOrder } from './queue-order.ts'
import {
  atTime,
  contentOf,
  idBytes,
  type QueuedCommand,
  type QueueState,
  readQueued,
  staysUntil,
  waits,
} from './queued-command.ts'

/** Commands of one agent, with those that have ended, and bytes of all of them. */
const MOST = 10_000
const MOST_BYTES = 64 * 1_048_576

/** Whatever is given now stays as it is for so many ms at least. */
const QUIET = limits.queueLife

/** rpc.queue.bypass: these do not wait. */
const AT_ONCE: readonly string[] = ['claude.cancel', 'permission.answer', 'question.answer']

export type QueueStore = Pick<Store, 'queuedFor' | 'saveQueued' | 'deleteQueued'>

export class CommandQueue {
  readonly #store: QueueStore
  readonly #agent: Uint8Array
  readonly #clock: Clock
  readonly #turns = new Turns()
  readonly #listeners = new Set<(command: QueuedCommand) => void>()
  #order = new QueueOrder()
  readonly #sizes = new Map<string, number>()
  /** Wall time of the last look, and the time until which nothing changes by itself. */
  #lookedAt = 0
  #quietUntil = 0
  #bytes = 0

  /** `agent`: the 16 bytes of its deviceId. */
  constructor(store: QueueStore, agent: Uint8Array, clock: Clock) {
    this.#store = store
    this.#agent = agent
    this.#clock = clock
    this.#read()
  }

  /** Takes what the store has now: another pairing with the agent has used the queue meanwhile. */
  readAgain(): Promise<void> {
    return this.#turns.run(async () => this.#read())
  }

  /** Tells `listener` of each command that is new or has changed; the result ends that. */
  listen(listener: (command: QueuedCommand) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** In order, with those that ended less than a day ago. */
  list(): Promise<readonly QueuedCommand[]> {
    return this.#alone(() => [...this.#order.commands])
  }

  /** What is to be sent now: first of all the one that may have been sent before. */
  next(): Promise<QueuedCommand | undefined> {
    return this.#alone(() => this.#order.next())
  }

  /** Whether it has no outcome at this moment. */
  isWaiting(id: string): boolean {
    const command = this.#order.find(id)
    const present = command && atTime(command, this.#clock.wall())
    return present !== undefined && waits(present)
  }

  /**
   * Puts a command at the end; one with this id that is there already stays as it is. Throws ProtocolError:
   * `invalid-params` where it fits no schema or does not wait, `too-large`, `busy` where there is no room; DOMException
   * where the disk is full. Nothing is stored then.
   */
  give(method: string, params: object, id: string = crypto.randomUUID()): Promise<QueuedCommand> {
    return this.#alone(async () => {
      const given = this.#order.find(id)
      if (given) return given
      checkParams(method, params)
      const rank = Math.floor(this.#order.commands.at(-1)?.rank ?? 0) + 1
      const times = { givenAt: this.#clock.wall(), endedAt: null }
      const command: QueuedCommand = {
        ...{ id, method, params, state: 'pending', rank, epoch: null, code: null, ...times },
      }
      await this.#makeRoom(contentOf(command).length)
      return this.#put(command)
    })
  }

  /** Puts what has ended there once more, under another id. Throws ProtocolError as `give`; `conflict` where it waits. */
  async giveAgain(id: string): Promise<QueuedCommand> {
    const command = await this.#alone(() => this.#find(id))
    if (waits(command)) throw new ProtocolError('conflict', 'The command waits already')
    return this.give(command.method, command.params)
  }

  /** rpc.queue.edited. Throws ProtocolError: `not-found`, `conflict` where it is pending no more, and as `give`. */
  edit(id: string, params: object): Promise<QueuedCommand> {
    return this.#alone(() => {
      const command = this.#pending(id)
      checkParams(command.method, params)
      return this.#put({ ...command, params })
    })
  }

  /** Moves a pending command to this place among those that wait, counted from 1. Throws ProtocolError as `edit`. */
  move(id: string, position: number): Promise<QueuedCommand> {
    return this.#alone(async () => {
      this.#pending(id)
      for (;;) {
        const command = this.#pending(id)
        const others = this.#order.commands.filter((other) => other !== command)
        const behind = others.filter(waits)[position - 1]
        const index = behind ? others.indexOf(behind) : others.length
        const above = behind?.rank ?? (others.at(-1)?.rank ?? 0) + 2
        const below = others[index - 1]?.rank ?? above - 2
        const rank = (below + above) / 2
        if (rank > below && rank < above) return this.#put({ ...command, rank })
        await this.#spread()
      }
    })
  }

  /** Takes back what is pending, and gives up what may have been sent. Throws ProtocolError `not-found`, `conflict`. */
  cancel(id: string): Promise<QueuedCommand> {
    return this.#alone(() => {
      const command = this.#find(id)
      if (!waits(command)) throw new ProtocolError('conflict', `The command has ended: ${command.state}`)
      // rpc.queue.cancelled
      return this.#end(command, command.state === 'pending' ? 'cancelled' : 'uncertain', null)
    })
  }

  /** It may be sent, under this epoch, as soon as this has resolved. Undefined where it is pending no more. */
  begin(id: string, epoch: string): Promise<QueuedCommand | undefined> {
    return this.#alone(async () => {
      const command = this.#order.find(id)
      return command?.state === 'pending' ? this.#put({ ...command, state: 'processing', epoch }) : undefined
    })
  }

  /** It was not sent after `begin`. */
  takeBack(id: string): Promise<void> {
    return this.#alone(async () => {
      const command = this.#order.find(id)
      if (command?.state === 'processing') await this.#put({ ...command, state: 'pending', epoch: null })
    })
  }

  /** What came of it, unless it has ended meanwhile. */
  finish(id: string, state: QueueState, code: string | null = null, result?: unknown): Promise<void> {
    return this.#alone(async () => {
      const command = this.#order.find(id)
      if (command && waits(command))
        await this.#end({ ...command, ...(result !== undefined && { result }) }, state, code)
    })
  }

  #read(): void {
    this.#order = new QueueOrder()
    this.#sizes.clear()
    this.#bytes = 0
    this.#quietUntil = 0
    const read = this.#store.queuedFor(this.#agent).flatMap(({ id, content }) => {
      const command = readQueued(id, content)
      if (command) this.#count(command.id, content.length)
      return command ? [command] : []
    })
    for (const command of read.sort((a, b) => a.rank - b.rank)) this.#order.set(command)
  }

  /** One after the other, each on what the time has left. */
  #alone<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#turns.run(async () => {
      await this.#letTimePass()
      return work()
    })
  }

  async #letTimePass(): Promise<void> {
    const now = this.#clock.wall()
    const isQuiet = now >= this.#lookedAt && now <= this.#quietUntil
    this.#lookedAt = now
    if (isQuiet) return
    this.#quietUntil = now + QUIET
    const over: QueuedCommand[] = []
    for (const command of [...this.#order.commands]) {
      const present = atTime(command, now)
      if (!present) over.push(command)
      else {
        if (present !== command) await this.#put(present)
        this.#quietUntil = Math.min(this.#quietUntil, staysUntil(present))
      }
    }
    await this.#forget(over)
  }

  #find(id: string): QueuedCommand {
    const command = this.#order.find(id)
    if (!command) throw new ProtocolError('not-found', 'There is no such command in the queue')
    return command
  }

  #pending(id: string): QueuedCommand {
    const command = this.#find(id)
    // rpc.queue.unchanged
    if (command.state !== 'pending') throw new ProtocolError('conflict', `The command is ${command.state} by now`)
    return command
  }

  #end(command: QueuedCommand, state: QueueState, code: string | null): Promise<QueuedCommand> {
    return this.#put({ ...command, state, code, endedAt: this.#clock.wall() })
  }

  /** Room between all ranks; from the last one on and above all of them, so that no crash changes the order. */
  async #spread(): Promise<void> {
    const all = [...this.#order.commands]
    const first = Math.ceil(all.at(-1)?.rank ?? 0) + 1
    for (let i = all.length - 1; i >= 0; i--) await this.#put({ ...(all[i] as QueuedCommand), rank: first + i })
  }

  /** Throws ProtocolError `busy` where what waits leaves no room. */
  async #makeRoom(size: number): Promise<void> {
    const isFull = () => this.#order.commands.length >= MOST || this.#bytes + size > MOST_BYTES
    if (!isFull()) return
    const ended = this.#order.commands.filter((command) => !waits(command))
    // Many at once, so that a full queue does not look through all of them for each that is given.
    while (isFull() && ended.length > 0) await this.#forget(ended.splice(0, Math.ceil(ended.length / 2)))
    if (isFull()) throw new ProtocolError('busy', `The queue is full: ${this.#order.commands.length} commands wait`)
  }

  async #put(command: QueuedCommand): Promise<QueuedCommand> {
    const content = contentOf(command)
    await this.#store.saveQueued({ id: idBytes(command.id), agent: this.#agent, content })
    this.#count(command.id, content.length)
    this.#order.set(command)
    for (const listener of this.#listeners) listener(command)
    return command
  }

  /** Those that the store could not forget stay. */
  async #forget(commands: readonly QueuedCommand[]): Promise<void> {
    if (commands.length === 0) return
    const gone = new Set<string>()
    try {
      for (const { id } of commands) {
        await this.#store.deleteQueued(idBytes(id))
        gone.add(id)
      }
    } finally {
      for (const id of gone) {
        this.#bytes -= this.#sizes.get(id) ?? 0
        this.#sizes.delete(id)
      }
      this.#order.delete(gone)
    }
  }

  #count(id: string, size: number): void {
    this.#bytes += size - (this.#sizes.get(id) ?? 0)
    this.#sizes.set(id, size)
  }
}

/** Throws ProtocolError. */
function checkParams(method: string, params: object): void {
  const known = Object.hasOwn(methods, method) ? methods[method as MethodName] : undefined
  if (known?.kind !== 'command' || AT_ONCE.includes(method)) {
    throw new ProtocolError('invalid-params', `Cannot queue ${method}`)
  }
  if (!Check(known.params, params)) throw new ProtocolError('invalid-params', `Cannot queue these params of ${method}`)
  const tooLarge = whyTooLarge(method, params)
  if (tooLarge !== undefined) throw new ProtocolError('too-large', tooLarge)
}
