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
import { AskBook, type BookOptions, type Ended, sizeOf, type Unanswered } from './asks.ts'
import type { PermissionAsk } from './assistants/assistant.ts'

type Outcome = Static<typeof PermissionOutcome>
type Option = PermissionRequest['options'][number]

/** Hands the assistant the option that was chosen, or null for cancelled. */
export type Decide = (option: string | null) => void

export class PermissionBook extends AskBook<PermissionRequest, Outcome, PermissionResolution> {
  constructor(options: BookOptions) {
    super('permission request', options)
  }

  /**
   * Enters a request and tells every controller. `decide` is called once, whoever answers. Null, and nothing is
   * entered, where it has more than `room` bytes.
   */
  request(
    { input, ...ask }: PermissionAsk,
    conversationId: string,
    decide: Decide,
    room = Number.POSITIVE_INFINITY,
  ): PermissionRequest | null {
    const inputText = JSON.stringify({ tool: ask.tool, input: input ?? null })
    const inputHash = Buffer.from(sha256(Buffer.from(inputText))).toString('base64url')
    const request: PermissionRequest = { ...this.ends, ...ask, conversationId, inputText, inputHash }
    // rpc.permission.large
    if (sizeOf(request) > room) return null
    return this.enter(request, ({ option }) => decide(option))
  }

  /**
   * `permission.answer` from the device `by`. Throws ProtocolError: `not-found` for an unknown request;
   * `conflict` when it has an outcome (`data` is the PermissionResolution), or when `inputHash` is not
   * that of the input (`data.inputHash` is); `expired` with the resolution; `invalid-params` for an
   * unknown option.
   */
  answer({ requestId, inputHash, option }: Params<'permission.answer'>, by: string): PermissionResolution {
    const request = this.open(requestId)
    if (inputHash !== request.inputHash) {
      throw new ProtocolError('conflict', 'Cannot answer: the hash is not that of the input that is asked about', {
        inputHash: request.inputHash,
      })
    }
    const outcome = isAllowing(optionOf(request, option)) ? 'allowed' : 'denied'
    return this.resolve(requestId, by, (ended) => ({ ...ended, outcome, option }))
  }

  /** Whether `option` is one of those that allow what a request asks, which waits. */
  allows({ requestId, option }: Params<'permission.answer'>): boolean {
    const request = this.pending.find((one) => one.requestId === requestId)
    const chosen = request?.options.find(({ id }) => id === option)
    return chosen !== undefined && isAllowing(chosen)
  }

  /** The person at the desktop answers. Throws like `answer`. */
  answerLocally(requestId: string, option: string): PermissionResolution {
    optionOf(this.open(requestId), option)
    return this.resolve(requestId, 'local', (ended) => ({ ...ended, outcome: 'local', option }))
  }

  protected requested(request: PermissionRequest): void {
    this.emit('permission.requested', request)
  }

  protected resolved(resolution: PermissionResolution): void {
    this.emit('permission.resolved', resolution)
  }

  protected unanswered(outcome: Unanswered, ended: Ended): PermissionResolution {
    return { ...ended, outcome, option: null }
  }
}

const isAllowing = ({ kind }: Option): boolean => kind.startsWith('allow_')

function optionOf(request: PermissionRequest, option: string): Option {
  const found = request.options.find(({ id }) => id === option)
  if (!found) throw new ProtocolError('invalid-params', 'Cannot answer: the permission request has no such option')
  return found
}
