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
  /** Of the next R1. */
  suite(): Suite
  send(frame: Uint8Array): void
  /** R2 has verified, R3 follows: the session waits for its first message. */
  accepted(run: AcceptedM2): void
  givenUp(): void
}

interface Run {
  readonly suite: Suite
  readonly startedAt: number
  /** An R1 of a lower suite was refused: this one is the only repetition. */
  readonly repeated: boolean
  /** R1 with its private keys; null once an R2 was accepted (pairing.m1.erase). */
  bundle: Bundle | null
  accepted: AcceptedM2 | null
  /** R1 or R3: goes out again, unchanged, at each of these times. */
  frame: Uint8Array
  resendAt: number[]
  /** For R2, then for the first message of the session. */
  deadline: number
  /** The peer went away meanwhile: a run that ends so has not failed. */
  unreachable: boolean
}

/** ms after the first sending of R1 or R3. */
const REPEATS = [1_000, 2_000, 4_000, 8_000]

/** All times are monotonic ms. */
export class RekeyController {
  readonly #hooks: RekeyControllerHooks
  readonly #honoured = new Set<string>()
  /** One at a time (pairing.m1.outstanding). */
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

  /** Starts a run now, or as soon as the gap between two allows it; one that runs is the one that is wished for. */
  request(now: number): void {
    this.#wanted ||= this.#run === null
    this.tick(now)
  }

  /** The peer cannot be reached: R1 waits for it, and what does not come meanwhile is no failure. */
  postpone(): void {
    const run = this.#run
    if (!run) return
    run.unreachable = true
    // Whoever comes back may not know R2 any more.
    if (run.accepted) this.#end(run, this.#gap)
  }

  /** The peer is back, or may be. */
  resume(now: number): void {
    const run = this.#run
    if (!run?.unreachable) return
    if (now >= run.deadline) this.#end(run, this.#gap)
    else {
      run.unreachable = false
      run.resendAt = [now, ...REPEATS.map((delay) => now + delay)]
    }
  }

  tick(now: number): void {
    const run = this.#run
    // pairing.rekey.r2-time, pairing.rekey.drop
    if (run && now >= run.deadline) this.#fail(run)
    else if (run?.resendAt.some((at) => now >= at)) {
      // pairing.rekey.r1-resend, pairing.rekey.r3-resend
      run.resendAt = run.resendAt.filter((at) => at > now)
      this.#hooks.send(run.frame)
    }
    if (!this.#run && this.#wanted && now >= this.#notBefore) this.#start(now, this.#hooks.suite(), false)
  }

  #start(now: number, suite: Suite, repeated: boolean): void {
    const { identity, random, record, routeId, send } = this.#hooks
    const bundle = createBundle(rekeySecret(record()), suite, identity, routeId, random)
    this.#wanted = false
    // pairing.rekey.gap
    this.#notBefore = now + this.#gap
    this.#run = {
      suite,
      startedAt: now,
      repeated,
      bundle,
      accepted: null,
      frame: bundle.frame,
      resendAt: REPEATS.map((delay) => now + delay),
      deadline: now + limits.rekeyRunTtl,
      unreachable: false,
    }
    send(bundle.frame)
  }

  /** Another run follows, `gap` after the start of this one. */
  #end(run: Run, gap: number): void {
    this.#run = null
    this.#notBefore = run.startedAt + gap
    this.#wanted = true
    if (run.accepted) this.#hooks.givenUp()
  }

  #fail(run: Run): void {
    this.#gap = Math.min(limits.rekeyGapMax, 2 * this.#gap)
    this.#end(run, this.#gap)
  }

  /** Throws ProtocolError where R2 does not verify; the run goes on. */
  onR2(frame: Uint8Array, now: number): void {
    const run = this.#run
    // pairing.m2.once: exactly one R2 is accepted per R1
    if (!run?.bundle) return
    const { identity, random, record, accepted, send } = this.#hooks
    const answer = acceptM2(run.bundle, frame, identity, record().peer, random)
    accepted(answer)
    run.bundle = null
    run.accepted = answer
    run.frame = answer.frame
    run.resendAt = REPEATS.map((delay) => now + delay)
    run.deadline = now + limits.rekeyRunTtl
    send(answer.frame)
  }

  /** The new session has spoken. The run that made it, null where it was none of ours. */
  finished(): AcceptedM2 | null {
    const accepted = this.#run?.accepted ?? null
    this.#run = null
    this.#wanted = false
    this.#gap = limits.rekeyGap
    return accepted
  }

  /** `heardAgo`: ms since a frame of the current session opened; Infinity where the peer was offline since. Throws ProtocolError `decrypt`. */
  onAsk(frame: Uint8Array, heardAgo: number, now: number): void {
    unwrapRekeyAsk(this.#hooks.record().pairingKey, frame)
    const salt = Buffer.from(frame.subarray(4, 36)).toString('latin1')
    // pairing.rekey-ask.once, pairing.rekey-ask.quiet, pairing.rekey-ask.back
    if (this.#honoured.has(salt) || heardAgo < limits.rekeyAskQuiet) return
    // What changes nothing is not honoured and not kept: the salts grow by one for each rekey at most.
    if (this.#run || this.#wanted) return
    this.#honoured.add(salt)
    this.request(now)
  }

  /** Throws ProtocolError `decrypt`. */
  onError(frame: Uint8Array, now: number): void {
    const run = this.#run
    if (!run) return
    // pairing.hs-error.outstanding
    const code = unwrapError(this.#hooks.record().pairingKey, frame, run.frame)
    if (code === null) return
    const higher = SUITES.find((suite) => suite > run.suite)
    // pairing.rekey.suite-repeat
    if (code === 'suite-downgrade' && higher && !run.repeated && !run.accepted) this.#start(now, higher, true)
    else this.#fail(run)
  }
}
