// The controller's side of a pairing attempt, up to the digits on its screen (spec/pairing.md). What
// follows, `pair.complete` and the confirmed record, is the link's.

import { SUITE_BITS, SUITES, type Suite } from '@happy-remote/schemas/constants.ts'
import { type ErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { deviceIdOf, deviceIdText, type Identity } from '../crypto/identity.ts'
import { equal, type Random } from '../crypto/primitives.ts'
import { generateRouteKey } from '../crypto/route.ts'
import type { PairingCode } from '../session/pairing-code.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import { type AcceptedM2, acceptM2, type Bundle, createBundle, type PinnedCert } from '../session/responder.ts'
import { headOf, unwrap, unwrapError, wrapError } from '../session/wrap.ts'
import type { RelaySocket, RouteHandle } from './socket.ts'
import { awaitM2 } from './unanswered.ts'

/** Nobody answered, or somebody else used the code: the two look the same from here. */
export type PairingFailure = ErrorCode | 'no-answer'

export interface ControllerPairingEvents {
  /** M2 has verified. The record is to be stored before this returns: M3 goes out after it. */
  onDigits(digits: string, record: PairingRecord): void
  onFailed(reason: PairingFailure): void
}

export interface ControllerPairingOptions {
  readonly code: PairingCode
  readonly identity: Identity
  readonly socket: Pick<RelaySocket, 'attach' | 'relay'>
  readonly events: ControllerPairingEvents
  readonly random?: Random
  readonly supported?: number
  /** What is stored of an agent that was paired before. */
  readonly known?: (identityKey: Uint8Array) => PinnedCert | undefined
}

export class ControllerPairing {
  readonly #options: ControllerPairingOptions
  readonly #secret: Uint8Array
  readonly #routeKey
  readonly #route: RouteHandle
  /** M1 with its private keys; null once its M2 was processed (pairing.m1.erase). */
  #bundle: Bundle | null
  #deadline: NodeJS.Timeout
  #resend: NodeJS.Timeout | undefined
  readonly #waited: () => void
  #accepted: AcceptedM2 | null = null
  #ended = false
  #sent = false

  constructor(options: ControllerPairingOptions) {
    this.#options = options
    const { code, identity, socket, random, supported = SUITE_BITS } = options
    if (equal(code.payload.deviceId, identity.deviceId)) {
      throw new ProtocolError('identity-mismatch', 'This code is of this very device.')
    }
    const suite = SUITES.findLast((candidate) => code.payload.suites & supported & (1 << (candidate - 1)))
    if (suite === undefined) throw new ProtocolError('suite')
    this.#routeKey = generateRouteKey(random)
    this.#secret = code.payload.pairingSecret
    const run = { mode: 'pairing' as const, secret: this.#secret, context: code.context }
    // pairing.controller.one-bundle
    this.#bundle = createBundle(run, suite as Suite, identity, this.#routeKey.routeId, random, supported)
    this.#waited = awaitM2(identity, () => this.#fail('no-answer'))
    this.#deadline = setTimeout(() => this.#fail('no-answer'), limits.m2Time)
    this.#route = socket.attach(this.#routeKey, code.payload.routeId, {
      onBound: () => this.#onBound(),
      onPresence: () => {},
      onFrame: (_, payload) => this.#onFrame(new Uint8Array(payload)),
      onDeliveryFailed: () => {
        if (!this.#accepted) this.#fail('no-answer')
      },
      onDown: () => {},
      onBlocked: () => this.#fail('no-answer'),
    })
  }

  get routeId(): Uint8Array {
    return this.#routeKey.routeId
  }

  /** M3 with its ratchet, for the link that goes on from here. */
  get accepted(): { readonly frame: Uint8Array; readonly ratchet: Ratchet } | null {
    return this.#accepted
  }

  /** The code of an HS_ERROR that answers M3; null for any other frame. */
  refusalOf(frame: Uint8Array): ErrorCode | null {
    if (!this.#accepted) return null
    try {
      return unwrapError(this.#secret, frame, this.#accepted.frame)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      return null
    }
  }

  cancel(): void {
    this.#end()
  }

  #onBound(): void {
    if (this.#ended) return
    this.#sendM1()
    // pairing.controller.m1-resend: the same bytes, once
    this.#resend ??= setTimeout(() => this.#sendM1(), limits.m1Resend)
  }

  #sendM1(): void {
    if (this.#ended || !this.#bundle) return
    if (!this.#route.send(this.#options.code.payload.routeId, this.#bundle.frame) || this.#sent) return
    this.#sent = true
    // pairing.controller.m2-time
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => this.#fail('no-answer'), limits.m2Time)
  }

  #onFrame(frame: Uint8Array): void {
    const bundle = this.#bundle
    // pairing.m2.once
    if (this.#ended || !bundle || !this.#sent) return
    if (this.#openedAsM2(bundle, frame)) this.#onM2(bundle, frame)
  }

  /** False for what is no M2 or does not open under the code's secret: silence (pairing.wrap.open). */
  #openedAsM2(bundle: Bundle, frame: Uint8Array): boolean {
    try {
      const { type } = headOf(frame)
      if (type === 'HS_ERROR') {
        // pairing.hs-error.outstanding
        const refusal = unwrapError(this.#secret, frame, bundle.frame)
        if (refusal) this.#fail(refusal)
        return false
      }
      unwrap(this.#secret, frame)
      return type === 'M2'
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      return false
    }
  }

  #onM2(bundle: Bundle, frame: Uint8Array): void {
    const { code, identity, random, known, events } = this.#options
    let accepted: AcceptedM2
    try {
      const expected = { deviceId: code.payload.deviceId, ...(known && { known }) }
      accepted = acceptM2(bundle, frame, identity, expected, random)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      // pairing.controller.m2-error
      this.#route.send(code.payload.routeId, wrapError(this.#secret, frame, error.code, random))
      this.#fail(error.code)
      return
    }
    this.#stopWaiting()
    this.#accepted = accepted
    // pairing.m3.after-m2: M3, with the nonce of the digits, is sent by whoever takes over from here
    events.onDigits(accepted.digits, this.#recordOf(accepted))
  }

  #recordOf({ peer, keys, suite }: AcceptedM2): PairingRecord {
    const { code, socket } = this.#options
    return {
      pairingId: keys.sessionId,
      role: 'controller',
      state: 'unconfirmed',
      pairingKey: keys.pairingKey,
      suite,
      peer: { identityKey: peer.identityKey, dhKey: peer.dhKey, epoch: peer.epoch },
      peerName: deviceIdText(deviceIdOf(peer.identityKey)).slice(0, 8),
      routeSeed: this.#routeKey.seed,
      peerRoute: code.payload.routeId,
      relay: socket.relay.origin,
      capabilities: [],
      createdAt: Date.now(),
    }
  }

  #fail(reason: PairingFailure): void {
    if (this.#ended) return
    this.#end()
    this.#options.events.onFailed(reason)
  }

  #end(): void {
    this.#stopWaiting()
    this.#route.release()
  }

  #stopWaiting(): void {
    this.#ended = true
    this.#bundle = null
    this.#waited()
    clearTimeout(this.#deadline)
    clearTimeout(this.#resend)
  }
}
