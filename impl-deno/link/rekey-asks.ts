// How an agent asks for another session: by `rekey` inside the one that it has, by REKEY_ASK where it has
// none or is not heard (spec/pairing.md, When, REKEY_ASK).

import { limits } from '@happy-remote/schemas/limits.ts'
import type { RekeyReason } from '@happy-remote/schemas/pairing.ts'
import { Alarm, type Timers } from './timers.ts'

export interface AskOutput {
  /** The control message `rekey`, in the present session. */
  sayRekey(): void
  sendAsk(reason: RekeyReason): void
  /** Whether the relay shows the peer as online. */
  isOnline(): boolean
}

export class RekeyAsks {
  readonly #output: AskOutput
  readonly #alarm: Alarm
  #asked = false

  constructor(timers: Timers, output: AskOutput) {
    this.#output = output
    this.#alarm = new Alarm(timers)
  }

  /** pairing.rekey.ask, pairing.rekey.ask-unanswered */
  withSession(reason: RekeyReason): void {
    if (this.#asked) return
    this.#asked = true
    this.#output.sayRekey()
    this.#alarm.set(limits.rekeyGap, () => {
      this.#asked = false
      this.#output.sendAsk(reason)
    })
  }

  /** pairing.rekey-ask.when, pairing.rekey-ask.again */
  withoutSession(): void {
    this.#output.sendAsk('no-session')
    this.#alarm.set(limits.rekeyGap, () => {
      if (this.#output.isOnline()) this.withoutSession()
    })
  }

  /** An R1 is here; where there is a session, it is what was asked for. */
  answered(hasSession: boolean): void {
    this.#asked = false
    if (hasSession) this.#alarm.clear()
  }

  /** Another session is current, or the link is closed. */
  clear(): void {
    this.#asked = false
    this.#alarm.clear()
  }
}
