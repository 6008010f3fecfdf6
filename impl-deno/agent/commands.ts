// Exactly one execution for each id of a command (spec/rpc.md, Commands).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { equal, toHex, utf8 } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'
import type { Clock } from '../session/clock.ts'
import type { CommandStore } from './command-store.ts'

/** What a request was answered with. */
export type Outcome = { readonly result: unknown } | { readonly error: FailureBody }
export interface FailureBody {
  readonly code: string
  readonly message: string
  readonly data?: unknown
}

export interface Command {
  /** IKs: a new pairing of the same device keeps its ids. */
  readonly controller: Uint8Array
  readonly id: string
  readonly method: string
  readonly params: object
}

/** New commands beyond are `busy`, so that no younger id is forgotten. */
const IDS_PER_CONTROLLER = 100_000
const FORGET_EVERY = 3_600_000

export class Commands {
  readonly #store: CommandStore
  readonly #clock: Clock
  readonly #limit: number
  readonly #running = new Map<string, Promise<Outcome>>()
  #forgotAt = Number.NEGATIVE_INFINITY

  constructor(store: CommandStore, clock: Clock, limit = IDS_PER_CONTROLLER) {
    this.#store = store
    this.#clock = clock
    this.#limit = limit
  }

  get epoch(): string {
    return this.#store.epoch
  }

  /** The outcome of an id that is known, or its promise while it runs; undefined where the id is new. */
  known(command: Command): Outcome | Promise<Outcome> | undefined {
    this.#forget()
    const { controller, id } = command
    const stored = this.#store.find(controller, id)
    if (!stored) return undefined
    // rpc.command.conflict
    if (!equal(stored.digest, digestOf(command))) {
      throw new ProtocolError('conflict', 'Cannot run a command: its id was used for another one')
    }
    // rpc.command.keep
    this.#store.seen(controller, id, this.#clock.wall())
    // rpc.command.recorded
    if (stored.outcome !== null) return JSON.parse(stored.outcome)
    // rpc.command.interrupted: it ran when an earlier run of the program ended
    return this.#running.get(keyOf(command)) ?? { error: INTERRUPTED }
  }

  /** rpc.command.status */
  status(controller: Uint8Array, id: string): Result<'command.status'>['state'] {
    this.#forget()
    const stored = this.#store.find(controller, id)
    if (!stored) return 'unknown'
    if (stored.outcome !== null) return 'result' in JSON.parse(stored.outcome) ? 'completed' : 'failed'
    return this.#running.has(keyOf({ controller, id })) ? 'running' : 'interrupted'
  }

  /** Executes a command whose id is new. Throws ProtocolError `busy` where there are too many ids. */
  run(command: Command, execute: () => Promise<Outcome>): Promise<Outcome> {
    const { controller, id } = command
    if (this.#store.count(controller) >= this.#limit) {
      throw new ProtocolError('busy', 'Cannot run a command: too many ids are remembered')
    }
    // rpc.command.disk: before the effect
    this.#store.insert(controller, id, digestOf(command), this.#clock.wall())
    const running = execute().then((outcome) => {
      this.#store.finish(controller, id, JSON.stringify(outcome))
      this.#running.delete(keyOf(command))
      return outcome
    })
    this.#running.set(keyOf(command), running)
    return running
  }

  #forget(): void {
    const now = this.#clock.wall()
    if (Math.abs(now - this.#forgotAt) < FORGET_EVERY) return
    this.#forgotAt = now
    this.#store.forget(now - limits.commandKept)
  }
}

const INTERRUPTED: FailureBody = { code: 'interrupted', message: 'The agent stopped before the command was done' }

const keyOf = ({ controller, id }: Pick<Command, 'controller' | 'id'>): string => `${toHex(controller)} ${id}`

/** Of parsed values: the order of members does not count. */
const digestOf = ({ method, params }: Command): Uint8Array => hash(utf8(JSON.stringify([method, sorted(params)])))

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]) => [name, sorted(member)] as const)
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)))
}
