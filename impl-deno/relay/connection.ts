// One connection of the relay: the order of its frames, what each may do, and how it ends (spec/relay.md).

import { errors, ProtocolError, type RelayErrorCode } from '@happy-remote/schemas/errors.ts'
import type { RelayToClient } from '@happy-remote/schemas/relay.ts'
import { random } from '../crypto/primitives.ts'
import { type Bind, type Claim, fromBase64url, isProven, readClaim } from './bind.ts'
import type { RelayContext } from './context.ts'
import { FailedPairs } from './failed.ts'
import { exceeds, readControlMessage } from './messages.ts'
import { Rates } from './rates.ts'
import { ClientSocket, type SocketOwner } from './socket.ts'
import { type Holder, isRouted, type Route, routeKeyAt, routeText } from './table.ts'

/** Of bytes one view of all that came, made once: its length is read more cheaply than the buffer's. */
type Frame = string | Uint8Array<ArrayBuffer>

const SOFTWARE = 'happy-remote for Deno'

/** RFC 6455, 7.4.1: of this relay's own fault, with no code of the protocol. */
const CLOSE_INTERNAL = 1011

/** A name for the log that tells routes apart and is no whole route (relay.privacy.log). */
const shortened = (route: string): string => `${route.slice(0, 6)}…`

export class Connection implements Holder, SocketOwner {
  readonly routes = new Map<string, Route>()
  lane: Holder['lane']
  readonly rates = new Rates()
  readonly #relay: RelayContext
  readonly #address: string
  readonly #socket: ClientSocket
  /** relay.hello.nonce; as text, which is a quarter of what 32 bytes of their own are. */
  readonly #nonce = random(32).toBase64({ alphabet: 'base64url', omitPadding: true })
  #state: 'opening' | 'open' | 'leaving' = 'opening'
  /** Whether a bind was ever valid here. */
  #proven = false
  #entered = false
  /** Frames that came while a bind is being verified; null at all other times. */
  #waiting: Frame[] | null = null
  #waitingBytes = 0
  #opened = 0
  /** When a tick has last found that something had come. */
  #heard = 0
  #wasHeard = false
  #failed: FailedPairs | undefined

  constructor(socket: WebSocket, address: string, relay: RelayContext) {
    this.#relay = relay
    this.#address = address
    this.#socket = new ClientSocket(socket, this, relay.limits.closeTime, relay.unsent)
  }

  send(message: RelayToClient): void {
    if (this.#state !== 'open') return
    // Twice the buffer of frames: a client that reads none of its answers has it filled by them alone.
    if (this.#socket.isBehind(2 * this.#relay.limits.relayBuffer)) {
      const { close, text } = errors['rate-limited']
      this.#relay.log('info', 'a client does not read its answers', { address: this.#address })
      this.#relay.tally.closed['rate-limited']++
      this.#socket.sendText(JSON.stringify({ type: 'error', code: 'rate-limited', message: text }))
      this.#leave(close, 'rate-limited')
    } else {
      this.#socket.sendText(JSON.stringify(message))
    }
  }

  forward(frame: Uint8Array<ArrayBuffer>): boolean {
    const { limits, tally, unsent } = this.#relay
    if (this.#state !== 'open') return false
    // relay.slow
    if (this.#socket.isBehind(limits.relayBuffer)) {
      tally.slow++
      return false
    }
    // relay.memory: who reads what it gets is served on, until twice as much is unsent
    if (unsent.exceeds(1) && (this.#socket.unsent > 0 || unsent.exceeds(2))) {
      tally.memory++
      return false
    }
    // relay.frame.verbatim
    this.#socket.sendBytes(frame)
    return true
  }

  /** Bytes. */
  get unsent(): number {
    return this.#socket.unsent
  }

  superseded(route: string): void {
    const { close, text: message } = errors.superseded
    this.send({ type: 'error', code: 'superseded', message, route })
    this.#relay.log('debug', 'superseded', { route: shortened(route) })
    // relay.bind.supersede.close
    if (this.routes.size > 0) return
    this.#relay.tally.closed.superseded++
    this.#leave(close, 'superseded')
  }

  /** Closes with 1001; `drain` has told the client before (relay.drain.close). */
  depart(): void {
    this.#leave(errors.draining.close, 'draining')
  }

  /** Called every tick. */
  check(): void {
    const { limits, clock } = this.#relay
    if (this.#state !== 'open') return
    if (this.#wasHeard) {
      this.#wasHeard = false
      this.#heard = clock.now
    }
    // relay.silence
    if (clock.now - this.#heard > limits.relaySilence) this.#fail('timeout', 'Nothing was heard for too long')
    // relay.bind.time
    else if (!this.#proven && clock.now - this.#opened > limits.relayBind)
      this.#fail('timeout', 'No valid bind came in time')
    else this.#failed?.sweep(performance.now())
  }

  opened(): void {
    const { limits, addresses } = this.#relay
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.#entered = true
    // Not the clock of the relay: while the program has too much to do, no tick moves it on.
    this.#opened = performance.now()
    this.#heard = this.#opened
    const nonce = this.#nonce
    // relay.hello.first, relay.hello.max-frame
    this.send({ type: 'hello', protocol: 1, nonce, maxFrame: limits.maxFrame, software: SOFTWARE })
    // relay.bind.rate
    if (!addresses.enter(this.#address)) this.#fail('rate-limited', 'This address has too many connections')
  }

  /** Every frame comes in here, and is handled at once or behind the bind that is being verified. */
  heard(data: string | ArrayBuffer): void {
    if (this.#state !== 'open') return
    this.#wasHeard = true
    try {
      const frame = typeof data === 'string' ? data : new Uint8Array(data)
      // A flood of messages or an oversized frame is not kept waiting for anything.
      this.#checkLimits(frame)
      if (this.#waiting) this.#wait(this.#waiting, frame)
      else this.#handle(frame)
    } catch (error) {
      this.#failWith(error)
    }
  }

  /** Throws ProtocolError with a code of the relay, as all that follow. */
  #checkLimits(frame: Frame): void {
    const { limits, clock } = this.#relay
    const { maxFrame } = limits
    // relay.frame.size
    if (typeof frame === 'string' ? exceeds(frame, maxFrame) : frame.length > maxFrame) {
      throw new ProtocolError('too-large', `Cannot take a frame: it is larger than ${maxFrame} bytes`)
    }
    // relay.rate; frames are counted where their route is known
    if (typeof frame === 'string' && !this.rates.message(limits, clock, frame.length)) {
      throw new ProtocolError('rate-limited', 'Cannot take a control message: there were too many in one second')
    }
  }

  #wait(waiting: Frame[], frame: Frame): void {
    waiting.push(frame)
    this.#waitingBytes += frame.length
    if (this.#waitingBytes > this.#relay.limits.relayBuffer) {
      throw new ProtocolError('rate-limited', 'Cannot take a frame: too much waits for a bind')
    }
  }

  #handle(frame: Frame): void {
    if (typeof frame === 'string') this.#control(frame)
    else this.#route(frame)
  }

  #route(frame: Uint8Array<ArrayBuffer>): void {
    // relay.bind.first
    if (!this.#proven) throw new ProtocolError('malformed', 'Cannot forward a frame before the first valid bind')
    // relay.frame.type
    if (!isRouted(frame)) throw new ProtocolError('malformed', 'Cannot forward a binary frame that is no routed frame')
    const { table, tally } = this.#relay
    if (table.deliver(this, frame)) {
      tally.forwarded++
      tally.forwardedBytes += frame.length
    } else {
      this.#answerFailed(frame)
    }
  }

  notDelivered(frame: Uint8Array): void {
    if (this.#state !== 'open') return
    try {
      this.#answerFailed(frame)
    } catch (error) {
      this.#failWith(error)
    }
  }

  /** relay.failed.answer, relay.failed.uniform */
  #answerFailed(frame: Uint8Array): void {
    this.#relay.tally.failed++
    const { deliveryFailedRate, failedPairs } = this.#relay.limits
    this.#failed ??= new FailedPairs(deliveryFailedRate)
    const [from, to] = [routeKeyAt(frame, 1), routeKeyAt(frame, 17)]
    const route = this.routes.get(from)
    if (route?.peer === to && route.told) route.told = 'doubt'
    // relay.failed.rate
    if (!this.#failed.due(from + to, performance.now())) return
    if (this.#failed.size > failedPairs) {
      throw new ProtocolError('rate-limited', 'Cannot answer for so many routes that are not there')
    }
    const [fromText, toText] = [routeText(frame.subarray(1, 17)), routeText(frame.subarray(17, 33))]
    this.send({ type: 'delivery-failed', from: fromText, to: toText, reason: 'offline' })
  }

  #control(text: string): void {
    // relay.text.size
    if (exceeds(text, this.#relay.limits.relayText)) {
      throw new ProtocolError('malformed', 'Cannot read a control message: it is too large')
    }
    const message = readControlMessage(text)
    if (message.type === 'ping') {
      // relay.ping
      this.send({ type: 'pong', timestamp: message.timestamp })
    } else if (message.type === 'unbind') {
      // relay.bind.first
      if (!this.#proven) throw new ProtocolError('malformed', 'Cannot unbind before the first valid bind')
      this.#relay.table.unbind(this, routeKeyAt(fromBase64url(message.route), 0))
    } else {
      // relay.bind.rate
      if (!this.#relay.addresses.bind(this.#address)) {
        throw new ProtocolError('rate-limited', 'Cannot bind: this address has tried too often')
      }
      void this.#bind(message)
    }
  }

  /** The frames that come in the meantime wait, so that they find the bind decided. */
  async #bind(bind: Bind): Promise<void> {
    const waiting: Frame[] = []
    this.#waiting = waiting
    this.#waitingBytes = 0
    try {
      const claim = readClaim(bind)
      // relay.bind.nonce
      const proven = await isProven(claim, fromBase64url(this.#nonce), this.#relay.origins)
      if (this.#state !== 'open') return
      const admitted = proven ? this.#accept(claim) : this.#refuse(claim)
      if (admitted) {
        await admitted
        if (this.#state !== 'open') return
      }
      this.#waiting = null
      this.#resume(waiting)
    } catch (error) {
      this.#failWith(error)
    }
  }

  /** A promise where the relays beside this one have a say. */
  #accept({ route, peer }: Claim): Promise<void> | undefined {
    const { table, bus } = this.#relay
    this.#proven = true
    if (table.takes(this, routeKeyAt(route, 0))) {
      return bus.admit(route, peer, () => this.#state === 'open' && table.bind(this, route, peer))
    }
    // relay.bind.routes
    const message = 'Cannot bind: this connection has as many routes as it may'
    this.send({ type: 'error', code: 'rate-limited', message, route: routeText(route) })
    return undefined
  }

  #refuse({ route }: Claim): undefined {
    const { text: message, close } = errors.unauthenticated
    const text = routeText(route)
    this.#relay.log('info', 'a bind was refused', { route: shortened(text), address: this.#address })
    // relay.bind.failed, relay.bind.failed-open
    this.send({ type: 'error', code: 'unauthenticated', message, route: text })
    // relay.bind.failed-close
    if (this.#proven) return
    this.#relay.tally.closed.unauthenticated++
    this.#leave(close, 'unauthenticated')
  }

  #resume(frames: Frame[]): void {
    for (const [i, frame] of frames.entries()) {
      if (this.#state !== 'open') return
      this.#handle(frame)
      if (this.#waiting) {
        for (const later of frames.slice(i + 1)) this.#wait(this.#waiting, later)
        return
      }
    }
  }

  #failWith(error: unknown): void {
    if (error instanceof ProtocolError) {
      this.#fail(error.code as RelayErrorCode, error.message)
    } else {
      // relay.isolation
      this.#relay.tally.errors++
      this.#relay.log('error', 'a connection failed', { reason: error instanceof Error ? error.name : typeof error })
      this.#leave(CLOSE_INTERNAL, 'internal')
    }
  }

  #fail(code: RelayErrorCode, message: string): void {
    this.#relay.tally.closed[code]++
    // relay.error.first
    this.send({ type: 'error', code, message })
    this.#relay.log('debug', code, { address: this.#address, message })
    // relay.close.code
    this.#leave(errors[code].close, code)
  }

  #leave(close: number, reason: string): void {
    if (this.#state === 'leaving') return
    this.#state = 'leaving'
    this.#relay.table.leave(this)
    this.#socket.close(close, reason)
  }

  gone(): void {
    if (this.#entered) this.#relay.addresses.leave(this.#address)
    this.#state = 'leaving'
    this.#waiting = null
    this.#relay.table.leave(this)
    this.#relay.gone(this)
  }
}
