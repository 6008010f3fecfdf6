// The controller's side of a rekey: sends R1, answers R2 with R3, and repeats R3 until the new
// session speaks (spec/pairing.md).

import { SUITES, type Suite } from '@happy-remote/schemas/constants.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Identity } from '../crypto/identity.ts'
import type { Random } from '../crypto/primitives.ts'
import type { PairingRecord } from '../session/record.ts'
import { type AcceptedM2, acceptM2, type Bundle, createBundle } from '../session/responder.ts'
import { unwrapError, unwrapRekeyAsk } from '../session/wrap.ts'
import { rekeySecret } from './rekey-agent.ts'

export interface RekeyControllerHooks {
  readonly identity: Identity
  readonly random?: Random | undefined
  readonly routeId: Uint8Array
  record(): PairingRecord
  send(frame: Uint8Array): void
  /** R3 is on its way: the session waits for its first message. */
  accepted(run: AcceptedM2): void
  givenUp(): void
}

interface Run {
  readonly bundle: Bundle
  readonly startedAt: number
  accepted: AcceptedM2 | null
  /** When what is outstanding, R1 or R3, goes out again. */
  resendAt: number
  resendDelay: number
}

const FIRST_RESEND = 1_000

/** All times are monotonic ms. */
export class RekeyController {
  readonly #hooks: RekeyControllerHooks
  readonly #honoured = new Set<string>()
  #run: Run | null = null
  #gap: number = limits.rekeyGap
  #notBefore = Number.NEGATIVE_INFINITY
  #wanted = false

  constructor(hooks: RekeyControllerHooks) {
    this.#hooks = hooks
  }

  get running(): boolean {
    return this.#run !== null
  }

  /** Starts a run now, or as soon as the gap between two allows it. */
  request(now: number): void {
    this.#wanted = true
    this.tick(now)
  }

  /** The peer cannot be reached: what was begun does not count as a failure. */
  postpone(): void {
    if (!this.#run) return
    this.#end()
    this.#wanted = true
    this.#notBefore = Number.NEGATIVE_INFINITY
  }

  tick(now: number): void {
    const run = this.#run
    if (!run) {
      if (this.#wanted && now >= this.#notBefore) this.#start(now, this.#hooks.record().suite)
      return
    }
    if (now - run.startedAt > limits.rekeyRunTtl) {
      this.#end()
      this.#gap = Math.min(limits.rekeyGapMax, 2 * this.#gap)
      this.#notBefore = run.startedAt + this.#gap
      this.#wanted = true
    } else if (now >= run.resendAt) {
      run.resendDelay *= 2
      run.resendAt = now + run.resendDelay
      this.#hooks.send(run.accepted?.frame ?? run.bundle.frame)
    }
  }

  #start(now: number, suite: Suite): void {
    const { identity, random, record, routeId, send } = this.#hooks
    const bundle = createBundle(rekeySecret(record()), suite, identity, routeId, random)
    this.#wanted = false
    this.#notBefore = now + this.#gap
    this.#run = { bundle, startedAt: now, accepted: null, resendAt: now + FIRST_RESEND, resendDelay: FIRST_RESEND }
    send(bundle.frame)
  }

  #end(): void {
    if (this.#run?.accepted) this.#hooks.givenUp()
    this.#run = null
  }

  /** Throws ProtocolError where R2 does not verify; the run goes on. */
  onR2(frame: Uint8Array, now: number): void {
    const run = this.#run
    // pairing.m2.once: exactly one R2 is accepted per R1
    if (!run || run.accepted) return
    const { identity, random, record, accepted, send } = this.#hooks
    run.accepted = acceptM2(run.bundle, frame, identity, record().peer, random)
    run.resendDelay = FIRST_RESEND
    run.resendAt = now + FIRST_RESEND
    accepted(run.accepted)
    send(run.accepted.frame)
  }

  /** The new session has spoken. */
  finished(): void {
    this.#run = null
    this.#gap = limits.rekeyGap
  }

  /** `heardAgo`: ms since a frame of the current session opened. Throws ProtocolError `decrypt`. */
  onAsk(frame: Uint8Array, heardAgo: number, now: number): void {
    unwrapRekeyAsk(this.#hooks.record().pairingKey, frame)
    const salt = Buffer.from(frame.subarray(4, 36)).toString('latin1')
    // pairing.rekey-ask.once, pairing.rekey-ask.quiet
    if (this.#honoured.has(salt) || heardAgo < limits.rekeyAskQuiet) return
    this.#honoured.add(salt)
    if (!this.#run) this.request(now)
  }

  /** Throws ProtocolError `decrypt`. */
  onError(frame: Uint8Array, now: number): void {
    const run = this.#run
    if (!run) return
    const outstanding = run.accepted?.frame ?? run.bundle.frame
    const code = unwrapError(this.#hooks.record().pairingKey, frame, outstanding)
    if (code === null) return
    this.#end()
    const higher = SUITES.find((suite) => suite > run.bundle.suite)
    if (code === 'suite-downgrade' && higher) this.#start(now, higher)
    else this.#notBefore = now + this.#gap
  }
}
