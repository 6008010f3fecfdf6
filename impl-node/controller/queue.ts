// The offline queue: commands for one agent that wait until it is there (spec/rpc.md, The queue of a controller).
// Each change is on disk before it counts, so that a program that dies between any two writes has lost nothing and
// sends nothing under a second id.

import { EventEmitter } from 'node:events'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { MethodName } from '@happy-remote/schemas/rpc/registry.ts'
import { deviceIdOf, deviceIdText } from '../crypto/identity.ts'
import type { PairingRecord } from '../session/record.ts'
import type { QueuedRecord, Store } from '../session/store.ts'
import { expectSendable } from './calls.ts'
import { QueueOrder } from './queue-order.ts'
import {
  atTime,
  canWait,
  changesAt,
  decodeQueued,
  encodeQueued,
  fits,
  isForgotten,
  isLive,
  newCommand,
  type QueuedCommand,
  type QueueState,
} from './queued-command.ts'

/** Commands kept for one agent, those that have ended among them, and bytes of their records. */
const COMMANDS_MAX = 10_000
const BYTES_MAX = 64 * 1_048_576

export type QueueStore = Pick<Store, 'loadQueued' | 'saveQueued' | 'removeQueued'>

interface QueueEvents {
  /** A command that is new or another than before. */
  readonly change: [command: QueuedCommand]
}

export class CommandQueue extends EventEmitter<QueueEvents> {
  readonly #store: QueueStore
  readonly #agent: string
  readonly #now: () => number
  readonly #order = new QueueOrder()
  /** Bytes of the records, by id, and of all of them. */
  readonly #sizes = new Map<string, number>()
  #bytes = 0
  /** ms since 1970: the time up to which none of the commands changes by itself, and when that was looked at last. */
  #quietUntil = Number.POSITIVE_INFINITY
  #lookedAt = 0

  /** `agent` is its deviceId, `now` gives ms since 1970. */
  constructor(store: QueueStore, agent: string, now: () => number = Date.now) {
    super()
    this.#store = store
    this.#agent = agent
    this.#now = now
    for (const record of store.loadQueued()) {
      const command = decodeQueued(record)
      if (command.agent === agent) this.#keep(command, record)
    }
  }

  /** In order; what has ended stays for a day. */
  get commands(): readonly QueuedCommand[] {
    this.#sweep()
    return [...this.#order.all]
  }

  /** The command that is to be sent now: the one that may have been sent already, else the first. */
  get next(): QueuedCommand | undefined {
    this.#sweep()
    return this.#order.next
  }

  get isEmpty(): boolean {
    return this.next === undefined
  }

  /** It has no end yet. */
  waits(id: string): boolean {
    this.#sweep()
    const command = this.#order.get(id)
    return command !== undefined && isLive(command)
  }

  /** The place among those that wait, from 1; 0 where it waits no more. */
  position(id: string): number {
    return this.commands.filter(isLive).findIndex((command) => command.id === id) + 1
  }

  /**
   * Queues a command at the end. Throws ProtocolError: `invalid-params` for what fits no schema or cannot wait,
   * `too-large`, `busy` where the queue is full; DiskFull. Nothing is kept then.
   */
  give(method: MethodName, params: object): QueuedCommand {
    if (!canWait(method)) throw new ProtocolError('invalid-params', `${method} cannot be queued.`)
    checkParams(method, params)
    this.#sweep()
    const place = Math.floor(this.#order.all.at(-1)?.place ?? 0) + 1
    const command = newCommand({ agent: this.#agent, place, method, params, givenAt: this.#now() })
    this.#makeRoom(encodeQueued(command).image.length)
    this.#write(command)
    return command
  }

  /** Gives a command that has ended again, as a new one at the end. Throws as `give`, and `conflict` while it waits. */
  giveAgain(id: string): QueuedCommand {
    const command = this.#find(id)
    if (isLive(command)) throw new ProtocolError('conflict', 'It waits still.')
    return this.give(command.method as MethodName, command.params)
  }

  /** rpc.queue.edited. Throws ProtocolError: `not-found`, `conflict` where it may have been sent, and as `give`. */
  edit(id: string, params: object): QueuedCommand {
    const command = this.#pending(id)
    checkParams(command.method as MethodName, params)
    return this.#write({ ...command, params })
  }

  /** Moves a command to this place among those that wait, from 1. Throws as `edit`. */
  move(id: string, position: number): QueuedCommand {
    const command = this.#pending(id)
    const others = this.#order.all.filter((other) => other.id !== id)
    const waiting = others.filter(isLive)
    const behind = waiting[position - 1]
    const at = behind ? others.indexOf(behind) : others.length
    const low = others[at - 1]?.place ?? (behind?.place ?? 0) - 2
    const high = behind?.place ?? low + 2
    const place = (low + high) / 2
    if (place > low && place < high) return this.#write({ ...command, place })
    this.#spread()
    return this.move(id, position)
  }

  /** Takes a command back; one that may have been sent is given up, and `uncertain`. Throws `not-found`, `conflict`. */
  cancel(id: string): QueuedCommand {
    const command = this.#find(id)
    // rpc.queue.cancelled
    if (!isLive(command)) throw new ProtocolError('conflict', `It has ended already: ${command.state}.`)
    return this.#end(command, command.state === 'pending' ? 'cancelled' : 'uncertain')
  }

  /** The command may be sent from now on, under this epoch. Undefined where it is pending no more. */
  begin(id: string, epoch: string): QueuedCommand | undefined {
    this.#sweep()
    const command = this.#order.get(id)
    return command?.state === 'pending' ? this.#write({ ...command, state: 'processing', epoch }) : undefined
  }

  /** Its outcome; what has ended meanwhile stays as it is. */
  finish(id: string, state: QueueState, code?: string): void {
    const command = this.#order.get(id)
    if (command && isLive(command)) this.#end(command, state, code)
  }

  /** Forgets everything: the pairing is over. */
  erase(): void {
    this.#remove(this.#order.all)
  }

  #end(command: QueuedCommand, state: QueueState, code?: string): QueuedCommand {
    return this.#write({ ...command, state, endedAt: this.#now(), ...(code !== undefined && { code }) })
  }

  #find(id: string): QueuedCommand {
    this.#sweep()
    const command = this.#order.get(id)
    if (!command) throw new ProtocolError('not-found', 'There is no such command in the queue.')
    return command
  }

  #pending(id: string): QueuedCommand {
    const command = this.#find(id)
    // rpc.queue.unchanged
    if (command.state !== 'pending') throw new ProtocolError('conflict', `It waits no more: ${command.state}.`)
    return command
  }

  /** What the time does. */
  #sweep(): void {
    const now = this.#now()
    const isQuiet = now >= this.#lookedAt && now <= this.#quietUntil
    this.#lookedAt = now
    if (isQuiet) return
    this.#quietUntil = Number.POSITIVE_INFINITY
    for (const command of [...this.#order.all]) {
      const present = atTime(command, now)
      if (present !== command) this.#write(present)
      this.#quietUntil = Math.min(this.#quietUntil, changesAt(present))
    }
    this.#remove(this.#order.all.filter((each) => isForgotten(each, now)))
  }

  /** New places with room between them, from the last to the first and above all old ones: the order holds throughout. */
  #spread(): void {
    const all = this.#order.all
    const base = Math.ceil(all.at(-1)?.place ?? 0) + 1
    for (const [index, command] of [...all.entries()].reverse()) this.#write({ ...command, place: base + index })
  }

  /** What has ended goes first. Throws ProtocolError `busy`. */
  #makeRoom(size: number): void {
    const isFull = () => this.#order.size >= COMMANDS_MAX || this.#bytes + size > BYTES_MAX
    if (!isFull()) return
    const ended = this.#order.all.filter((command) => !isLive(command))
    while (isFull() && ended.length > 0) this.#remove(ended.splice(0, Math.ceil(ended.length / 2)))
    if (isFull()) throw new ProtocolError('busy', `The queue is full: ${this.#order.size} commands wait.`)
  }

  /** On disk first: what could not be written has not happened. */
  #write(command: QueuedCommand): QueuedCommand {
    const record = encodeQueued(command)
    this.#store.saveQueued(record)
    this.#keep(command, record)
    this.emit('change', command)
    return command
  }

  #keep(command: QueuedCommand, { image }: QueuedRecord): void {
    this.#bytes += image.length - (this.#sizes.get(command.id) ?? 0)
    this.#sizes.set(command.id, image.length)
    this.#order.put(command)
    this.#quietUntil = Math.min(this.#quietUntil, changesAt(command))
  }

  #remove(commands: readonly QueuedCommand[]): void {
    if (commands.length === 0) return
    this.#store.removeQueued(commands.map((command) => encodeQueued(command).id))
    for (const { id } of commands) {
      this.#bytes -= this.#sizes.get(id) ?? 0
      this.#sizes.delete(id)
    }
    this.#order.remove(commands.map(({ id }) => id))
  }
}

const agentOf = ({ peer }: PairingRecord): string => deviceIdText(deviceIdOf(peer.identityKey))

/** The queue for the agent of a pairing. What was queued for agents that are paired no more is forgotten. */
export function openQueue(store: Store, record: PairingRecord, now?: () => number): CommandQueue {
  const agents = new Set(store.pairings.map(agentOf))
  const orphans = store.loadQueued().filter((queued) => !agents.has(decodeQueued(queued).agent))
  if (orphans.length > 0) store.removeQueued(orphans.map(({ id }) => id))
  return new CommandQueue(store, agentOf(record), now)
}

/** Throws ProtocolError `invalid-params` or `too-large`. */
function checkParams(method: MethodName, params: object): void {
  if (!fits(method, params)) throw new ProtocolError('invalid-params')
  expectSendable(method, params)
}
