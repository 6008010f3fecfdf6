// Bodies on their way in: chunks placed by their offset, used only when all is there and its hash is
// right (spec/rpc.md, Bodies).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { StreamReference } from '@happy-remote/schemas/rpc/envelope.ts'
import type { StreamChunk } from '@happy-remote/schemas/session.ts'
import { fromBase64url } from '../crypto/base64url.ts'
import { equal } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'
import type { Session } from '../session/session.ts'
import { Alarm, type Timers } from './timers.ts'

export interface BodyOutcome {
  /** The JSON value. */
  done(value: unknown): void
  /** `too-large` or `interrupted`; the chunks that still come are dropped. */
  failed(error: ProtocolError): void
}

/** Bytes of bodies that may be on their way at once, per pairing. */
const IN_FLIGHT_MAX = 8 * limits.bodyLeast

const interrupted = (why: string) => new ProtocolError('interrupted', `Cannot use a body: ${why}`)

/** Bytes with holes: what has come of a body. */
class Assembly {
  readonly bytes: Uint8Array
  /** Sorted, not touching each other; end is without. */
  #have: [start: number, end: number][] = []

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
  }

  get complete(): boolean {
    const [first] = this.#have
    return first !== undefined && first[0] === 0 && first[1] === this.bytes.length
  }

  /** Whether there was a new byte. Throws ProtocolError `interrupted` for bytes that contradict others or the length. */
  place(offset: number, piece: Uint8Array): boolean {
    const end = offset + piece.length
    if (end > this.bytes.length) throw interrupted('it is longer than its reference says')
    // session.stream.overlap
    for (const [from, to] of this.#have) {
      const [a, b] = [Math.max(from, offset), Math.min(to, end)]
      if (a < b && !equal(this.bytes.subarray(a, b), piece.subarray(a - offset, b - offset))) {
        throw interrupted('two of its chunks differ')
      }
    }
    const before = this.#size()
    this.bytes.set(piece, offset)
    const merged: [number, number][] = []
    for (const [from, to] of [...this.#have, [offset, end] as [number, number]].sort((a, b) => a[0] - b[0])) {
      const last = merged.at(-1)
      if (last && from <= last[1]) last[1] = Math.max(last[1], to)
      else merged.push([from, to])
    }
    this.#have = merged
    return this.#size() > before
  }

  #size = (): number => this.#have.reduce((sum, [from, to]) => sum + to - from, 0)
}

interface Body {
  readonly assembly: Assembly
  readonly reference: StreamReference
  readonly outcome: BodyOutcome
  readonly stall: Alarm
}

export class IncomingBodies {
  readonly #timers: Timers
  readonly #max: number
  readonly #bodies = new Map<Session, Map<number, Body>>()

  /** `max` is the length of the largest body that is accepted. */
  constructor(timers: Timers, max: number = limits.bodyLeast) {
    this.#timers = timers
    this.#max = max
  }

  /** A message has named a stream as its body. */
  expect(session: Session, reference: StreamReference, outcome: BodyOutcome): void {
    // rpc.stream.too-large, rpc.stream.size
    if (reference.length > this.#max || this.#inFlight() + reference.length > IN_FLIGHT_MAX) {
      outcome.failed(new ProtocolError('too-large', `Cannot take a body of ${reference.length} bytes`))
      return
    }
    const bodies = this.#bodies.get(session) ?? new Map<number, Body>()
    this.#bodies.set(session, bodies)
    if (bodies.has(reference.stream)) {
      outcome.failed(interrupted('its stream carries another one'))
      return
    }
    const stall = new Alarm(this.#timers)
    const body = { assembly: new Assembly(reference.length), reference, outcome, stall }
    bodies.set(reference.stream, body)
    this.#expectMore(session, body)
  }

  /** Takes a chunk; false where it belongs to no body that is expected here. */
  chunk(session: Session, { streamId, offset, bytes }: StreamChunk): boolean {
    const body = this.#bodies.get(session)?.get(streamId)
    if (!body) return false
    try {
      const isNew = body.assembly.place(offset, bytes)
      if (body.assembly.complete) this.#complete(session, body)
      else if (isNew) this.#expectMore(session, body)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#fail(session, body, error)
    }
    return true
  }

  /** Drops the bodies of every other session: their streams have ended (rpc.stream.interrupted). */
  only(current: Session | undefined): void {
    for (const [session, bodies] of [...this.#bodies]) {
      if (session === current) continue
      for (const body of [...bodies.values()]) this.#fail(session, body, interrupted('its session is over'))
    }
  }

  close(): void {
    for (const bodies of this.#bodies.values()) for (const { stall } of bodies.values()) stall.clear()
    this.#bodies.clear()
  }

  #inFlight(): number {
    let sum = 0
    for (const bodies of this.#bodies.values()) for (const { reference } of bodies.values()) sum += reference.length
    return sum
  }

  /** rpc.stream.stall */
  #expectMore(session: Session, body: Body): void {
    body.stall.set(limits.streamStall, () => this.#fail(session, body, interrupted('nothing new came for 30 s')))
  }

  /** Throws ProtocolError `interrupted` (rpc.stream.verify). */
  #complete(session: Session, body: Body): void {
    const { assembly, reference, outcome, stall } = body
    if (!equal(hash(assembly.bytes), fromBase64url(reference.sha256))) throw interrupted('its hash is another one')
    let value: unknown
    try {
      value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(assembly.bytes))
    } catch {
      throw interrupted('it is not JSON in UTF-8')
    }
    stall.clear()
    this.#forget(session, reference.stream)
    outcome.done(value)
  }

  #fail(session: Session, { reference, outcome, stall }: Body, error: ProtocolError): void {
    stall.clear()
    this.#forget(session, reference.stream)
    outcome.failed(error)
  }

  #forget(session: Session, streamId: number): void {
    const bodies = this.#bodies.get(session)
    bodies?.delete(streamId)
    if (bodies?.size === 0) this.#bodies.delete(session)
  }
}
