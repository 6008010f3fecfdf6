// Message members that are too large for one message travel as streams (spec/session.md).

import { limits } from '@happy-remote/schemas/limits.ts'
import { StreamReference } from '@happy-remote/schemas/rpc/envelope.ts'
import type { StreamChunk } from '@happy-remote/schemas/session.ts'
import { Compile } from 'typebox/compile'
import { equal, sha256 } from '../crypto/primitives.ts'

const reference = Compile(StreamReference)

type Json = Readonly<Record<string, unknown>>

/** The member of a message that may be replaced. */
const memberOf = (message: Json): 'params' | 'result' => ('params' in message ? 'params' : 'result')

export interface Split {
  /** JSON of the naming message. */
  readonly json: string
  /** What follows as stream `streamId`, or null where the message fits. */
  readonly body: Uint8Array | null
}

/** `streamId` is asked for only where the message does not fit. */
export function splitBody(message: Json, streamId: () => number): Split {
  const json = JSON.stringify(message)
  if (Buffer.byteLength(json) <= limits.messageMax) return { json, body: null }
  const member = memberOf(message)
  const body = new TextEncoder().encode(JSON.stringify(message[member]))
  const named = {
    stream: streamId(),
    length: body.length,
    sha256: Buffer.from(sha256(body)).toString('base64url'),
  }
  return { json: JSON.stringify({ ...message, [member]: named }), body }
}

interface Awaited<C> {
  readonly message: Json
  readonly context: C
  readonly reference: StreamReference
  readonly bytes: Uint8Array
  /** Received ranges, sorted, not touching. */
  ranges: [from: number, to: number][]
  progressAt: number
}

/** Most that one message may announce, and all unfinished ones together, in bytes. */
const LARGEST_BODY = 16 * 1_048_576

export type BodyFailure = 'interrupted' | 'too-large'

export interface BodyHooks<C> {
  complete(message: Json, context: C): void
  /** The stream stopped, contradicted itself, or was not what the message named. */
  failed(message: Json, code: BodyFailure): void
}

/** Puts streamed members back into their messages; `C` is what came with a message. */
export class Bodies<C> {
  readonly #hooks: BodyHooks<C>
  readonly #awaited = new Map<number, Awaited<C>>()

  constructor(hooks: BodyHooks<C>) {
    this.#hooks = hooks
  }

  /** True where the message waits for its stream. `now` is monotonic ms. */
  hold(message: Json, context: C, now: number): boolean {
    const value = message[memberOf(message)]
    if (!reference.Check(value) || Object.keys(value).length !== 3) return false
    let total = value.length
    for (const { bytes } of this.#awaited.values()) total += bytes.length
    if (total > LARGEST_BODY) {
      this.#hooks.failed(message, 'too-large')
      return true
    }
    this.#awaited.set(value.stream, {
      message,
      context,
      reference: value,
      bytes: new Uint8Array(value.length),
      ranges: [],
      progressAt: now,
    })
    return true
  }

  /** True where the chunk belongs to a message. */
  chunk({ streamId, offset, bytes }: StreamChunk, now: number): boolean {
    const awaited = this.#awaited.get(streamId)
    if (!awaited) return false
    const end = offset + bytes.length
    if (end > awaited.bytes.length || !sameOverlap(awaited, offset, bytes)) {
      this.#awaited.delete(streamId)
      this.#hooks.failed(awaited.message, 'interrupted')
      return true
    }
    awaited.bytes.set(bytes, offset)
    awaited.ranges = merge([...awaited.ranges, [offset, end]])
    awaited.progressAt = now
    const [only] = awaited.ranges
    if (awaited.ranges.length === 1 && only?.[0] === 0 && only[1] === awaited.bytes.length) {
      this.#awaited.delete(streamId)
      this.#finish(awaited)
    }
    return true
  }

  #finish({ message, context, reference, bytes }: Awaited<C>): void {
    let value: unknown
    try {
      if (!equal(sha256(bytes), Buffer.from(reference.sha256, 'base64url'))) throw new TypeError('another hash')
      value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    } catch {
      this.#hooks.failed(message, 'interrupted')
      return
    }
    this.#hooks.complete({ ...message, [memberOf(message)]: value }, context)
  }

  /** Gives up what made no progress. */
  expire(now: number): void {
    for (const [id, { message, progressAt }] of this.#awaited) {
      if (now - progressAt <= limits.streamStall) continue
      this.#awaited.delete(id)
      this.#hooks.failed(message, 'interrupted')
    }
  }

  clear(): void {
    this.#awaited.clear()
  }
}

/** session.stream.overlap: what overlaps must be the same bytes. */
function sameOverlap(
  { ranges, bytes }: { ranges: [number, number][]; bytes: Uint8Array },
  offset: number,
  chunk: Uint8Array,
): boolean {
  return ranges.every(([from, to]) => {
    const [start, end] = [Math.max(from, offset), Math.min(to, offset + chunk.length)]
    return start >= end || equal(bytes.subarray(start, end), chunk.subarray(start - offset, end - offset))
  })
}

function merge(ranges: [number, number][]): [number, number][] {
  const merged: [number, number][] = []
  for (const [from, to] of ranges.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged
}
