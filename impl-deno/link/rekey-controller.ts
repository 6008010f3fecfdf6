// The controller's side of rekeys: when one starts, what is sent again, and when it has failed
// (spec/pairing.md, Rekey).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Identity, KnownPeer } from '../crypto/identity.ts'
import { deviceIdOf } from '../crypto/identity.ts'
import type { Established } from '../session/handshake.ts'
import { acceptAnswer, type ControllerRun, startHandshake } from '../session/handshake-controller.ts'
import { readHsError } from '../session/hs-error.ts'
import type { Run } from '../session/run.ts'
import { hasSuite, highestCommon, type Suite } from '../session/suite.ts'
import type { OpenedFrame } from '../session/wrap.ts'
import { Alarm, type Timers } from './timers.ts'

/** What a rekey needs of a stored pairing, read anew for each run. */
export interface OwnPairing {
  readonly identity: Identity
  readonly supported: number
  readonly lastSuite: number
  /** What the agent last announced; undefined where it has announced nothing. */
  readonly peerSuites: number | undefined
  readonly peer: KnownPeer
  readonly routeId: Uint8Array
}

export interface RekeyOutput {
  send(frame: Uint8Array): void
  /** A proven session that now waits for its first message; called before R3 is sent. */
  waiting(established: Established): Promise<void>
  /** No message of the waiting session has come in time. */
  dropped(): void
  /** A run has failed, and another is not due by itself. */
  failed(): void
}

/** R1 is sent again this long after its first sending (pairing.rekey.r1-resend). */
const REPEAT = [2_000, 4_000, 8_000, 16_000] as const

/** R3 is sent again this long after its first sending (pairing.rekey.r3-resend). */
const RESEND = [1_000, 2_000, 4_000, 8_000] as const

export class ControllerRekeys {
  readonly #run: Run
  readonly #pairing: () => OwnPairing
  readonly #output: RekeyOutput
  readonly #timers: Timers
  readonly #begin: Alarm
  readonly #timeout: Alarm
  readonly #resends: (() => void)[] = []
  #started: ControllerRun | undefined
  #finish: Uint8Array | undefined
  #proven: Established | undefined
  #startedAt = Number.NEGATIVE_INFINITY
  #failures = 0
  #starting = false
  /** Runs follow each other until one succeeds. */
  #insisting = false
  #over = false

  constructor(run: Run, pairing: () => OwnPairing, output: RekeyOutput, timers: Timers) {
    this.#run = run
    this.#pairing = pairing
    this.#output = output
    this.#timers = timers
    this.#begin = new Alarm(timers)
    this.#timeout = new Alarm(timers)
  }

  /** Whether a run is under way or will start by itself. */
  get busy(): boolean {
    return this.#starting || this.#begin.isSet || this.#started !== undefined || this.#finish !== undefined
  }

  /** A trigger holds: start as soon as the gap allows (pairing.rekey.triggers, pairing.rekey.gap). */
  trigger(): void {
    if (this.busy || this.#over) return
    const gap = Math.min(limits.rekeyGap * 2 ** this.#failures, limits.rekeyGapMax)
    const wait = Math.max(0, this.#startedAt + gap - this.#timers.monotonic())
    if (wait === 0) void this.#start()
    else this.#begin.set(wait, () => void this.#start())
  }

  /** Begins, and begins again until a run succeeds. */
  insist(): void {
    this.#insisting = true
    this.trigger()
  }

  /** The peer has come back: what waits for an answer is worth sending again (pairing.rekey.r1-resend). */
  peerIsBack(): void {
    const frame = this.#finish ?? this.#started?.request
    if (frame) this.#output.send(frame)
  }

  async #start(least: Suite | 0 = 0): Promise<void> {
    if (this.#over) return
    this.#starting = true
    this.#startedAt = this.#timers.monotonic()
    const { identity, supported, lastSuite, peerSuites, routeId } = this.#pairing()
    // pairing.rekey.suite-choice, pairing.rekey.suite
    const common = peerSuites === undefined ? undefined : highestCommon(supported, peerSuites)
    const suite = Math.max(common ?? lastSuite, lastSuite, least)
    this.#starting = hasSuite(supported, suite)
    if (!this.#starting || !hasSuite(supported, suite)) return
    const started = await startHandshake(this.#run, { suite, supported, routeId, identity })
    this.#starting = false
    if (this.#over) return
    this.#started = started
    this.#output.send(started.request)
    // pairing.rekey.r1-resend
    for (const delay of REPEAT) {
      this.#resends.push(this.#timers.after(delay, () => this.#output.send(started.request)))
    }
    // pairing.rekey.r2-time
    this.#timeout.set(limits.m2Time, () => this.#failed())
  }

  /** Takes an R2 that opened. Throws ProtocolError where it is refused; the run then goes on waiting (pairing.rekey.r2-refused). */
  async answer(opened: OpenedFrame): Promise<void> {
    const started = this.#started
    // pairing.rekey.r2-unknown, pairing.m2.once
    if (!started) throw new ProtocolError('prekey-unknown', 'Cannot take an R2: no R1 waits for one')
    const { peer } = this.#pairing()
    const { finish, established } = await acceptAnswer(started, opened, {
      deviceId: deviceIdOf(peer.identityKey),
      known: peer,
    })
    if (this.#started !== started) return
    this.#started = undefined
    this.#finish = finish
    this.#proven = established
    for (const cancel of this.#resends.splice(0)) cancel()
    await this.#output.waiting(established)
    this.#output.send(finish)
    for (const delay of RESEND) this.#resends.push(this.#timers.after(delay, () => this.#output.send(finish)))
    // pairing.rekey.drop
    this.#timeout.set(limits.graceTime, () => {
      this.#drop()
      this.#failed()
    })
  }

  /** A message of the new session has opened; answers with what the record is to hold from now on. */
  succeeded(): Established | undefined {
    const proven = this.#proven
    this.#clear()
    this.#insisting = false
    this.#failures = 0
    return proven
  }

  /** Takes an HS_ERROR that opened (pairing.hs-error.outstanding). */
  hsError(opened: OpenedFrame): void {
    const started = this.#started
    const waiting = [started?.request ?? new Uint8Array(), this.#finish ?? new Uint8Array()]
    const heard = readHsError(opened, waiting)
    if (!heard) return
    const higher = started && ((started.suite + 1) as Suite)
    // pairing.rekey.r3-error
    if (heard.index === 1) this.#drop()
    // pairing.rekey.suite-repeat
    const repeat = heard.code === 'suite-downgrade' && higher && hasSuite(this.#pairing().supported, higher)
    this.#failed(!repeat)
    if (repeat) void this.#start(higher)
  }

  /** For good. */
  close(): void {
    this.#over = true
    this.#clear()
    this.#begin.clear()
  }

  /** R3 may have arrived: the agent then no longer has the session that this side falls back to (pairing.rekey.drop-again). */
  #drop(): void {
    this.#insisting = true
    this.#output.dropped()
  }

  #failed(again = true): void {
    this.#clear()
    this.#failures++
    if (again && this.#insisting) this.trigger()
    else if (again) this.#output.failed()
  }

  #clear(): void {
    this.#started = undefined
    this.#finish = undefined
    this.#proven = undefined
    this.#timeout.clear()
    for (const cancel of this.#resends.splice(0)) cancel()
  }
}
