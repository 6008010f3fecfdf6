// One client: what it may say when, what it is told, and how it is shown out.

import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { RELAY_PROTOCOL } from '@happy-remote/schemas/constants.ts'
import { errorEntry, ProtocolError, type RelayErrorCode } from '@happy-remote/schemas/errors.ts'
import type { ClientToRelay, RelayToClient } from '@happy-remote/schemas/relay.ts'
import { WebSocket } from 'ws'
import type { Address } from './addresses.ts'
import { isProven, readBind } from './bind.ts'
import { Bucket } from './bucket.ts'
import type { Bus } from './bus/bus.ts'
import type { Clock } from './clock.ts'
import { parseControl } from './control.ts'
import type { Counters } from './counters.ts'
import { Failures } from './failures.ts'
import { frameFrom, frameTo, isRoutedFrame, isSamePair, pairOf, type RouteId, routeIdFrom, routeText } from './frame.ts'
import type { RelayLimits } from './limits.ts'
import { type Logger, shortRoute, traceOf } from './log.ts'
import type { Origins } from './origins.ts'
import { type Flusher, Outbox } from './outbox.ts'
import type { Binding, Owner, Routes } from './routes.ts'

const SOFTWARE = 'happy-remote'
/** Control messages that a client does not read may take this much beyond the frames for it. */
const CONTROL_RESERVE = 262_144
/** Seconds' worth of control messages that may come at once: 64 binds, and frames for a route just lost. */
const BURST_SECONDS = 5

/** What all connections of one relay share. */
export interface RelayContext {
  readonly limits: RelayLimits
  readonly clock: Clock
  readonly logger: Logger
  readonly routes: Routes
  readonly bus: Bus
  readonly origins: Origins
  readonly flusher: Flusher
  readonly counters: Counters
  /** Counts the unsent bytes of all connections anew, unless that was just done. */
  count(): void
  /** Called when the socket of a connection is gone. */
  gone(connection: Connection): void
}

/** The last pair of routes that a frame was permitted for: most connections only ever use one. */
interface PermittedPair {
  readonly pair: Uint8Array
  readonly from: Binding
  readonly to: Binding
}

export class Connection implements Owner {
  readonly bindings = new Map<RouteId, Binding>()
  readonly #context: RelayContext
  readonly #ws: WebSocket
  readonly #address: Address
  readonly #outbox: Outbox
  // Kept as text: a buffer would cost an idle connection three times as much.
  readonly #nonce = randomBytes(32).toString('base64url')
  readonly #messages: Bucket
  #failures: Failures | undefined
  readonly #openedAt: number
  #permitted: PermittedPair | undefined
  #everBound = false
  #isOver = false
  #wasHeard = false
  #heardAt: number
  #pingedAt: number

  constructor(context: RelayContext, ws: WebSocket, socket: Duplex, address: Address) {
    const { limits, clock, flusher } = context
    const now = clock.monotonic()
    this.#context = context
    this.#ws = ws
    this.#address = address
    this.#outbox = new Outbox(socket, ws, flusher)
    this.#messages = new Bucket(limits.messagesPerSecond, limits.messagesPerSecond * BURST_SECONDS, now)
    address.connections++
    this.#openedAt = this.#heardAt = this.#pingedAt = now
  }

  /** relay.hello.first */
  greet(): void {
    this.notify({
      type: 'hello',
      protocol: RELAY_PROTOCOL,
      nonce: this.#nonce, // relay.hello.nonce
      maxFrame: this.#context.limits.maxFrame,
      software: SOFTWARE,
    })
  }

  /** One WebSocket message. Never throws. */
  receive(data: Buffer, isBinary: boolean): void {
    this.#wasHeard = true
    if (this.#isOver) return
    try {
      if (data.length > this.#context.limits.maxFrame) {
        throw new ProtocolError('too-large', `A frame is at most ${this.#context.limits.maxFrame} bytes.`) // relay.frame.size
      }
      if (isBinary) this.#receiveFrame(data)
      else this.#receiveControl(parseControl(data, this.#context.limits.relayText))
    } catch (error) {
      this.#handle(error)
    }
  }

  /** A WebSocket ping or pong. */
  receiveSign(isPing: boolean): void {
    this.#wasHeard = true // relay.silence: a pong counts
    if (isPing && !this.#isOver) this.#takeMessage()
  }

  #handle(error: unknown): void {
    if (error instanceof ProtocolError) {
      this.fail(error.code as RelayErrorCode, error.message)
      return
    }
    // relay.isolation: a fault of ours ends this connection, and no other.
    this.#context.counters.errors++
    this.#context.logger.error(traceOf(error), 'connection failed')
    this.end(1011)
  }

  #receiveFrame(frame: Buffer): void {
    if (!isRoutedFrame(frame))
      throw new ProtocolError('malformed', 'A binary frame has 33 bytes or more and type 0x01.')
    const last = this.#permitted
    if (last?.from.isLive && last.to.isLive && isSamePair(frame, last.pair)) {
      if (this.#takeFrame(last.from, frame.length)) this.#settle(frame, last.to.owner.deliver(frame))
      return
    }
    if (!this.#everBound) throw new ProtocolError('malformed', 'Bind a route before you send frames.') // relay.bind.first
    const from = this.bindings.get(frameFrom(frame))
    if (from === undefined) {
      if (this.#takeMessage()) this.#settle(frame, false) // relay.frame.from
    } else if (this.#takeFrame(from, frame.length)) {
      this.#settle(frame, this.#forward(from, frame))
    }
  }

  /** relay.frame.peer: the `peer` of `from` plays no part. */
  #forward(from: Binding, frame: Buffer): boolean {
    const { routes, bus } = this.#context
    const route = frameTo(frame)
    const to = routes.get(route)
    if (to === undefined) return bus.publish(from, route, frame) // relay.frame.offline, relay.storage.none
    if (to.peer === from.route) this.#permitted = { pair: pairOf(frame), from, to }
    return routes.deliver(to, from.route, frame)
  }

  /** Takes `frame` for this client, or returns false: it is going, too slow (relay.slow), or memory is short. */
  deliver(frame: Buffer): boolean {
    if (this.#isOver || this.#ws.readyState !== WebSocket.OPEN) return false
    const { limits, counters, flusher } = this.#context
    const { unsent } = this.#outbox
    if (unsent > limits.relayBuffer) {
      counters.slow++
      return false
    }
    if (flusher.unsent > limits.totalBuffer && this.#isMemoryShort(unsent)) {
      counters.memory++
      return false
    }
    this.#outbox.push(frame) // relay.frame.verbatim
    return true
  }

  /** relay.memory: those who read what they get are served on, until twice as much is unsent. */
  #isMemoryShort(unsent: number): boolean {
    const { limits, flusher, count } = this.#context
    count()
    return flusher.unsent > (unsent > 0 ? limits.totalBuffer : 2 * limits.totalBuffer)
  }

  /** Corrects what is known of its unsent bytes. */
  count(): void {
    this.#outbox.count()
  }

  /** relay.failed.answer, relay.failed.uniform: what was not delivered is answered in the same words, whatever the reason. */
  #settle(frame: Buffer, isDelivered: boolean): void {
    if (isDelivered) {
      this.#context.counters.forwarded++
      this.#context.counters.forwardedBytes += frame.length
      return
    }
    this.undelivered(frameFrom(frame), frameTo(frame))
  }

  undelivered(from: RouteId, to: RouteId): void {
    this.#context.counters.failed++
    this.#failures ??= new Failures(this.#context.limits.deliveryFailedRate)
    if (!this.#failures.mayTell(from + to, this.#context.clock.monotonic())) return
    this.notify({ type: 'delivery-failed', from: routeText(from), to: routeText(to), reason: 'offline' })
  }

  #receiveControl(message: ClientToRelay): void {
    if (!this.#takeMessage()) return
    switch (message.type) {
      case 'bind':
        this.#bind(message)
        break
      case 'ping':
        this.notify({ type: 'pong', timestamp: message.timestamp }) // relay.ping
        break
      case 'unbind':
        if (!this.#everBound) throw new ProtocolError('malformed', 'Bind a route before you unbind one.') // relay.bind.first
        this.#context.routes.unbind(this, routeIdFrom(Buffer.from(message.route, 'base64url')))
        break
    }
  }

  /** Cheap refusals first, then the signature, then the change of state. */
  #bind(message: Extract<ClientToRelay, { type: 'bind' }>): void {
    const { limits, clock, routes, origins, logger } = this.#context
    const bind = readBind(message)
    const route = routeIdFrom(bind.route)
    if (!this.#address.binds.take(1, clock.monotonic)) {
      throw new ProtocolError('rate-limited', 'Too many binds from this address.') // relay.bind.rate
    }
    if (this.bindings.size >= limits.relayRoutes && !this.bindings.has(route)) {
      // relay.bind.routes
      this.#complain('rate-limited', `A connection holds at most ${limits.relayRoutes} routes.`, route)
      return
    }
    // relay.bind.nonce
    if (!isProven(bind, Buffer.from(this.#nonce, 'base64url'), origins)) {
      // relay.bind.failed, relay.bind.failed-close, relay.bind.failed-open
      this.#address.binds.take(origins.size - 1, clock.monotonic) // it has cost a signature for each origin
      const why = 'The signature does not prove this route to this relay on this connection.'
      if (this.#everBound) this.#complain('unauthenticated', why, route)
      else this.fail('unauthenticated', why, route)
      return
    }
    this.#everBound = true
    routes.bind(this, route, bind.peer && routeIdFrom(bind.peer))
    logger.debug({ route: shortRoute(route), open: bind.peer === null }, 'route bound')
  }

  /** relay.bind.supersede */
  superseded(route: RouteId): void {
    const why = 'A newer connection has bound this route.'
    if (this.bindings.size > 0) this.#complain('superseded', why, route)
    else this.fail('superseded', why, route) // relay.bind.supersede.close
  }

  notify(message: RelayToClient): void {
    if (this.#isOver || this.#ws.readyState !== WebSocket.OPEN) return
    const { relayBuffer, maxFrame } = this.#context.limits
    if (this.#outbox.unsent > relayBuffer + maxFrame + CONTROL_RESERVE) {
      // relay.slow: not even what it is told is read, so nothing more is kept for it. Later, because
      // the caller may be in the middle of a change that this would interfere with.
      queueMicrotask(() => this.fail('rate-limited', 'Too much is waiting to be read.'))
      return
    }
    this.#outbox.flush()
    this.#ws.send(JSON.stringify(message))
  }

  #complain(code: RelayErrorCode, message: string, route: RouteId): void {
    this.notify({ type: 'error', code, message, route: routeText(route) })
  }

  /** relay.error.first: says why, then closes with the code's close code. */
  fail(code: RelayErrorCode, message: string, route?: RouteId): void {
    if (this.#isOver) return
    const error: RelayToClient = {
      type: 'error',
      code,
      message,
      ...(route !== undefined && { route: routeText(route) }),
    }
    this.#outbox.flush()
    this.#ws.send(JSON.stringify(error))
    this.#context.counters.closed[code]++
    this.#context.logger.debug({ code }, 'connection closed by the relay')
    this.end(errorEntry(code).close ?? 1011) // relay.close.code
  }

  /** Gives up the routes and starts the closing handshake; `ws` cuts the socket after `closeTime` (relay.close.bounded). */
  end(closeCode: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#outbox.flush()
    this.#context.routes.release(this)
    this.#ws.close(closeCode)
  }

  /** The socket is gone. */
  closed(): void {
    this.#isOver = true
    this.#address.connections--
    this.#outbox.forget()
    this.#context.routes.release(this)
    this.#context.gone(this)
  }

  /** Called about once a second: silence, a missing bind, and what may be forgotten. */
  sweep(now: number): void {
    if (this.#isOver) return
    const { relaySilence, relayBind, pingAfter } = this.#context.limits
    if (this.#wasHeard) {
      this.#wasHeard = false
      this.#heardAt = this.#pingedAt = now
    }
    if (now - this.#heardAt >= relaySilence) {
      this.fail('timeout', 'Nothing was heard for too long.') // relay.silence
      return
    }
    if (!this.#everBound && now - this.#openedAt >= relayBind) {
      this.fail('timeout', 'No bind in time.') // relay.bind.time
      return
    }
    if (now - this.#pingedAt >= pingAfter) {
      this.#pingedAt = now
      if (this.#ws.readyState === WebSocket.OPEN) this.#ws.ping()
    }
    this.#failures?.sweep(now)
  }

  #takeFrame(from: Binding, size: number): boolean {
    const { routes, clock } = this.#context
    if ((from.rate ?? routes.rateOf(from)).take(size, clock.monotonic)) return true
    this.fail('rate-limited', 'Too many frames or bytes from this route.', from.route) // relay.rate
    return false
  }

  #takeMessage(): boolean {
    if (this.#messages.take(1, this.#context.clock.monotonic)) return true
    this.fail('rate-limited', 'Too many control messages.') // relay.rate
    return false
  }
}
