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
import { unwrap, wrapError, wrapRekeyAsk } from '../session/wrap.ts'

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

  /**
   * `now` is monotonic ms. A frame that is not sealed for this pairing is met with silence. Answers with the ms after
   * which an R1 that came too early is to be given once more; 0 for any other (pairing.rekey.early).
   */
  onR1(frame: Uint8Array, from: Uint8Array, now: number): number {
    this.#runs = this.#runs.filter(({ at }) => now - at < limits.rekeyRunTtl)
    const known = this.#runs.find(({ r1 }) => equal(r1, frame))
    if (known) {
      this.#hooks.send(known.answered.frame)
      return 0
    }
    const record = this.#hooks.record()
    const r1 = new Uint8Array(frame)
    const opened = openM1(rekeySecret(record), r1)
    // pairing.rekey.rate
    const wait = this.#lastAnswer + limits.rekeyRate - now
    if (wait > 0) return wait
    try {
      const answered = answerM1(opened, {
        identity: this.#hooks.identity,
        from,
        offered: SUITE_BITS,
        pinned: record.peer,
        leastSuite: record.suite,
        ...(this.#hooks.random && { random: this.#hooks.random }),
      })
      this.#lastAnswer = now
      // pairing.rekey.runs
      this.#runs = [...this.#runs, { r1, answered, at: now }].slice(-limits.rekeyRuns)
      this.#hooks.send(answered.frame)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#refuse(r1, error)
    }
    return 0
  }

  onR3(frame: Uint8Array, now: number): void {
    // pairing.rekey.r3-repeated
    if (this.#lastR3 && equal(this.#lastR3, frame)) {
      this.#hooks.repeated()
      return
    }
    this.#runs = this.#runs.filter(({ at }) => now - at < limits.rekeyRunTtl)
    if (this.#runs.length === 0) return
    // pairing.hs-error.silent: what does not open under PPK is met with silence, whatever it claims to be
    unwrap(this.#hooks.record().pairingKey, frame)
    const r3 = new Uint8Array(frame)
    let failure: ProtocolError | null = null
    for (const [index, run] of [...this.#runs.entries()].toReversed()) {
      let completed: CompletedRun
      try {
        completed = completeRun(run.answered, r3, this.#hooks.random)
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        failure = error
        continue
      }
      this.#hooks.completed(completed)
      this.#lastR3 = r3
      // pairing.rekey.runs-older: this run and the older ones; a younger one may still be completed
      this.#runs = this.#runs.slice(index + 1)
      return
    }
    // pairing.rekey.r3-refused
    if (failure) this.#refuse(r3, failure)
  }

  /** pairing.hs-error.rekey: a failure of what was sealed for this pairing is told, wrapped. */
  #refuse(frame: Uint8Array, error: ProtocolError): void {
    const { record, random, send } = this.#hooks
    send(wrapError(record().pairingKey, frame, error.code, random))
  }
}
