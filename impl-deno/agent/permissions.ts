// What the assistant wants to be allowed, and the first answer to each (spec/rpc.md, Permissions).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { PermissionRequest, PermissionResolution } from '@happy-remote/schemas/rpc/permission.ts'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import { toBase64url } from '../crypto/base64url.ts'
import { utf8 } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'
import type { Timers } from '../link/timers.ts'
import { Asked, type AskedEvents, type Ending } from './asked.ts'

/** What an assistant wants to do. */
export interface PermissionAsk {
  readonly tool: string
  readonly title: string
  /** Exactly what is to be allowed. */
  readonly input: unknown
  readonly options: PermissionRequest['options']
  readonly defaultToNo?: boolean
  readonly needsInteraction?: boolean
}

export interface PermissionAnswer {
  readonly resolution: PermissionResolution
  readonly note?: string
}

export type PermissionEvents = AskedEvents<PermissionRequest, PermissionResolution>

export class Permissions {
  readonly #asked: Asked<PermissionRequest, PermissionResolution, PermissionAnswer>

  /** Each waits for `time` ms, or without end. */
  constructor(timers: Timers, events: PermissionEvents, time?: number) {
    this.#asked = new Asked(timers, {
      name: 'permission request',
      events,
      time,
      unanswered: (outcome, end) => ({ ...end, outcome, option: null }),
    })
  }

  get pending(): PermissionRequest[] {
    return this.#asked.pending
  }

  /** Bytes of all that wait, as JSON. */
  get size(): number {
    return this.#asked.size
  }

  /** Asks everybody, and resolves with the outcome. Undefined where it has more bytes than `room`: nobody is asked. */
  ask(
    conversationId: string,
    wanted: PermissionAsk,
    room = Number.POSITIVE_INFINITY,
  ): { readonly requestId: string; readonly answer: Promise<PermissionAnswer> } | undefined {
    const { tool, title, input, options, ...hints } = wanted
    // rpc.permission.input-text
    const inputText = JSON.stringify({ tool, input: input ?? null })
    const inputHash = toBase64url(hash(utf8(inputText)))
    const shown = { conversationId, tool, title, inputText, inputHash, options, ...hints }
    return this.#asked.ask((given) => ({ ...given, ...shown }), room)
  }

  /** Whether this answer would allow what is asked. */
  isAllowing({ requestId, option }: Params<'permission.answer'>): boolean {
    const request = this.pending.find((each) => each.requestId === requestId)
    const chosen = request?.options.find(({ id }) => id === option)
    return chosen !== undefined && allows(chosen)
  }

  /** Throws ProtocolError as the answer to a `permission.answer` that does not count. */
  answer({ requestId, inputHash, option, note }: Params<'permission.answer'>, by: string): PermissionResolution {
    const request = this.#asked.open(requestId)
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
    return this.#asked.settle(requestId, by, (end) => ({
      resolution: { ...end, outcome, option },
      ...(note !== undefined && { note }),
    }))
  }

  /** Ends one that is no longer asked, or all of them. `by` is a device id or `local`. */
  end(outcome: Ending, by: string, requestId?: string): void {
    this.#asked.end(outcome, by, requestId)
  }
}

const allows = ({ kind }: PermissionRequest['options'][number]): boolean => kind.startsWith('allow')
