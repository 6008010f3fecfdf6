// What a scripted agent and a scripted controller have in common: one route at the relay, the sessions of
// one pairing, an inbox of what the program sent, and duties that they fulfil by themselves unless a
// scenario switches them off.

import { errorEntry, type HandshakeErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type HandshakeTypeName, HsErrorBody } from '@happy-remote/schemas/pairing.ts'
import { ROUTED_HEADER } from '@happy-remote/schemas/relay.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { type ContentType, StreamChunk } from '@happy-remote/schemas/session.ts'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { equal, toBase64url } from '@happy-remote/vectors/protocol/bytes.ts'
import { referenceTo } from '@happy-remote/vectors/protocol/notice.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { Client } from './client.ts'
import { Connection } from './connection.ts'
import { Device, random } from './device.ts'
import { type FaultyRelay, SCRIPTED_HEADER } from './faulty-relay.ts'
import { handshakeTypeOf, hsError, unwrap } from './handshake-frame.ts'
import {
  assertHandshake,
  type ControlType,
  type HeardFrame,
  readOpened,
  showHandshake,
  showOpened,
} from './heard-frames.ts'
import { Inbox } from './inbox.ts'
import { atOnce } from './patience.ts'
import { fromBase64url } from './route.ts'
import { openIn, type ScriptedSession, type SealFault } from './session.ts'
import type { Transcript } from './transcript.ts'

export type FrameOf<K extends HeardFrame['kind']> = Extract<HeardFrame, { kind: K }>

export interface EndpointOptions {
  readonly name: string
  readonly relay: FaultyRelay
  readonly url: string
  readonly transcript: Transcript
  /** ms, by the clock of the program under test. */
  readonly now: () => number
  /** ms since 1970, by that clock. */
  readonly wall: () => number
}

/** ms after which a scripted peer acknowledges, as `session.window.ack` asks for within 200. */
const ACK_DELAY = 100
export const NO_CHALLENGE = new Uint8Array(8)

export interface Duties {
  /** `ack` when nothing else is sent. */
  ack: boolean
  /** `hello` after presence and in each new session. */
  hello: boolean
  /** `pair.ack` for `pair.complete`. */
  pairAck: boolean
  /** Rekeys: R1 for a REKEY_ASK, R2 for an R1, R3 for an R2. */
  rekey: boolean
}

export interface SendOptions {
  readonly fault?: SealFault
  /** The content is wrong on purpose, and not checked. */
  readonly isWrong?: boolean
  readonly session?: ScriptedSession
  /** Instead of the newest challenge of the program. */
  readonly fresh?: Uint8Array
}

export abstract class Endpoint {
  abstract readonly role: 'agent' | 'controller'
  readonly name: string
  readonly device = new Device()
  readonly client: Client
  readonly inbox = new Inbox<HeardFrame>()
  /** All that was heard, in order, whether or not a step has taken it. */
  readonly heard: HeardFrame[] = []
  readonly duties: Duties = { ack: true, hello: true, pairAck: true, rekey: true }
  /** In the order in which they began. */
  readonly sessions: ScriptedSession[] = []
  /** The session that is used for sending. */
  current: ScriptedSession | undefined
  /** The newest challenge of the program. */
  challenge: Uint8Array = NO_CHALLENGE
  /** Challenges of this end, oldest first. */
  readonly issued: Uint8Array[] = []
  /** When it has said `hello` last. */
  helloAt = Number.NEGATIVE_INFINITY
  /** Route of the program. */
  peerRoute: Uint8Array | undefined
  /** The newest handshake frame that was sent. */
  lastHandshake: Uint8Array | undefined
  protected readonly options: EndpointOptions
  #trouble: Error | undefined
  #work: Promise<unknown> = Promise.resolve()
  #ackTimer: NodeJS.Timeout | undefined
  #isGone = false
  /** Messages that came before a step has let the first session begin. */
  readonly #early: { from: Uint8Array; payload: Uint8Array; size: number }[] = []

  constructor(options: EndpointOptions) {
    this.options = options
    this.name = options.name
    this.client = new Client(options.name)
  }

  /** Secrets under which a handshake frame of the program may be sealed. */
  protected abstract secretsFor(type: HandshakeTypeName): readonly (Uint8Array | undefined)[]
  /** The duties of its role for what was heard; runs alone. */
  protected abstract attend(heard: HeardFrame): Promise<void>

  // The connection.

  async connect(): Promise<void> {
    this.#isGone = false
    const { url, transcript } = this.options
    const connection = await Connection.open({
      ...{ url, transcript, name: this.name },
      headers: { [SCRIPTED_HEADER]: this.name },
      onHeard: (heard) => {
        if (heard.kind === 'frame') {
          void this.alone(() => this.#onFrame(heard.frame.from, heard.frame.payload, heard.bytes.length))
          return true
        }
        if (heard.kind === 'close') {
          if (connection === this.client.connections.at(-1)) this.#hear({ kind: 'closed', at: this.now() })
          return false
        }
        return this.#onRelay(heard.message)
      },
    })
    this.client.connections.push(connection)
    await connection.hello()
  }

  /** Binds its route for `peer`, on a connection that is made if need be. */
  async bind(peer: Uint8Array | null): Promise<void> {
    if (this.client.connections.length === 0 || this.client.connection.closed) await this.connect()
    await this.client.bind(peer)
    await this.client.connection.expect('bound')
  }

  /** Leaves without a close. */
  cut(): void {
    this.#isGone = true
    this.#owesNothing()
    if (this.client.connections.length > 0) this.client.connection.cut()
  }

  async comeBack(): Promise<void> {
    await this.connect()
    await this.bind(this.peerRoute ?? null)
  }

  get isConnected(): boolean {
    return this.client.connections.length > 0 && !this.client.connection.closed && !this.#isGone
  }

  now(): number {
    return this.options.now()
  }

  /** One operation after the other: session.queue.alone. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work)
    this.#work = done.catch((error: Error) => {
      this.#trouble ??= error
    })
    return done
  }

  /** Throws what went wrong with a frame of the program that nobody had asked for yet. */
  assertWell(): void {
    if (this.#trouble) throw this.#trouble
  }

  // Sending.

  /** Sends a payload to the program as it is. `to`: instead of the program's route. */
  sendPayload(payload: Uint8Array, shown: unknown, { to = this.peerRoute, route = this.client.route } = {}): void {
    if (!to) throw new SuiteError(`The ${this.name} does not know the route of the program`)
    this.client.connection.sendFrame(route.id, to, payload, 1, shown)
  }

  /** Sends a handshake frame. */
  sendHandshake(frame: Uint8Array, options: { to?: Uint8Array; isWrong?: boolean } = {}): void {
    const type = handshakeTypeOf(frame) ?? 'handshake'
    this.lastHandshake = frame
    this.sendPayload(frame, { type, ...(options.isWrong && { wrong: true }) }, options.to ? { to: options.to } : {})
  }

  async sendHsError(secret: Uint8Array, answered: Uint8Array, code: HandshakeErrorCode): Promise<void> {
    this.sendHandshake(await hsError(secret, answered, errorEntry(code).handshake as number))
  }

  /** Seals and sends content of any type. Gives the sealed message. */
  async sendContent(contentType: ContentType, content: Uint8Array, shown: unknown, options: SendOptions = {}) {
    return this.alone(() => this.#seal(contentType, content, shown, options))
  }

  sendControl(message: { readonly type: string } & Record<string, unknown>, options: SendOptions = {}) {
    if (!options.isWrong) this.#assertOwn('control', message)
    return this.sendContent('control', Buffer.from(JSON.stringify(message)), message, options)
  }

  sendMessage(message: Message, options: SendOptions = {}) {
    if (!options.isWrong) this.#assertOwn('rpc', message)
    return this.sendContent('rpc', Buffer.from(JSON.stringify(message)), message, options)
  }

  sendBatch(messages: readonly Message[], options: SendOptions = {}) {
    const batch = { type: 'batch', messages }
    if (!options.isWrong) this.#assertOwn('batch', batch)
    return this.sendContent('batch', Buffer.from(JSON.stringify(batch)), batch, options)
  }

  sendChunk(streamId: number, offset: number, bytes: Uint8Array, options: SendOptions = {}) {
    const shown = { type: 'chunk', streamId, offset, bytes: bytes.length }
    return this.sendContent('stream', StreamChunk.encode({ streamId, offset, bytes }), shown, options)
  }

  /** A `hello` with a new challenge. */
  async sendHello(options: SendOptions & { readonly members?: Record<string, unknown> } = {}): Promise<Uint8Array> {
    const challenge = random(8)
    this.issued.push(challenge)
    this.helloAt = this.now()
    const { members, ...rest } = options
    await this.sendControl(
      { type: 'hello', challenge: toBase64url(challenge), suites: 3, ...this.helloMembers(), ...members },
      rest,
    )
    return challenge
  }

  // Hearing.

  /** The next frame that `matches`, as soon as it is there. Throws Failed, with what came instead. */
  async expectFrame(what: string, matches: (heard: HeardFrame) => boolean, time = atOnce()): Promise<HeardFrame> {
    const heard = await this.inbox.take(matches, time)
    this.assertWell()
    if (heard) return heard
    const others = this.inbox.waiting.slice(-6).map((each) => this.#say(each))
    const instead = others.length > 0 ? `; it has ${others.join(', ')}` : ''
    throw new Failed(`The ${this.name} gets no ${what} within ${time / 1000} s${instead}`)
  }

  async expectHandshake(type: HandshakeTypeName, time = atOnce()): Promise<FrameOf<'handshake'>> {
    const heard = await this.expectFrame(type, (each) => each.kind === 'handshake' && each.type === type, time)
    return heard as FrameOf<'handshake'>
  }

  async expectControl(type: ControlType, time = atOnce()): Promise<FrameOf<'control'>> {
    const heard = await this.expectFrame(`"${type}"`, (each) => each.kind === 'control' && each.type === type, time)
    return heard as FrameOf<'control'>
  }

  /** The next request, response or event that `matches`. */
  async expectMessage(what: string, matches: (message: Message) => boolean, time = atOnce()): Promise<FrameOf<'rpc'>> {
    const heard = await this.expectFrame(what, (each) => each.kind === 'rpc' && matches(each.message), time)
    return heard as FrameOf<'rpc'>
  }

  async expectChunk(matches: (chunk: StreamChunk) => boolean = () => true, time = atOnce()) {
    const heard = await this.expectFrame('chunk', (each) => each.kind === 'chunk' && matches(each.chunk), time)
    return heard as FrameOf<'chunk'>
  }

  /** An HS_ERROR that answers `answered`, with this code. */
  async expectHsError(answered: Uint8Array, code: HandshakeErrorCode, time = atOnce()): Promise<void> {
    const { body } = await this.expectHandshake('HS_ERROR', time)
    if (!body) throw new Failed('The HS_ERROR does not open under the secret of the run')
    const said = HsErrorBody.decode(body)
    // pairing.hs-error.reference
    if (!equal(said.reference, await referenceTo(noble, answered))) {
      throw new Failed('The HS_ERROR does not refer to the message that it answers')
    }
    if (said.code !== errorEntry(code).handshake) {
      throw new Failed(`The HS_ERROR has the code ${said.code}, expected "${code}"`)
    }
  }

  /** Waits until what the relay has for this end has arrived and was read. */
  async settle(): Promise<void> {
    if (this.isConnected) await this.client.connection.roundTrip()
    await this.alone(async () => {})
    this.assertWell()
  }

  end(): void {
    this.cut()
  }

  // Inside.

  protected begin(session: ScriptedSession, isCurrent: boolean): void {
    this.sessions.push(session)
    if (isCurrent) this.current = session
    for (const { from, payload, size } of this.#early.splice(0)) {
      void this.alone(() => this.#onFrame(from, payload, size))
    }
  }

  /** For duties, which run alone already. */
  protected async sealControl(message: { readonly type: string } & Record<string, unknown>): Promise<void> {
    await this.#seal('control', Buffer.from(JSON.stringify(message)), message, {})
  }

  protected async sealHello(): Promise<void> {
    if (!this.duties.hello || !this.current) return
    const challenge = random(8)
    this.issued.push(challenge)
    this.helloAt = this.now()
    await this.sealControl({ type: 'hello', challenge: toBase64url(challenge), suites: 3, ...this.helloMembers() })
  }

  protected helloMembers(): Record<string, unknown> {
    return {}
  }

  async #seal(contentType: ContentType, content: Uint8Array, shown: unknown, options: SendOptions) {
    const session = options.session ?? this.current
    if (!session) throw new SuiteError(`The ${this.name} has no session`)
    const sealed = await session.seal(contentType, content, options.fresh ?? this.challenge, options.fault)
    if (session === this.current) this.#owesNothing()
    if (this.isConnected) this.sendPayload(sealed, shown)
    return sealed
  }

  #assertOwn(contentType: ContentType, value: unknown): void {
    const content = Buffer.from(JSON.stringify(value))
    const number = { control: 0, rpc: 1, batch: 2, stream: 3 }[contentType]
    const blank = { contentType: number, content } as unknown as Parameters<typeof readOpened>[0]
    try {
      readOpened(blank, this.role)
    } catch (error) {
      throw new SuiteError(
        `The scripted ${this.role} means to send what the schemas reject: ${(error as Error).message}`,
      )
    }
  }

  #onRelay(message: { readonly type: string }): boolean {
    if (message.type === 'presence') {
      const kind = (message as { status?: string }).status === 'online' ? 'online' : 'offline'
      void this.alone(async () => {
        this.#hear({ kind, at: this.now() })
        if (kind === 'online') await this.sealHello()
      })
      return true
    }
    if (message.type === 'delivery-failed') this.#hear({ kind: 'delivery-failed', at: this.now() })
    return message.type === 'delivery-failed'
  }

  async #onFrame(from: Uint8Array, payload: Uint8Array, size: number): Promise<void> {
    const at = this.now()
    const type = handshakeTypeOf(payload)
    if (type) {
      const body = await this.#openHandshake(type, payload)
      const suite = new DataView(payload.buffer, payload.byteOffset).getUint16(2)
      this.#write(size, showHandshake(type, suite, body))
      const heard: HeardFrame = { kind: 'handshake', type, suite, from, frame: payload, body, at }
      this.#hear(heard)
      if (body) assertHandshake(type, suite, body)
      await this.attend(heard)
      return
    }
    if (this.sessions.length === 0) {
      this.#early.push({ from, payload, size })
      return
    }
    let opened: Awaited<ReturnType<typeof openIn>>
    try {
      opened = await openIn(this.sessions, payload)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#write(size, { refused: error.code })
      this.#hear({ kind: 'refused', code: error.code, frame: payload, at })
      return
    }
    await this.#onOpened(opened, at, size)
  }

  async #onOpened({ session, facts, read }: Awaited<ReturnType<typeof openIn>>, at: number, size: number) {
    const sessionNumber = this.sessions.indexOf(session) + 1
    let frames: HeardFrame[]
    try {
      const plain = read()
      session.acked = Math.max(session.acked, plain.ack)
      frames = readOpened({ ...facts, ...plain, session, sessionNumber, at }, this.other)
    } catch (error) {
      if (error instanceof ProtocolError)
        throw new Failed(`A plaintext frame of the ${this.other} is wrong: ${error.code}`)
      throw error
    }
    for (const heard of frames) {
      this.#write(size, showOpened(heard))
      const challenge = challengeIn(heard)
      if (challenge) this.challenge = challenge
      this.#hear(heard)
      await this.attend(heard)
    }
    const isAckOnly = frames.every((heard) => heard.kind === 'control' && heard.type === 'ack')
    if (!isAckOnly && session === this.current) this.#owe()
  }

  /** session.window.ack */
  #owe(): void {
    if (!this.duties.ack || !this.acknowledges) return
    this.#ackTimer ??= setTimeout(() => this.#acknowledge(), ACK_DELAY)
  }

  #acknowledge(): void {
    this.#owesNothing()
    if (this.isConnected) void this.alone(() => this.sealControl({ type: 'ack' }))
  }

  #owesNothing(): void {
    clearTimeout(this.#ackTimer)
    this.#ackTimer = undefined
  }

  /** The clock of the scenario is moved by more than an acknowledgement may wait. */
  timePasses(): void {
    if (this.#ackTimer) this.#acknowledge()
  }

  /** Whether it says anything in the session yet. */
  protected get acknowledges(): boolean {
    return true
  }

  protected get other(): 'agent' | 'controller' {
    return this.role === 'agent' ? 'controller' : 'agent'
  }

  async #openHandshake(type: HandshakeTypeName, frame: Uint8Array): Promise<Uint8Array | undefined> {
    for (const secret of this.secretsFor(type)) {
      const body = secret && (await unwrap(secret, frame))
      if (body) return body
    }
    return undefined
  }

  #hear(heard: HeardFrame): void {
    this.heard.push(heard)
    this.inbox.add(heard)
  }

  #write(size: number, shown: unknown): void {
    this.options.transcript.add(`${this.other} under test`, this.name, shown, size - ROUTED_HEADER)
  }

  #say(heard: HeardFrame): string {
    if (heard.kind === 'handshake') return heard.body ? heard.type : `${heard.type} that does not open`
    if (heard.kind === 'control') return `"${heard.type}"`
    if (heard.kind === 'rpc')
      return `a ${heard.message.type} ${'method' in heard.message ? heard.message.method : ''}`.trim()
    if (heard.kind === 'refused') return `a message refused with "${heard.code}"`
    return `"${heard.kind}"`
  }
}

/** Of a `hello`, or of the data of `stale`, which counts as one. */
function challengeIn(heard: HeardFrame): Uint8Array | undefined {
  if (heard.kind === 'control' && heard.type === 'hello' && !heard.late) {
    return fromBase64url(heard.message.challenge as string)
  }
  if (heard.kind !== 'rpc' || heard.late || !('error' in heard.message)) return undefined
  const { code, data } = heard.message.error
  const { challenge } = (data ?? {}) as { challenge?: unknown }
  return code === 'stale' && typeof challenge === 'string' ? fromBase64url(challenge) : undefined
}
