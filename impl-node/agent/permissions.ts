// The permission book: who may answer what, once (application.md 4).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type {
  PermissionOutcome,
  PermissionRequest,
  PermissionResolution,
} from '@happy-remote/schemas/rpc/permission.ts'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import type { Static } from 'typebox'
import { sha256 } from '../crypto/primitives.ts'
import type { PermissionAsk } from './assistants/assistant.ts'
import type { Emit } from './handler.ts'

/** Outcomes kept for those who answer late. */
const RESOLVED_KEPT = 1_000
/** Longest delay of a timer, ms; a longer wait is taken in pieces. */
const TIMER_MAX = 2 ** 31 - 1

type Outcome = Static<typeof PermissionOutcome>
type Option = PermissionRequest['options'][number]

/** Hands the assistant the option that was chosen, or null for cancelled. */
export type Decide = (option: string | null) => void

interface Pending {
  readonly request: PermissionRequest
  readonly decide: Decide
  expiry?: NodeJS.Timeout
}

export interface PermissionBookOptions {
  readonly emit: Emit
  /** ms since 1970 */
  readonly now?: () => number
  /** ms that a request waits for which the assistant sets no end; for ever where absent. */
  readonly time?: number
}

export class PermissionBook {
  readonly #emit: Emit
  readonly #now: () => number
  readonly #time: number | undefined
  readonly #pending = new Map<string, Pending>()
  readonly #resolved = new Map<string, PermissionResolution>()
  readonly #watchers: (() => void)[] = []

  constructor({ emit, now = Date.now, time }: PermissionBookOptions) {
    this.#emit = emit
    this.#now = now
    this.#time = time
  }

  /** Calls `watcher` after each request and each resolution. */
  watch(watcher: () => void): void {
    this.#watchers.push(watcher)
  }

  /** What waits for an answer, oldest first. */
  get pending(): PermissionRequest[] {
    return [...this.#pending.values()].map(({ request }) => request)
  }

  /** Enters a request and tells every controller. `decide` is called once, whoever answers. */
  request({ input, ...ask }: PermissionAsk, conversationId: string, decide: Decide): PermissionRequest {
    const inputText = JSON.stringify({ tool: ask.tool, input: input ?? null })
    const inputHash = Buffer.from(sha256(Buffer.from(inputText))).toString('base64url')
    const ends = this.#time === undefined ? {} : { expiresAt: this.#now() + this.#time }
    const request: PermissionRequest = { ...ends, ...ask, conversationId, inputText, inputHash }
    const entry: Pending = { request, decide }
    this.#pending.set(request.requestId, entry)
    this.#emit('permission.requested', request)
    for (const watcher of this.#watchers) watcher()
    this.#arm(entry)
    return request
  }

  /**
   * `permission.answer` from the device `by`. Throws ProtocolError: `not-found` for an unknown request;
   * `conflict` when it has an outcome (`data` is the PermissionResolution), or when `inputHash` is not
   * that of the input (`data.inputHash` is); `expired` with the resolution; `invalid-params` for an
   * unknown option.
   */
  answer({ requestId, inputHash, option }: Params<'permission.answer'>, by: string): PermissionResolution {
    const { request } = this.#open(requestId)
    if (inputHash !== request.inputHash) {
      throw new ProtocolError('conflict', 'Cannot answer: the hash is not that of the input that is asked about', {
        inputHash: request.inputHash,
      })
    }
    const outcome = isAllowing(optionOf(request, option)) ? 'allowed' : 'denied'
    return this.#resolve(requestId, outcome, by, option)
  }

  /** Whether `option` is one of those that allow what a request asks, which waits. */
  allows({ requestId, option }: Params<'permission.answer'>): boolean {
    const chosen = this.#pending.get(requestId)?.request.options.find(({ id }) => id === option)
    return chosen !== undefined && isAllowing(chosen)
  }

  /** The person at the desktop answers. Throws like `answer`. */
  answerLocally(requestId: string, option: string): PermissionResolution {
    optionOf(this.#open(requestId).request, option)
    return this.#resolve(requestId, 'local', 'local', option)
  }

  /** The assistant no longer asks. No effect on what has an outcome. */
  withdraw(requestId: string): void {
    if (this.#pending.has(requestId)) this.#resolve(requestId, 'cancelled', 'local', null)
  }

  /** The turn was cancelled, by the device `by`: whatever waits is answered `cancelled`. */
  cancelAll(by: string): void {
    for (const requestId of [...this.#pending.keys()]) this.#resolve(requestId, 'cancelled', by, null)
  }

  /** The assistant is gone, and nobody hears the answers any more. */
  orphanAll(): void {
    for (const requestId of [...this.#pending.keys()]) this.#resolve(requestId, 'orphaned', 'local', null)
  }

  #open(requestId: string): Pending {
    const entry = this.#pending.get(requestId)
    if (entry) return entry
    const resolution = this.#resolved.get(requestId)
    if (!resolution) throw new ProtocolError('not-found', 'Cannot answer: no such permission request')
    if (resolution.outcome === 'expired') {
      throw new ProtocolError('expired', 'Cannot answer: the time for this permission request is over', resolution)
    }
    throw new ProtocolError(
      'conflict',
      `Cannot answer: the permission request is ${resolution.outcome} already`,
      resolution,
    )
  }

  #resolve(requestId: string, outcome: Outcome, by: string, option: string | null): PermissionResolution {
    const { decide, expiry } = this.#open(requestId)
    clearTimeout(expiry)
    this.#pending.delete(requestId)
    const resolution: PermissionResolution = { requestId, outcome, by, option, at: this.#now() }
    this.#resolved.set(requestId, resolution)
    const [oldest] = this.#resolved.keys()
    if (this.#resolved.size > RESOLVED_KEPT && oldest !== undefined) this.#resolved.delete(oldest)
    decide(option)
    this.#emit('permission.resolved', resolution)
    for (const watcher of this.#watchers) watcher()
    return resolution
  }

  #arm(entry: Pending): void {
    const { requestId, expiresAt } = entry.request
    if (expiresAt === undefined) return
    const left = expiresAt - this.#now()
    if (left <= 0) this.#resolve(requestId, 'expired', 'local', null)
    else entry.expiry = setTimeout(() => this.#arm(entry), Math.min(left, TIMER_MAX)).unref()
  }
}

const isAllowing = ({ kind }: Option): boolean => kind.startsWith('allow_')

function optionOf(request: PermissionRequest, option: string): Option {
  const found = request.options.find(({ id }) => id === option)
  if (!found) throw new ProtocolError('invalid-params', 'Cannot answer: the permission request has no such option')
  return found
}
