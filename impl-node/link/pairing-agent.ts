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
import { wrapError } from '../session/wrap.ts'
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
  readonly socket: RelaySocket
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
  #state: State = 'qr-shown'
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #tries: number = limits.sasTries
  #m1: Uint8Array | null = null
  #m3: Uint8Array | null = null
  #answered: AnsweredRun | null = null
  #completed: CompletedRun | null = null

  constructor(options: AgentPairingOptions) {
    this.#options = options
    const { identity, socket, random = randomBytes } = options
    const ttl = Math.min(options.ttl ?? limits.qrTtl, limits.qrTtlMax)
    this.expiresAt = Date.now() + ttl
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
    this.#timer = setTimeout(() => this.#fail('pair-expired', false), ttl)
    this.#route = socket.attach(this.#routeKey, null, {
      onBound: () => {},
      onPresence: () => {},
      onFrame: (from, payload) => this.#onFrame(new Uint8Array(from), new Uint8Array(payload)),
      onDeliveryFailed: () => {},
      onDown: () => {},
      onBlocked: () => this.#fail('rejected', false),
    })
  }

  /** Ends the attempt; the device is told. */
  cancel(): void {
    if (this.#state !== 'ended') this.#fail('cancelled', true)
  }

  /** Takes what the person typed. `wrong`: another try is left. */
  enterDigits(digits: string): 'ok' | 'wrong' | 'ended' {
    const completed = this.#completed
    if (this.#state !== 'await-user' || !completed) return 'ended'
    const typed = new TextEncoder().encode(digits.replace(/[\s-]/g, ''))
    if (!equal(typed, new TextEncoder().encode(completed.digits))) {
      this.#tries--
      if (this.#tries > 0) return 'wrong'
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
    clearTimeout(this.#timer)
    this.#options.events.onEnd({ outcome: 'paired', record, ratchet })
    this.#erase()
    return 'ok'
  }

  get triesLeft(): number {
    return this.#tries
  }

  #onFrame(from: Uint8Array, frame: Uint8Array): void {
    try {
      if (this.#state === 'qr-shown') this.#onFirst(from, frame)
      else if (this.#state === 'm2-sent' && from.every((byte, i) => byte === this.#answered?.peerRoute[i])) {
        this.#onSecond(frame)
      } else this.#onOther(from, frame)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
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
    this.#m1 = frame
    this.#state = 'm2-sent'
    this.#restartTimer(limits.m3Time, 'pair-expired')
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
      this.#route.send(from, wrapError(this.#secret, frame, error.code, random))
      this.#fail(error.code, false)
      return
    }
    this.#route.send(from, this.#answered.frame)
    this.#route.bindTo(from)
    this.#options.events.onScanned()
  }

  #onSecond(frame: Uint8Array): void {
    const answered = this.#answered as AnsweredRun
    if (this.#m1 && equal(this.#m1, frame)) {
      this.#route.send(answered.peerRoute, answered.frame)
      return
    }
    let completed: CompletedRun
    try {
      completed = completeRun(answered, frame, this.#options.random)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      // What is not sealed under the secret is not of this attempt; what is must verify.
      if (error.code === 'decrypt' || error.code === 'type' || error.code === 'length') {
        this.#onOther(answered.peerRoute, frame)
        return
      }
      this.#m3 = frame
      this.#fail(error.code, true)
      return
    }
    this.#m3 = frame
    this.#completed = completed
    this.#state = 'await-user'
    this.#restartTimer(limits.sasTime, 'pair-expired')
    this.#options.events.onDigits(this.#tries, Date.now() + limits.sasTime)
  }

  /** Another M1 under the same secret: told that the code is taken, for as long as the attempt runs. */
  #onOther(from: Uint8Array, frame: Uint8Array): void {
    if (this.#state === 'ended' || (this.#m3 && equal(this.#m3, frame))) return
    openM1(this.#run, frame)
    this.#route.send(from, wrapError(this.#secret, frame, 'pair-busy', this.#options.random))
    this.#options.events.onOtherDevice()
  }

  #restartTimer(time: number, reason: ErrorCode): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#fail(reason, true), time)
  }

  #fail(reason: ErrorCode | 'cancelled', tell: boolean): void {
    if (this.#state === 'ended') return
    const answers = this.#m3 ?? this.#m1
    if (tell && answers && this.#answered) {
      const code = reason === 'cancelled' || reason === 'pair-expired' ? 'rejected' : reason
      this.#route.send(this.#answered.peerRoute, wrapError(this.#secret, answers, code, this.#options.random))
    }
    this.#state = 'ended'
    clearTimeout(this.#timer)
    this.#options.events.onEnd({ outcome: 'failed', reason })
    this.#erase()
    this.#route.release()
  }

  #erase(): void {
    this.#secret.fill(0)
    this.#answered = this.#completed = null
    this.#m1 = this.#m3 = null
  }
}
