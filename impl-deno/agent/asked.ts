// What the assistant asks, of whatever kind, and the first outcome of each (spec/rpc.md, Permissions and Questions).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { utf8 } from '../crypto/bytes.ts'
import { Alarm, type Timers } from '../link/timers.ts'

/** How something ends that nobody has answered. */
export type Ending = 'cancelled' | 'expired' | 'orphaned'

/** What every outcome tells; `by` is a device id or `local`. */
export interface End {
  readonly requestId: string
  readonly by: string
  readonly at: number
}

export interface AskedEvents<Request, Resolution> {
  requested(request: Request): void
  resolved(resolution: Resolution): void
  /** There are more or fewer that wait. */
  changed(): void
}

interface Open<Request, Answer> {
  readonly request: Request
  readonly expiry: Alarm
  readonly settle: (answer: Answer) => void
}

/** So many outcomes are remembered for those who answer too late. */
const REMEMBERED = 1_000

interface Kind<Request, Resolution> {
  /** For people: "no such …". */
  readonly name: string
  readonly events: AskedEvents<Request, Resolution>
  /** ms that each waits, or without end. */
  readonly time: number | undefined
  /** Of one that nobody has answered. */
  unanswered(outcome: Ending, end: End): Resolution
}

export class Asked<
  Request extends { readonly requestId: string; readonly expiresAt?: number },
  Resolution extends End & { readonly outcome: string },
  Answer extends { readonly resolution: Resolution },
> {
  readonly #timers: Timers
  readonly #kind: Kind<Request, Resolution>
  readonly #open = new Map<string, Open<Request, Answer | { resolution: Resolution }>>()
  readonly #resolved = new Map<string, Resolution>()

  constructor(timers: Timers, kind: Kind<Request, Resolution>) {
    this.#timers = timers
    this.#kind = kind
  }

  get pending(): Request[] {
    return [...this.#open.values()].map(({ request }) => request)
  }

  /** Bytes of all that wait, as JSON. */
  get size(): number {
    return this.pending.reduce((sum, request) => sum + sizeOf(request), 0)
  }

  /** Asks everybody, and resolves with the outcome. Undefined where it has more bytes than `room`: nobody is asked. */
  ask(
    make: (given: { requestId: string; expiresAt?: number }) => Request,
    room: number,
  ): { readonly requestId: string; readonly answer: Promise<Answer | { resolution: Resolution }> } | undefined {
    const { time, events } = this.#kind
    const requestId = crypto.randomUUID()
    const request = make({ requestId, ...(time !== undefined && { expiresAt: this.#timers.wall() + time }) })
    if (sizeOf(request) > room) return undefined
    const answer = new Promise<Answer | { resolution: Resolution }>((settle) => {
      const expiry = new Alarm(this.#timers)
      this.#open.set(requestId, { request, expiry, settle })
      if (time !== undefined) expiry.set(time, () => this.#end(requestId, 'expired', 'local'))
    })
    // rpc.permission.requested, rpc.question.requested
    events.requested(request)
    events.changed()
    return { requestId, answer }
  }

  /** What waits under this id, for an answer that comes now. Throws ProtocolError where that does not count. */
  open(requestId: string): Request {
    const open = this.#open.get(requestId)
    // rpc.permission.expired, rpc.question.expired: also where the alarm has not rung yet
    if (open?.request.expiresAt !== undefined && this.#timers.wall() > open.request.expiresAt) {
      this.#end(requestId, 'expired', 'local')
    }
    const resolution = this.#resolved.get(requestId)
    if (resolution) throw alreadyResolved(resolution)
    // rpc.permission.unknown, rpc.question.unknown
    if (!open) throw new ProtocolError('not-found', `Cannot answer: no such ${this.#kind.name} is known`)
    return open.request
  }

  /** The outcome of one that waits. */
  settle(requestId: string, by: string, answered: (end: End) => Answer): Resolution {
    return this.#settle(requestId, answered({ requestId, by, at: this.#timers.wall() }))
  }

  /** Ends one that is no longer asked, or all of them. `by` is a device id or `local`. */
  end(outcome: Ending, by: string, requestId?: string): void {
    for (const id of requestId === undefined ? [...this.#open.keys()] : [requestId]) this.#end(id, outcome, by)
  }

  #end(requestId: string, outcome: Ending, by: string): void {
    if (!this.#open.has(requestId)) return
    const end = { requestId, by, at: this.#timers.wall() }
    this.#settle(requestId, { resolution: this.#kind.unanswered(outcome, end) })
  }

  #settle(requestId: string, answer: Answer | { resolution: Resolution }): Resolution {
    const { resolution } = answer
    const { events } = this.#kind
    const open = this.#open.get(requestId)
    this.#open.delete(requestId)
    open?.expiry.clear()
    // rpc.permission.first-wins, rpc.question.first-wins
    this.#resolved.set(requestId, resolution)
    if (this.#resolved.size > REMEMBERED) this.#resolved.delete(this.#resolved.keys().next().value as string)
    open?.settle(answer)
    // rpc.permission.resolved, rpc.question.resolved
    events.resolved(resolution)
    events.changed()
    return resolution
  }
}

const sizeOf = (request: object): number => utf8(JSON.stringify(request)).length

function alreadyResolved(resolution: { readonly outcome: string }): ProtocolError {
  return resolution.outcome === 'expired'
    ? new ProtocolError('expired', 'Cannot answer: the time for this is over', resolution)
    : new ProtocolError('conflict', 'Cannot answer: the request has its outcome', resolution)
}
