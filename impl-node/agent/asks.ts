// What the assistant asks and waits for: open until its first outcome (application.md 4). The books of
// permission requests and of questions are of this kind.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Emit } from './handler.ts'

/** Outcomes kept for those who answer late. */
const RESOLVED_KEPT = 1_000
/** Longest delay of a timer, ms; a longer wait is taken in pieces. */
const TIMER_MAX = 2 ** 31 - 1

interface Asked {
  readonly requestId: string
  readonly expiresAt?: number
}

/** How it ended, when and by whom: a deviceId or `local`. */
export interface Ended {
  readonly requestId: string
  readonly by: string
  readonly at: number
}

interface Pending<Request, Resolution> {
  readonly request: Request
  readonly decide: (resolution: Resolution) => void
  expiry?: NodeJS.Timeout
}

/** How something ends that nobody has answered. */
export type Unanswered = 'cancelled' | 'expired' | 'orphaned'

export interface BookOptions {
  readonly emit: Emit
  /** ms since 1970 */
  readonly now?: () => number
  /** ms that a request waits for which the assistant sets no end; for ever where absent. */
  readonly time?: number
}

export const sizeOf = (request: object): number => Buffer.byteLength(JSON.stringify(request))

export abstract class AskBook<
  Request extends Asked,
  Outcome extends string,
  Resolution extends Ended & { readonly outcome: Outcome | Unanswered },
> {
  protected readonly emit: Emit
  readonly #what: string
  readonly #now: () => number
  readonly #time: number | undefined
  readonly #pending = new Map<string, Pending<Request, Resolution>>()
  readonly #resolved = new Map<string, Resolution>()
  readonly #watchers: (() => void)[] = []

  /** `what` is asked, for people. */
  constructor(what: string, { emit, now = Date.now, time }: BookOptions) {
    this.#what = what
    this.emit = emit
    this.#now = now
    this.#time = time
  }

  /** Calls `watcher` after each request and each resolution. */
  watch(watcher: () => void): void {
    this.#watchers.push(watcher)
  }

  /** What waits for an answer, oldest first. */
  get pending(): Request[] {
    return [...this.#pending.values()].map(({ request }) => request)
  }

  /** The assistant no longer asks. No effect on what has an outcome. */
  withdraw(requestId: string): void {
    if (this.#pending.has(requestId)) this.#leave(requestId, 'cancelled', 'local')
  }

  /** The turn was cancelled, by the device `by`: whatever waits is answered `cancelled`. */
  cancelAll(by: string): void {
    for (const requestId of [...this.#pending.keys()]) this.#leave(requestId, 'cancelled', by)
  }

  /** The assistant is gone, and nobody hears the answers any more. */
  orphanAll(): void {
    for (const requestId of [...this.#pending.keys()]) this.#leave(requestId, 'orphaned', 'local')
  }

  /** Tells every controller. */
  protected abstract requested(request: Request): void
  protected abstract resolved(resolution: Resolution): void
  /** The resolution of a request that nobody has answered. */
  protected abstract unanswered(outcome: Unanswered, ended: Ended): Resolution

  /** `expiresAt` of a request that is entered now. */
  protected get ends(): { expiresAt?: number } {
    return this.#time === undefined ? {} : { expiresAt: this.#now() + this.#time }
  }

  /** Bytes of what waits, as `claude.getStatus` tells it. */
  get size(): number {
    return this.pending.reduce((sum, request) => sum + sizeOf(request), 0)
  }

  /** Enters a request and tells every controller. `decide` is called once, whoever answers. */
  protected enter(request: Request, decide: (resolution: Resolution) => void): Request {
    const entry: Pending<Request, Resolution> = { request, decide }
    this.#pending.set(request.requestId, entry)
    this.requested(request)
    for (const watcher of this.#watchers) watcher()
    this.#arm(entry)
    return request
  }

  /**
   * The request that waits. Throws ProtocolError: `not-found` for an unknown one; `conflict`, or `expired`, with
   * the resolution where it has one.
   */
  protected open(requestId: string): Request {
    return this.#open(requestId).request
  }

  protected resolve(requestId: string, by: string, resolution: (ended: Ended) => Resolution): Resolution {
    const { decide, expiry } = this.#open(requestId)
    clearTimeout(expiry)
    this.#pending.delete(requestId)
    const resolved = resolution({ requestId, by, at: this.#now() })
    this.#resolved.set(requestId, resolved)
    const [oldest] = this.#resolved.keys()
    if (this.#resolved.size > RESOLVED_KEPT && oldest !== undefined) this.#resolved.delete(oldest)
    decide(resolved)
    this.resolved(resolved)
    for (const watcher of this.#watchers) watcher()
    return resolved
  }

  #open(requestId: string): Pending<Request, Resolution> {
    const entry = this.#pending.get(requestId)
    if (entry) return entry
    const resolution = this.#resolved.get(requestId)
    if (!resolution) throw new ProtocolError('not-found', `Cannot answer: no such ${this.#what}`)
    if (resolution.outcome === 'expired') {
      throw new ProtocolError('expired', `Cannot answer: the time for this ${this.#what} is over`, resolution)
    }
    const text = `Cannot answer: the ${this.#what} is ${resolution.outcome} already`
    throw new ProtocolError('conflict', text, resolution)
  }

  #leave(requestId: string, outcome: Unanswered, by: string): void {
    this.resolve(requestId, by, (ended) => this.unanswered(outcome, ended))
  }

  #arm(entry: Pending<Request, Resolution>): void {
    const { requestId, expiresAt } = entry.request
    if (expiresAt === undefined) return
    const left = expiresAt - this.#now()
    if (left <= 0) this.#leave(requestId, 'expired', 'local')
    else entry.expiry = setTimeout(() => this.#arm(entry), Math.min(left, TIMER_MAX)).unref()
  }
}
