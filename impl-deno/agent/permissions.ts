// The questions of the assistant, and the first answer to each (spec/rpc.md, Permissions).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { PermissionRequest, PermissionResolution } from '@happy-remote/schemas/rpc/permission.ts'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import { toBase64url } from '../crypto/base64url.ts'
import { utf8 } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'
import { Alarm, type Timers } from '../link/timers.ts'

/** What an assistant asks. */
export interface Question {
  readonly tool: string
  readonly title: string
  /** Exactly what is to be allowed. */
  readonly input: unknown
  readonly options: PermissionRequest['options']
  readonly defaultToNo?: boolean
  readonly needsInteraction?: boolean
}

export interface Answer {
  readonly resolution: PermissionResolution
  readonly note?: string
}

/** How a question ends without an answer. */
type Ending = Extract<PermissionResolution['outcome'], 'cancelled' | 'expired' | 'orphaned'>

interface Open {
  readonly request: PermissionRequest
  readonly expiry: Alarm
  readonly settle: (answer: Answer) => void
}

export interface PermissionEvents {
  requested(request: PermissionRequest): void
  resolved(resolution: PermissionResolution): void
  /** There are more or fewer that wait. */
  changed(): void
}

/** So many outcomes are remembered for those who answer too late. */
const REMEMBERED = 1_000

export class Permissions {
  readonly #timers: Timers
  readonly #events: PermissionEvents
  readonly #time: number | undefined
  readonly #open = new Map<string, Open>()
  readonly #resolved = new Map<string, PermissionResolution>()

  /** Each waits for `time` ms, or without end. */
  constructor(timers: Timers, events: PermissionEvents, time?: number) {
    this.#timers = timers
    this.#events = events
    this.#time = time
  }

  get pending(): PermissionRequest[] {
    return [...this.#open.values()].map(({ request }) => request)
  }

  /** Asks everybody; resolves with the outcome. */
  ask(conversationId: string, question: Question): { readonly requestId: string; readonly answer: Promise<Answer> } {
    const { tool, title, input, options, ...hints } = question
    const time = this.#time
    // rpc.permission.input-text
    const inputText = JSON.stringify({ tool, input: input ?? null })
    const requestId = crypto.randomUUID()
    const request: PermissionRequest = {
      requestId,
      conversationId,
      tool,
      title,
      inputText,
      inputHash: toBase64url(hash(utf8(inputText))),
      options,
      ...(time !== undefined && { expiresAt: this.#timers.wall() + time }),
      ...hints,
    }
    const answer = new Promise<Answer>((settle) => {
      const expiry = new Alarm(this.#timers)
      this.#open.set(requestId, { request, expiry, settle })
      if (time !== undefined) expiry.set(time, () => this.#end(requestId, 'expired', 'local'))
    })
    // rpc.permission.requested
    this.#events.requested(request)
    this.#events.changed()
    return { requestId, answer }
  }

  /** Whether this answer would allow what is asked. */
  isAllowing({ requestId, option }: Params<'permission.answer'>): boolean {
    const chosen = this.#open.get(requestId)?.request.options.find(({ id }) => id === option)
    return chosen !== undefined && allows(chosen)
  }

  /** Throws ProtocolError as the answer to a `permission.answer` that does not count. */
  answer({ requestId, inputHash, option, note }: Params<'permission.answer'>, by: string): PermissionResolution {
    const open = this.#open.get(requestId)
    // rpc.permission.expired: also where the alarm has not rung yet
    if (open?.request.expiresAt !== undefined && this.#timers.wall() > open.request.expiresAt) {
      this.#end(requestId, 'expired', 'local')
    }
    const resolution = this.#resolved.get(requestId)
    if (resolution) throw alreadyResolved(resolution)
    // rpc.permission.unknown
    if (!open) throw new ProtocolError('not-found', 'Cannot answer: no such permission request is known')
    const { request } = open
    // rpc.permission.hash-mismatch
    if (inputHash !== request.inputHash) {
      const { inputHash: right } = request
      throw new ProtocolError('conflict', 'Cannot answer: another input was shown than is asked about', {
        inputHash: right,
      })
    }
    const chosen = request.options.find(({ id }) => id === option)
    // rpc.permission.option
    if (!chosen) throw new ProtocolError('invalid-params', 'Cannot answer: the request has no such option')
    const outcome = allows(chosen) ? 'allowed' : 'denied'
    return this.#settle(requestId, { requestId, outcome, by, option, at: this.#timers.wall() }, note)
  }

  /** Ends one that is no longer asked, or all of them. `by` is a device id or `local`. */
  end(outcome: Ending, by: string, requestId?: string): void {
    for (const id of requestId === undefined ? [...this.#open.keys()] : [requestId]) this.#end(id, outcome, by)
  }

  #end(requestId: string, outcome: Ending, by: string): void {
    if (!this.#open.has(requestId)) return
    this.#settle(requestId, { requestId, outcome, by, option: null, at: this.#timers.wall() })
  }

  #settle(requestId: string, resolution: PermissionResolution, note?: string): PermissionResolution {
    const open = this.#open.get(requestId)
    this.#open.delete(requestId)
    open?.expiry.clear()
    // rpc.permission.first-wins
    this.#resolved.set(requestId, resolution)
    if (this.#resolved.size > REMEMBERED) this.#resolved.delete(this.#resolved.keys().next().value as string)
    open?.settle({ resolution, ...(note !== undefined && { note }) })
    // rpc.permission.resolved
    this.#events.resolved(resolution)
    this.#events.changed()
    return resolution
  }
}

const allows = ({ kind }: PermissionRequest['options'][number]): boolean => kind.startsWith('allow')

function alreadyResolved(resolution: PermissionResolution): ProtocolError {
  return resolution.outcome === 'expired'
    ? new ProtocolError('expired', 'Cannot answer: the time for this is over', resolution)
    : new ProtocolError('conflict', 'Cannot answer: the request has its outcome', resolution)
}
