// A controller without a link, for tests: keeps what handlers do to it.

import { setTimeout as delay } from 'node:timers/promises'
import { CAPABILITIES, type Capability } from '@happy-remote/schemas/constants.ts'
import type { Caller, OutgoingStream, StreamEvents } from './handler.ts'

export interface Chunk {
  readonly offset: number
  readonly bytes: Uint8Array
}

export class FakeStream implements OutgoingStream {
  readonly streamId: number
  readonly chunks: Chunk[] = []
  closed = false
  /** Chunks that the session still takes. */
  room = Number.POSITIVE_INFINITY
  readonly #events: StreamEvents

  constructor(streamId: number, events: StreamEvents) {
    this.streamId = streamId
    this.#events = events
  }

  send(offset: number, bytes: Uint8Array): boolean {
    if (this.closed) throw new Error('sent after close')
    if (bytes.length < 1 || bytes.length > 65_536) throw new Error(`a chunk of ${bytes.length} bytes`)
    if (this.room === 0) return false
    this.room--
    this.chunks.push({ offset, bytes })
    return true
  }

  close(): void {
    this.closed = true
  }

  drain(room: number): void {
    this.room = room
    this.#events.onDrain()
  }

  /** The session ends. */
  end(): void {
    this.#events.onEnd()
  }

  /** Offset behind the last chunk, or null before the first. */
  get reached(): number | null {
    const last = this.chunks.at(-1)
    return last === undefined ? null : last.offset + last.bytes.length
  }

  /** Everything received, where chunks overlap nowhere. */
  get bytes(): Buffer {
    return Buffer.concat(this.chunks.map(({ bytes }) => bytes))
  }

  get text(): string {
    return this.bytes.toString('utf8')
  }
}

export class FakeCaller implements Caller {
  readonly deviceId: string
  readonly capabilities: ReadonlySet<Capability>
  readonly streams: FakeStream[] = []
  /** Set false to keep what `afterResponse` is given until `respond()`. */
  responds = true
  readonly #kept: (() => void)[] = []

  constructor(letter = 'a', capabilities: readonly Capability[] = CAPABILITIES) {
    this.deviceId = `${letter.repeat(25)}a`
    this.capabilities = new Set(capabilities)
  }

  openStream(events: StreamEvents): OutgoingStream {
    const stream = new FakeStream(this.streams.length + 1, events)
    this.streams.push(stream)
    return stream
  }

  afterResponse(then: () => void): void {
    if (this.responds) queueMicrotask(then)
    else this.#kept.push(then)
  }

  respond(): void {
    for (const then of this.#kept.splice(0)) then()
  }

  /** The newest stream. */
  get stream(): FakeStream {
    const stream = this.streams.at(-1)
    if (stream === undefined) throw new Error('no stream was opened')
    return stream
  }
}

/** Waits until `condition` holds; fails after 60 s with what `describe` gives. */
export async function until(condition: () => boolean, describe: () => unknown = () => condition): Promise<void> {
  const end = performance.now() + 60_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${String(describe())}`)
    await delay(2)
  }
}
