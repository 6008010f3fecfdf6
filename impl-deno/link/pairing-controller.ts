// A pairing at the controller, from a code that the person agreed to use to the digits on its screen
// and the stored record (spec/pairing.md, The controller).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { HANDSHAKE_TYPES } from '@happy-remote/schemas/pairing.ts'
import type { SigningKey } from '../crypto/ed25519.ts'
import type { Identity, KnownPeer } from '../crypto/identity.ts'
import { acceptAnswer, type ControllerRun, type Finished, startHandshake } from '../session/handshake-controller.ts'
import { readHsError, sealHsError } from '../session/hs-error.ts'
import type { PairingCode } from '../session/pairing-code.ts'
import { Queue } from '../session/queue.ts'
import type { PairingRecord } from '../session/record.ts'
import { pairingRun, type Run } from '../session/run.ts'
import { Session } from '../session/session.ts'
import { openHandshake } from '../session/wrap.ts'
import type { Carried, PairingConnection, RelayState } from './pairing-connection.ts'
import { RelaySocket, type Route, type RouteListener, type SocketOptions } from './socket.ts'
import { Alarm, systemTimers, type Timers } from './timers.ts'
import { awaitM2 } from './unanswered.ts'

export interface ControllerPairingOwner {
  /** Stores the record as unconfirmed before M3 is sent, and then carries the connection on (pairing.controller.unconfirmed). */
  store(record: PairingRecord, carried: Carried): Promise<PairingConnection>
  /** The six digits, to be typed at the agent. */
  digits(digits: string): void
  /** The relay says that the agent is not there: it may be a code that somebody else has used (pairing.controller.other-device). */
  noAnswer?(): void
  /**
   * The run has failed. Before the digits nothing is stored; afterwards the unconfirmed record stays
   * for its 10 min, and may still be confirmed (pairing.controller.error-keeps).
   */
  failed(error: ProtocolError): void
  relay?(state: RelayState): void
}

export interface ControllerPairingOptions {
  readonly code: PairingCode
  readonly identity: Identity
  /** Bitmap of the own suites. */
  readonly supported: number
  /** Fresh, of this pairing alone (relay.route.fresh-key). */
  readonly routeKey: SigningKey
  /** What is stored of this agent from an earlier pairing, if anything. */
  readonly known: KnownPeer | null
  readonly owner: ControllerPairingOwner
  readonly timers?: Timers
  readonly socket?: Pick<SocketOptions, 'open' | 'jitter'>
}

/** M3 is sent again this long after its first sending (pairing.controller.m3-resend). */
const RESEND = [2_000, 4_000, 8_000, 16_000] as const

const { M2, HS_ERROR } = HANDSHAKE_TYPES

export class ControllerPairing implements RouteListener {
  readonly #options: ControllerPairingOptions
  readonly #owner: ControllerPairingOwner
  readonly #timers: Timers
  readonly #run: Run
  readonly #socket: RelaySocket
  readonly #route: Route
  readonly #queue = new Queue()
  readonly #repeat: Alarm
  readonly #limit: Alarm
  readonly #resends: (() => void)[] = []
  readonly #waited: () => void
  #started: ControllerRun | undefined
  #starting = false
  /** M3, until a message of the session has opened. */
  #finish: Uint8Array | undefined
  #connection: PairingConnection | undefined
  #over = false

  constructor(options: ControllerPairingOptions) {
    const { code, routeKey, timers = systemTimers } = options
    this.#options = options
    this.#owner = options.owner
    this.#timers = timers
    this.#run = pairingRun(code.payload, new Uint8Array(code.pairingSecret))
    this.#repeat = new Alarm(timers)
    this.#limit = new Alarm(timers)
    this.#waited = awaitM2(options.identity, () => this.#forget())
    const ended = (why: 'superseded' | 'unauthenticated' | 'unusable' | 'closed') => {
      this.#owner.relay?.({ state: 'ended', why })
      this.#fail(new ProtocolError(why === 'superseded' || why === 'unauthenticated' ? why : 'version'))
    }
    this.#socket = new RelaySocket(code.relay, { ...options.socket, timers, ended })
    this.#route = this.#socket.bind(routeKey, code.routeId, this)
    // Without a relay there is no first M1 from which the 30 s could be counted.
    this.#limit.set(limits.m2Time, () => this.#expire())
  }

  /** The person gives up, or the program ends. What is stored stays. */
  cancel(): void {
    if (!this.#connection) this.#fail(new ProtocolError('rejected', 'Cannot pair: it was cancelled'))
    this.#stop()
  }

  /** Cuts the connection without a close; for tests. It comes back by itself. */
  drop(): void {
    if (!this.#connection) this.#socket.drop()
  }

  bound(): void {
    this.#owner.relay?.({ state: 'bound' })
    // pairing.controller.m1-resend, pairing.controller.m3-resend: after a reconnect
    if (this.#finish) this.#route.send(this.#finish)
    else if (this.#started) this.#route.send(this.#started.request)
    else void this.#start()
  }

  lost(): void {
    this.#owner.relay?.({ state: 'lost' })
  }

  presence(): void {}

  deliveryFailed(): void {
    if (!this.#connection) this.#owner.noAnswer?.()
  }

  refused(code: string): void {
    this.#owner.relay?.({ state: 'refused', code })
    this.#fail(new ProtocolError(code === 'superseded' ? 'superseded' : 'unauthenticated'))
  }

  frame(payload: Uint8Array): void {
    void this.#queue.run(async () => {
      // What came behind the message with which the route was handed over is the connection's, too.
      if (this.#over) return this.#connection?.link.frame(payload)
      // Until the first message of the session, HS_ERROR and M2 are of this run; everything else is the link's.
      const isRun = payload[1] === HS_ERROR || payload[1] === M2
      const taken = isRun && (await this.#handshake(payload))
      if (taken || !this.#connection) return undefined
      await this.#connection.link.frame(payload)
      // A message of the session has opened, so M3 has arrived.
      if (Number.isFinite(this.#connection.link.heardAt)) this.#handOver()
      return undefined
    })
  }

  /** The route is the connection's from now on. */
  #handOver(): void {
    if (this.#over) return
    this.#stop()
    this.#connection?.listen()
  }

  /** pairing.controller.one-bundle */
  async #start(): Promise<void> {
    if (this.#starting || this.#over) return
    this.#starting = true
    const { code, identity, supported } = this.#options
    const { suite } = code
    this.#started = await startHandshake(this.#run, { suite, supported, routeId: this.#route.id, identity })
    if (this.#over) return
    const { request } = this.#started
    this.#route.send(request)
    // pairing.controller.m1-resend, pairing.controller.m2-time
    this.#repeat.set(limits.m1Resend, () => this.#route.send(request))
    this.#limit.set(limits.m2Time, () => this.#expire())
  }

  #forget(): void {
    this.#fail(new ProtocolError('timeout', 'Cannot pair: no answer came, and later codes were scanned'))
  }

  #expire(): void {
    this.#fail(new ProtocolError('timeout', 'Cannot pair: no answer came in 30 s'))
  }

  /** False where the frame is none of this run. */
  async #handshake(payload: Uint8Array): Promise<boolean> {
    const started = this.#started
    if (!started) return true
    const opened = await openHandshake(payload, this.#run.secret, [M2, HS_ERROR]).catch((error) => {
      // pairing.wrap.open
      if (!(error instanceof ProtocolError)) throw error
      return undefined
    })
    if (!opened) return false
    if (opened.type === HS_ERROR) {
      const heard = readHsError(opened, [this.#finish ?? started.request])
      if (heard) this.#hsError(new ProtocolError(heard.code))
      return true
    }
    // pairing.m2.once
    if (this.#finish) return true
    try {
      const { deviceId } = this.#options.code
      await this.#accept(await acceptAnswer(started, opened, { deviceId, known: this.#options.known }))
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      // pairing.controller.m2-error
      this.#route.send(await sealHsError(opened.frame, error.code, this.#run.secret))
      this.#fail(error)
    }
    return true
  }

  async #accept({ finish, established }: Finished): Promise<void> {
    this.#repeat.clear()
    this.#limit.clear()
    this.#waited()
    const { code, routeKey } = this.#options
    const { keys, suite, digits } = established
    const { identityKey, dhKey, epoch } = established.peer
    const session = await Session.start(established, { clock: this.#timers })
    const record: PairingRecord = {
      ...{ pairingId: keys.sessionId, role: 'controller', confirmed: false, pairingKey: keys.pairingKey as Uint8Array },
      ...{ suite, peer: { identityKey, dhKey, epoch }, peerName: '', routeKey, peerRoute: code.routeId },
      ...{ relay: code.relay.origin, capabilities: [], pairedAt: this.#timers.wall(), lastHeardAt: null },
    } as const
    const carried = { socket: this.#socket, route: this.#route, session }
    this.#connection = await this.#owner.store(record, carried)
    this.#finish = finish
    const send = () => void this.#route.send(finish)
    send()
    for (const delay of RESEND) this.#resends.push(this.#timers.after(delay, send))
    this.#owner.digits(digits as string)
  }

  /** pairing.controller.error-keeps */
  #hsError(error: ProtocolError): void {
    if (this.#connection) {
      this.#handOver()
      this.#owner.failed(error)
    } else this.#fail(error)
  }

  #fail(error: ProtocolError): void {
    if (this.#over) return
    this.#stop()
    if (!this.#connection) this.#socket.close()
    this.#owner.failed(error)
  }

  #stop(): void {
    this.#over = true
    this.#waited()
    this.#finish = undefined
    this.#repeat.clear()
    this.#limit.clear()
    for (const cancel of this.#resends.splice(0)) cancel()
    this.#run.secret.fill(0)
  }
}
