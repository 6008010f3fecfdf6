// The agent's side of a rekey: answers R1, verifies R3, and asks when it has no session (spec/pairing.md).

import { SUITE_BITS } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { RekeyReason } from '@happy-remote/schemas/pairing.ts'
import type { Identity } from '../crypto/identity.ts'
import { equal, type Random } from '../crypto/primitives.ts'
import { type AnsweredRun, answerM1, type CompletedRun, completeRun, openM1 } from '../session/initiator.ts'
import type { PairingRecord } from '../session/record.ts'
import type { RunSecret } from '../session/schedule.ts'
import { headOf, wrapError, wrapRekeyAsk } from '../session/wrap.ts'

export interface RekeyAgentHooks {
  readonly identity: Identity
  readonly random?: Random | undefined
  record(): PairingRecord
  send(frame: Uint8Array): void
  /** R3 has verified: the session is live. */
  completed(run: CompletedRun): void
  /** The R3 of the session that is live came again. */
  repeated(): void
}

interface Unfinished {
  readonly r1: Uint8Array
  readonly answered: AnsweredRun
  readonly at: number
}

export const rekeySecret = (record: PairingRecord): RunSecret => ({
  mode: 'rekey',
  secret: record.pairingKey,
  context: record.pairingId,
})

export class RekeyAgent {
  readonly #hooks: RekeyAgentHooks
  #runs: Unfinished[] = []
  #lastAnswer = Number.NEGATIVE_INFINITY
  #lastR3: Uint8Array | null = null

  constructor(hooks: RekeyAgentHooks) {
    this.#hooks = hooks
  }

  ask(reason: RekeyReason): void {
    const { random, record, send } = this.#hooks
    send(wrapRekeyAsk(record().pairingKey, record().suite, reason, random))
  }

  /** `now` is monotonic ms. A frame that is not sealed for this pairing is met with silence. */
  onR1(frame: Uint8Array, from: Uint8Array, now: number): void {
    this.#runs = this.#runs.filter(({ at }) => now - at < limits.rekeyRunTtl)
    const known = this.#runs.find(({ r1 }) => equal(r1, frame))
    if (known) {
      this.#hooks.send(known.answered.frame)
      return
    }
    // pairing.rekey.rate
    if (now - this.#lastAnswer < limits.rekeyRate) return
    const record = this.#hooks.record()
    const r1 = new Uint8Array(frame)
    const opened = openM1(rekeySecret(record), r1)
    this.#lastAnswer = now
    try {
      const answered = answerM1(opened, {
        identity: this.#hooks.identity,
        from,
        offered: SUITE_BITS,
        pinned: record.peer,
        leastSuite: record.suite,
        ...(this.#hooks.random && { random: this.#hooks.random }),
      })
      this.#runs = [...this.#runs, { r1, answered, at: now }].slice(-limits.rekeyRuns)
      this.#hooks.send(answered.frame)
    } catch (error) {
      this.#refuse(r1, error)
    }
  }

  onR3(frame: Uint8Array, now: number): void {
    if (this.#lastR3 && equal(this.#lastR3, frame)) {
      this.#hooks.repeated()
      return
    }
    this.#runs = this.#runs.filter(({ at }) => now - at < limits.rekeyRunTtl)
    let failure: unknown
    for (const run of this.#runs.toReversed()) {
      try {
        const completed = completeRun(run.answered, frame, this.#hooks.random)
        this.#lastR3 = new Uint8Array(frame)
        this.#runs = []
        this.#hooks.completed(completed)
        return
      } catch (error) {
        failure = error
      }
    }
    if (failure) this.#refuse(new Uint8Array(frame), failure)
  }

  /** A failure of what was sealed for this pairing is told, wrapped; anything else is silence. */
  #refuse(frame: Uint8Array, error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error
    if (error.code === 'decrypt') return
    const { record, random, send } = this.#hooks
    headOf(frame)
    send(wrapError(record().pairingKey, frame, error.code, random))
  }
}
