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

/** A message whose member goes as a stream behind it. */
export interface Split {
  readonly body: Uint8Array
  /** JSON of the message that names the stream. */
  naming(streamId: number): string
}

/** Longest text of an error that would not fit otherwise, in characters. */
const ERROR_TEXT = 1_000

/** The JSON of a message, or what is to be sent in its place where it does not fit (rpc.stream.replace). */
export function splitBody(message: Json): string | Split {
  const json = JSON.stringify(message)
  if (Buffer.byteLength(json) <= limits.messageMax) return json
  const { error } = message as { error?: { code: string; message: string } }
  if (error) {
    return JSON.stringify({ ...message, error: { code: error.code, message: error.message.slice(0, ERROR_TEXT) } })
  }
  const member = memberOf(message)
  const body = new TextEncoder().encode(JSON.stringify(message[member]))
  const reference = { length: body.length, sha256: Buffer.from(sha256(body)).toString('base64url') }
  return {
    body,
    naming: (streamId) => JSON.stringify({ ...message, [member]: { stream: streamId, ...reference } }),
  }
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
/** Pieces of a body that do not touch yet; what is cut finer than this is not meant to arrive. */
const RANGES_MAX = 1_024

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

  /** True where the message waits for its stream, or cannot have it. `now` is monotonic ms. */
  hold(message: Json, context: C, now: number, streams: boolean): boolean {
    const value = message[memberOf(message)]
    if (!reference.Check(value) || Object.keys(value).length !== 3) return false
    // session.stream.end, session.stream.id: a number of another session, or one that is in use, names nothing
    if (!streams || this.#awaited.has(value.stream)) {
      this.#hooks.failed(message, 'interrupted')
      return true
    }
    // rpc.stream.size, rpc.stream.too-large
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
    const before = covered(awaited.ranges)
    awaited.ranges = merge([...awaited.ranges, [offset, end]])
    // rpc.stream.stall: a repetition is no progress
    if (covered(awaited.ranges) > before) awaited.progressAt = now
    if (awaited.ranges.length > RANGES_MAX) {
      this.#awaited.delete(streamId)
      this.#hooks.failed(awaited.message, 'interrupted')
      return true
    }
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
      // rpc.stream.verify
      if (!equal(sha256(bytes), Buffer.from(reference.sha256, 'base64url'))) throw new TypeError('another hash')
      value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
      // rpc.stream.mismatch: params are an object, however they travel
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
      if (memberOf(message) === 'params' && !isObject) throw new TypeError('no object')
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

  /** Gives up all of them. */
  interrupt(): void {
    const messages = Array.from(this.#awaited.values(), ({ message }) => message)
    this.#awaited.clear()
    for (const message of messages) this.#hooks.failed(message, 'interrupted')
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

const covered = (ranges: readonly [number, number][]): number => ranges.reduce((sum, [from, to]) => sum + to - from, 0)

function merge(ranges: [number, number][]): [number, number][] {
  const merged: [number, number][] = []
  for (const [from, to] of ranges.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged
}
