// RPC over a link, the same at both ends: messages in and out of frames, batches, bodies beside them,
// and the ids of streams (spec/rpc.md, Messages, Batches, Bodies).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message, StreamReference } from '@happy-remote/schemas/rpc/envelope.ts'
import { StreamChunk } from '@happy-remote/schemas/session.ts'
import { toBase64url } from '../crypto/base64url.ts'
import { copy, utf8 } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'
import type { Received } from '../session/live-sessions.ts'
import type { Session } from '../session/session.ts'
import { Batcher } from './batcher.ts'
import { EventOrder } from './event-order.ts'
import { IncomingBodies } from './incoming-bodies.ts'
import type { Link } from './link.ts'
import { isReference, readMessages } from './rpc-content.ts'
import type { Timers } from './timers.ts'

export interface RpcOwner {
  /** A whole message: where it had a body, the body is in its place. `received` is the frame that carried the message itself. */
  message(message: Message, received: Received): void
  /**
   * The body of a message will not come, as ProtocolError `too-large` or `interrupted`
   * (rpc.stream.interrupted, rpc.stream.mismatch, rpc.stream.too-large).
   */
  bodyFailed(message: Message, received: Received, error: ProtocolError): void
  /** A chunk of a stream that is no body; of one that no message has named it is dropped (session.stream.unknown). */
  chunk(chunk: StreamChunk, received: Received): void
}

export interface MessageOptions {
  /** Sent at once, never kept back for a batch. What is asked and answered, and errors, are urgent by themselves. */
  readonly urgent?: boolean
  /** The only session in which the message means anything: it names a stream of that session. */
  readonly session?: Session
  readonly signal?: AbortSignal
}

/** rpc.batch.urgent: the responses to urgent requests are for their sender to say. */
const isUrgent = (message: Message): boolean =>
  ('method' in message && /^(permission|question)\./.test(message.method)) || 'error' in message

const isDelta = (message: Message): boolean => message.type === 'event' && message.method === 'claude.delta'

/** rpc.stream.replace */
const needsBody = (text: Uint8Array): boolean => text.length > limits.messageMax

export class RpcChannel {
  readonly #link: Link
  readonly #owner: RpcOwner
  readonly #batcher: Batcher
  readonly #bodies: IncomingBodies
  readonly #events = new EventOrder()
  #backlog = 0

  constructor(link: Link, owner: RpcOwner, timers: Timers) {
    this.#link = link
    this.#owner = owner
    this.#bodies = new IncomingBodies(timers)
    this.#batcher = new Batcher(timers, ({ contentType, content }, kind, signal) =>
      link.send(contentType, content, { kind, ...(signal && { signal }) }),
    )
  }

  /**
   * Sends a message; what is too large goes as a body behind it. Resolves when all of it has been
   * handed to the connection, with the session in which it went. An event goes behind the bodies of those
   * before it. Throws ProtocolError `interrupted`
   * where its session ended on the way, RangeError where it is too large in another member.
   */
  async send(message: Message, options: MessageOptions = {}): Promise<Session> {
    const text = utf8(JSON.stringify(message))
    this.#backlog += text.length
    try {
      const send = () => this.#send(message, text, options)
      // Only events keep their order: who asks or answers does not wait for them.
      return await (message.type === 'event' ? this.#events.add(send, needsBody(text)) : send())
    } finally {
      this.#backlog -= text.length
    }
  }

  /** Bytes of messages that have not been handed to the connection. */
  get backlog(): number {
    return this.#backlog
  }

  /** Sends 1 to 65,536 bytes of a stream (session.stream.layout); resolves when they went to the connection. */
  async sendChunk(session: Session, streamId: number, offset: number, bytes: Uint8Array, signal?: AbortSignal) {
    await this.#link.send('stream', StreamChunk.encode({ streamId, offset, bytes }), {
      session,
      ...(signal && { signal }),
    })
  }

  /** Takes a frame of the link. */
  frame(received: Received): void {
    const { frame } = received
    if (!frame) return
    if (frame.contentType === 'stream') {
      this.#chunk(frame.content, received)
      return
    }
    try {
      // rpc.batch.order
      for (const message of readMessages(frame)) this.#take(message, received)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      const code = error.code === 'parse-error' ? 'parse-error' : 'invalid-request'
      void this.#link.control({ type: 'error', code, message: error.message })
    }
  }

  /** Another session is current, and the streams of the one before are over (session.stream.end). */
  switched(): void {
    this.#bodies.only(this.#link.session)
  }

  close(): void {
    this.#batcher.close()
    this.#events.close(new ProtocolError('interrupted', 'Cannot send an event: the channel is closed'))
    this.#bodies.close()
  }

  #send(message: Message, text: Uint8Array, { urgent, session, signal }: MessageOptions): Promise<Session> {
    if (needsBody(text)) {
      return session ? this.#withBody(message, session, signal) : this.#withBodyInTheEnd(message, signal)
    }
    if (session) return this.#alone(text, session, signal)
    const kind = isDelta(message) ? 'stream' : 'message'
    return this.#batcher.add({ text, urgent: urgent ?? isUrgent(message), kind, ...(signal && { signal }) })
  }

  /** Where another session takes the place of the one in which it began, it begins anew in that one. */
  async #withBodyInTheEnd(message: Message, signal?: AbortSignal): Promise<Session> {
    for (;;) {
      const session = this.#requireSession()
      try {
        return await this.#withBody(message, session, signal)
      } catch (error) {
        if (!(error instanceof ProtocolError) || this.#link.session === session) throw error
      }
    }
  }

  #requireSession(): Session {
    const { session } = this.#link
    if (!session) throw new ProtocolError('interrupted', 'Cannot send a body: there is no session')
    return session
  }

  #alone(text: Uint8Array, session: Session, signal?: AbortSignal): Promise<Session> {
    this.#batcher.flush()
    return this.#link.send('rpc', text, { session, ...(signal && { signal }) })
  }

  /** rpc.stream.replace, rpc.stream.name-first, rpc.stream.window */
  async #withBody(message: Message, session: Session, signal?: AbortSignal): Promise<Session> {
    const member = 'params' in message ? 'params' : 'result'
    const value = (message as unknown as Record<string, unknown>)[member]
    const body = utf8(JSON.stringify(value))
    const streamId = session.newStream()
    const reference: StreamReference = { stream: streamId, length: body.length, sha256: toBase64url(hash(body)) }
    await this.#alone(utf8(JSON.stringify({ ...message, [member]: reference })), session, signal)
    for (let offset = 0; offset < body.length; offset += limits.chunkMax) {
      await this.sendChunk(session, streamId, offset, body.subarray(offset, offset + limits.chunkMax), signal)
    }
    return session
  }

  #take(message: Message, received: Received): void {
    const member = 'params' in message ? 'params' : 'result' in message ? 'result' : undefined
    const value = member && (message as unknown as Record<string, unknown>)[member]
    if (!member || !isReference(value)) {
      this.#owner.message(message, received)
      return
    }
    const failed = (error: ProtocolError) => this.#owner.bodyFailed(message, received, error)
    this.#bodies.expect(received.session, value, {
      done: (whole) => {
        const isObject = typeof whole === 'object' && whole !== null && !Array.isArray(whole)
        // rpc.stream.mismatch
        if (member === 'result' || isObject) this.#owner.message({ ...message, [member]: whole } as Message, received)
        else failed(new ProtocolError('interrupted', 'Cannot use a body: it is no object'))
      },
      failed,
    })
    // What names a stream in a session that was replaced is interrupted at once.
    this.#bodies.only(this.#link.session)
  }

  #chunk(content: Uint8Array, received: Received): void {
    let chunk: StreamChunk
    try {
      // session.stream.malformed
      chunk = StreamChunk.decode(copy(content))
    } catch {
      return
    }
    if (!this.#bodies.chunk(received.session, chunk)) this.#owner.chunk(chunk, received)
  }
}
