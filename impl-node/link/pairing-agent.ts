// The agent's side of a pairing attempt: one code, one phone, six digits (spec/pairing.md).

import type { Capability } from '@happy-remote/schemas/constants.ts'
import { SUITE_BITS } from '@happy-remote/schemas/constants.ts'
import { type ErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { QrPayload } from '@happy-remote/schemas/pairing.ts'
import type { Identity } from '../crypto/identity.ts'
import { equal, type Random, randomBytes } from '../crypto/primitives.ts'
import { generateRouteKey, type RouteKey } from '../crypto/route.ts'
import { type AnsweredRun, answerM1, type CompletedRun, completeRun, openM1 } from '../session/initiator.ts'
import { contextOf, formatPairingCode } from '../session/pairing-code.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import type { PinnedCert } from '../session/responder.ts'
import type { RunSecret } from '../session/schedule.ts'
import { headOf, unwrap, unwrapError, wrapError } from '../session/wrap.ts'
import type { RelaySocket, RouteHandle } from './socket.ts'

export type PairingEnd =
  | { readonly outcome: 'paired'; readonly record: PairingRecord; readonly ratchet: Ratchet }
  /** `expired`, `cancelled`, or the code of what went wrong. */
  | { readonly outcome: 'failed'; readonly reason: ErrorCode | 'cancelled' }

export interface AgentPairingEvents {
  /** M2 went out: a device has scanned the code. */
  onScanned(): void
  /** M3 has verified: the person types the digits that the device shows. */
  onDigits(triesLeft: number, until: number): void
  /** Another device used the same code. */
  onOtherDevice(): void
  /** The record is to be stored before this returns. */
  onEnd(end: PairingEnd): void
}

export interface AgentPairingOptions {
  readonly identity: Identity
  readonly socket: Pick<RelaySocket, 'attach' | 'relay'>
  readonly capabilities: readonly Capability[]
  readonly events: AgentPairingEvents
  /** ms, at most ten minutes. */
  readonly ttl?: number
  readonly suites?: number
  /** What is stored of a device that was paired before. */
  readonly known?: (identityKey: Uint8Array) => PinnedCert | undefined
  readonly random?: Random
}

type State = 'qr-shown' | 'm2-sent' | 'await-user' | 'ended'

export class AgentPairing {
  readonly #options: AgentPairingOptions
  readonly #routeKey: RouteKey
  readonly #route: RouteHandle
  readonly #run: RunSecret
  readonly #secret: Uint8Array
  /** The text that the QR shows. */
  readonly uri: string
  /** ms since 1970. */
  readonly expiresAt: number
  readonly #bound = Promise.withResolvers<void>()
  #state: State = 'qr-shown'
  #timer: NodeJS.Timeout | undefined
  /** ms since 1970: a machine that slept wakes with its timers late. */
  #until: number
  #failures = 0
  #tries: number = limits.sasTries
  /** What opened last, and from where: what an HS_ERROR answers. */
  #m1: Uint8Array | null = null
  #m3: Uint8Array | null = null
  #from: Uint8Array | null = null
  #answered: AnsweredRun | null = null
  #completed: CompletedRun | null = null

  constructor(options: AgentPairingOptions) {
    this.#options = options
    const { identity, socket, random = randomBytes } = options
    // pairing.qr.ttl
    const ttl = Math.min(options.ttl ?? limits.qrTtl, limits.qrTtlMax)
    this.expiresAt = this.#until = Date.now() + ttl
    this.#routeKey = generateRouteKey(options.random)
    this.#secret = random(16)
    const payload: QrPayload = {
      flags: socket.relay.secure ? 0 : 1,
      suites: options.suites ?? SUITE_BITS,
      expiry: Math.floor(this.expiresAt / 1_000),
      deviceId: identity.deviceId,
      routeId: this.#routeKey.routeId,
      pairingSecret: this.#secret,
      relay: new TextEncoder().encode(socket.relay.address),
    }
    this.uri = formatPairingCode(payload)
    this.#run = { mode: 'pairing', secret: this.#secret, context: contextOf(payload) }
    this.#timer = setTimeout(() => this.#fail('pair-expired', true), ttl)
    this.#route = socket.attach(this.#routeKey, null, {
      onBound: () => this.#bound.resolve(),
      onPresence: () => {},
      onFrame: (from, payload) => this.#onFrame(new Uint8Array(from), new Uint8Array(payload)),
      onDeliveryFailed: () => {},
      onDown: () => {},
      onBlocked: () => this.#fail('rejected', false),
    })
  }

  /** Resolves when the relay has the route of the code, and never where the relay is away. */
  get bound(): Promise<void> {
    return this.#bound.promise
  }

  /** Ends the attempt; the device is told. */
  cancel(): void {
    if (this.#state !== 'ended') this.#fail('cancelled', true)
  }

  /** Takes what the person typed. `wrong`: another try is left. */
  enterDigits(digits: string): 'ok' | 'wrong' | 'ended' {
    const completed = this.#completed
    if (this.#state !== 'await-user' || !completed || this.#isOver()) return 'ended'
    // pairing.sas.typed, security.secret.compare
    const typed = new TextEncoder().encode(digits.replace(/[\s-]/g, ''))
    if (!equal(typed, new TextEncoder().encode(completed.digits))) {
      this.#tries--
      if (this.#tries > 0) return 'wrong'
      // pairing.sas.tries
      this.#fail('sas-mismatch', true)
      return 'ended'
    }
    const { peer, pairingKey, sessionId, suite, ratchet } = completed
    const record: PairingRecord = {
      pairingId: sessionId,
      role: 'agent',
      state: 'stored',
      pairingKey,
      suite,
      peer: { identityKey: peer.identityKey, dhKey: peer.dhKey, epoch: peer.epoch },
      peerName: '',
      routeSeed: this.#routeKey.seed,
      peerRoute: (this.#answered as AnsweredRun).peerRoute,
      relay: this.#options.socket.relay.origin,
      capabilities: this.#options.capabilities,
      createdAt: Date.now(),
    }
    this.#state = 'ended'
    try {
      this.#options.events.onEnd({ outcome: 'paired', record, ratchet })
    } catch (error) {
      // What could not be stored is not paired, and the device hears so.
      this.#state = 'await-user'
      this.#fail('rejected', true)
      throw error
    }
    clearTimeout(this.#timer)
    this.#erase()
    return 'ok'
  }

  get triesLeft(): number {
    return this.#tries
  }

  #onFrame(from: Uint8Array, frame: Uint8Array): void {
    if (this.#state === 'ended' || this.#isOver()) return
    try {
      if (this.#state === 'qr-shown') this.#onFirst(from, frame)
      else this.#onLater(from, frame)
    } catch (error) {
      // pairing.wrap.open, pairing.hs-error.silent
      if (!(error instanceof ProtocolError)) throw error
    }
  }

  /** True where the time of the present state is over by the wall clock; the attempt has ended then. */
  #isOver(): boolean {
    if (Date.now() < this.#until) return false
    this.#fail('pair-expired', true)
    return true
  }

  /** The first M1 that opens takes the attempt, whatever else is wrong with it. */
  #onFirst(from: Uint8Array, frame: Uint8Array): void {
    let opened: ReturnType<typeof openM1>
    try {
      opened = openM1(this.#run, frame)
    } catch (error) {
      // pairing.m1.failures
      if (++this.#failures >= limits.openFailures) this.#fail('rejected', false)
      throw error
    }
    // pairing.m1.single-use: the code is taken before anything else of the M1 is judged
    this.#m1 = frame
    this.#from = from
    this.#state = 'm2-sent'
    // pairing.agent.m3-time
    this.#restartTimer(limits.m3Time)
    const { identity, suites = SUITE_BITS, random, known } = this.#options
    try {
      this.#answered = answerM1(opened, {
        identity,
        from,
        offered: suites,
        ...(known && { known }),
        ...(random && { random }),
      })
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      // pairing.agent.refused
      this.#fail(error.code, true)
      return
    }
    this.#route.send(from, this.#answered.frame)
    // pairing.m2.rebind
    this.#route.bindTo(from)
    this.#options.events.onScanned()
  }

  /** Once the code is taken. What does not open under its secret is met with silence, whatever it claims to be. */
  #onLater(from: Uint8Array, frame: Uint8Array): void {
    const answered = this.#answered as AnsweredRun
    // pairing.m1.repeat
    if (this.#m1 && equal(this.#m1, frame)) {
      this.#route.send(answered.peerRoute, answered.frame)
      return
    }
    const { type } = headOf(frame)
    unwrap(this.#secret, frame)
    if (type === 'M1') this.#onOther(from, frame)
    else if (type === 'HS_ERROR') {
      const code = unwrapError(this.#secret, frame, answered.frame)
      // pairing.agent.hs-error, pairing.hs-error.outstanding, pairing.hs-error.no-loop
      if (code) this.#fail(code, false)
    } else if (type === 'M3' && this.#state === 'm2-sent' && equal(from, answered.peerRoute)) {
      // pairing.agent.repeated-m3: in any later state an M3 is a repetition
      this.#onM3(answered, frame)
    }
  }

  #onM3(answered: AnsweredRun, frame: Uint8Array): void {
    this.#m3 = frame
    try {
      this.#completed = completeRun(answered, frame, this.#options.random)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      // pairing.agent.refused
      this.#fail(error.code, true)
      return
    }
    this.#state = 'await-user'
    // pairing.sas.time
    this.#restartTimer(limits.sasTime)
    this.#options.events.onDigits(this.#tries, this.#until)
  }

  /** Another M1 under the same secret: told that the code is taken, for as long as the attempt runs. */
  #onOther(from: Uint8Array, frame: Uint8Array): void {
    this.#route.send(from, wrapError(this.#secret, frame, 'pair-busy', this.#options.random))
    // pairing.agent.other-device
    this.#options.events.onOtherDevice()
  }

  #restartTimer(time: number): void {
    clearTimeout(this.#timer)
    this.#until = Date.now() + time
    this.#timer = setTimeout(() => this.#fail('pair-expired', true), time)
  }

  /** With `tell`, the device whose M1 opened, if any, hears of it (pairing.agent.abort-answer). */
  #fail(reason: ErrorCode | 'cancelled', tell: boolean): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#timer)
    const last = this.#m3 ?? this.#m1
    try {
      if (tell && last && this.#from) {
        const code = reason === 'cancelled' ? 'rejected' : reason
        this.#route.send(this.#from, wrapError(this.#secret, last, code, this.#options.random))
      }
      this.#options.events.onEnd({ outcome: 'failed', reason })
    } finally {
      // pairing.agent.abort, pairing.qr.erase
      this.#erase()
      this.#route.release()
    }
  }

  #erase(): void {
    this.#secret.fill(0)
    this.#answered = this.#completed = null
    this.#m1 = this.#m3 = this.#from = null
  }
}
