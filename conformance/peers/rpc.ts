// RPC as a scripted peer speaks and hears it: requests and their answers, events, and bodies that travelled
// beside their message, put back in its place. Nothing that was heard is forgotten.

import { createHash, randomUUID } from 'node:crypto'
import type { Event, Message, Request, Response, StreamReference } from '@happy-remote/schemas/rpc/envelope.ts'
import { events, type MethodName, methods, type Result } from '@happy-remote/schemas/rpc/registry.ts'
import { Failed } from '../shim/trouble.ts'
import type { Endpoint, FrameOf, SendOptions } from './endpoint.ts'
import { assertFits, isReference } from './heard-frames.ts'
import { answerTime } from './patience.ts'

const LOOK = 10

/** A message of the program, complete with its body. */
export interface Whole<M extends Message = Message> {
  readonly message: M
  /** How the body was named, where it came as a stream. */
  readonly reference: StreamReference | undefined
  readonly frame: FrameOf<'rpc'>
  /** Places in what was heard: of the message itself, and of the last piece of it. */
  readonly named: number
  readonly complete: number
}

export interface Chunk {
  readonly sessionNumber: number
  readonly streamId: number
  readonly offset: number
  readonly bytes: Uint8Array
  readonly place: number
  readonly at: number
}

export interface RequestOptions extends SendOptions {
  /** A fresh one unless given. */
  readonly id?: string
  /** Members beside those of a request. */
  readonly members?: Readonly<Record<string, unknown>>
}

interface Awaited {
  readonly frame: FrameOf<'rpc'>
  readonly reference: StreamReference
  readonly named: number
}

const bodyOf = (message: Message): unknown => {
  if (message.type === 'response') return 'result' in message ? message.result : undefined
  return message.params
}
const withBody = (message: Message, body: unknown): Message =>
  ({ ...message, [message.type === 'response' ? 'result' : 'params']: body }) as Message

export class Rpc {
  readonly endpoint: Endpoint
  readonly messages: Whole[] = []
  readonly chunks: Chunk[] = []
  /** Requests of this peer, by id. */
  readonly requests = new Map<string, Request>()
  /** Chunks whose stream no message had named by then. */
  readonly unnamed: Chunk[] = []
  readonly #named = new Set<string>()
  #awaited: Awaited[] = []
  #read = 0
  readonly #taken = new Set<Whole>()

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint
  }

  // Asking.

  request(method: string, params: unknown, id: string = randomUUID()): Request {
    const request = { id, type: 'request', method, params } as Request
    this.requests.set(id, request)
    return request
  }

  /** Sends a request. Gives it, so that it can be sent again. */
  async ask(method: string, params: unknown = {}, options: RequestOptions = {}): Promise<Request> {
    const { id, members, ...rest } = options
    const request = this.request(method, params, id)
    await this.endpoint.sendMessage({ ...request, ...members }, { ...rest, isWrong: true })
    return request
  }

  responsesTo(id: string): Whole<Response>[] {
    this.update()
    return this.messages.filter(
      (whole): whole is Whole<Response> => whole.message.type === 'response' && whole.message.id === id,
    )
  }

  /** The `count`th response to a request. Throws Failed where it does not come. */
  async answer({ id, method }: Request, count = 1, time = answerTime()): Promise<Whole<Response>> {
    return this.until(`answer to "${method}"`, () => this.responsesTo(id)[count - 1], time)
  }

  /** Calls, and gives the result. Throws Failed where the answer is an error. */
  async call<M extends MethodName>(method: M, params: object = {}): Promise<Result<M>> {
    const { message } = await this.answer(await this.ask(method, params))
    if ('error' in message) throw new Failed(`"${method}" is answered with the error "${message.error.code}"`)
    assertFits(methods[method].result, message.result, `The result of "${method}"`)
    return message.result as Result<M>
  }

  // Hearing.

  /** Waits until `look` gives something. Throws Failed after `time` ms. */
  async until<T>(what: string, look: () => T | undefined, time = answerTime()): Promise<T> {
    for (const deadline = performance.now() + time; ; ) {
      this.update()
      const found = look()
      if (found !== undefined) return found
      this.endpoint.assertWell()
      if (performance.now() > deadline) throw new Failed(`The ${this.endpoint.name} gets no ${what}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK))
    }
  }

  /** Events heard so far, of this name or all. */
  events(name?: string): Whole<Event>[] {
    this.update()
    return this.messages.filter(
      (whole): whole is Whole<Event> =>
        whole.message.type === 'event' && (name === undefined || whole.message.method === name),
    )
  }

  /** The next event of this name that fits and that no step has taken. */
  async event(
    name: string,
    matches: (params: Record<string, unknown>) => boolean = () => true,
    what = `"${name}"`,
    time = answerTime(),
  ): Promise<Whole<Event>> {
    const found = await this.until(
      what,
      () =>
        this.events(name).find(
          (whole) => !this.#taken.has(whole) && matches(whole.message.params as Record<string, unknown>),
        ),
      time,
    )
    this.#taken.add(found)
    return found
  }

  /** Reads on in what was heard. */
  update(): void {
    const all = this.endpoint.heard
    for (; this.#read < all.length; this.#read++) {
      const heard = all[this.#read]
      if (heard?.kind === 'rpc') this.#onMessage(heard, this.#read)
      else if (heard?.kind === 'chunk') {
        const { sessionNumber, at } = heard
        const chunk = { sessionNumber, at, place: this.#read, ...heard.chunk }
        this.chunks.push(chunk)
        if (!this.#named.has(`${sessionNumber} ${chunk.streamId}`)) this.unnamed.push(chunk)
        this.#complete()
      }
    }
  }

  #onMessage(frame: FrameOf<'rpc'>, place: number): void {
    const { message } = frame
    const body = bodyOf(message)
    if (isReference(body)) {
      const reference = body as StreamReference
      this.#named.add(`${frame.sessionNumber} ${reference.stream}`)
      this.#awaited.push({ frame, reference, named: place })
      return
    }
    this.#add({ message, reference: undefined, frame, named: place, complete: place })
  }

  #add(whole: Whole): void {
    const { message, frame } = whole
    const { stream } = (('result' in message ? message.result : undefined) ?? {}) as { stream?: unknown }
    const asked = message.type === 'response' ? this.requests.get(message.id)?.method : undefined
    if (asked?.startsWith('terminal.') && typeof stream === 'number')
      this.#named.add(`${frame.sessionNumber} ${stream}`)
    this.#assertFits(message, asked)
    this.messages.push(whole)
  }

  /** Throws Failed where params or result do not fit their method or event. */
  #assertFits(message: Message, asked: string | undefined): void {
    if (message.type === 'event' && Object.hasOwn(events, message.method)) {
      assertFits(events[message.method as keyof typeof events].params, message.params, `The event "${message.method}"`)
    }
    if ('result' in message && asked !== undefined && Object.hasOwn(methods, asked)) {
      assertFits(methods[asked as MethodName].result, message.result, `The result of "${asked}"`)
    }
  }

  #complete(): void {
    this.#awaited = this.#awaited.filter(({ frame, reference, named }) => {
      const bytes = this.bytesOf(frame.sessionNumber, reference.stream, reference.length)
      if (!bytes) return true
      if (createHash('sha256').update(bytes).digest('base64url') !== reference.sha256) {
        throw new Failed('A body does not have the sha256 that its reference says')
      }
      const body: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
      this.#add({ message: withBody(frame.message, body), reference, frame, named, complete: this.#read })
      return false
    })
  }

  /** The bytes of a stream from `from` on, as far as they have come without a hole. */
  bytesFrom(sessionNumber: number, streamId: number, from: number): Uint8Array {
    const pieces = this.chunks
      .filter((chunk) => chunk.sessionNumber === sessionNumber && chunk.streamId === streamId)
      .toSorted((a, b) => a.offset - b.offset)
    const parts: Uint8Array[] = []
    let next = from
    for (const { offset, bytes } of pieces) {
      if (offset !== next) break
      parts.push(bytes)
      next += bytes.length
    }
    return Buffer.concat(parts)
  }

  /** The first `length` bytes of a stream, as soon as all of them are there. */
  bytesOf(sessionNumber: number, streamId: number, length: number): Uint8Array | undefined {
    const out = new Uint8Array(length)
    const pieces = this.chunks
      .filter((chunk) => chunk.sessionNumber === sessionNumber && chunk.streamId === streamId)
      .toSorted((a, b) => a.offset - b.offset)
    let next = 0
    for (const { offset, bytes } of pieces) {
      if (offset > next) return undefined
      if (offset + bytes.length > length) throw new Failed('A body is longer than its reference says')
      out.set(bytes, offset)
      next = Math.max(next, offset + bytes.length)
    }
    return next === length ? out : undefined
  }
}
