// How the agent asks for another session: inside the one that there is, and by REKEY_ASK (spec/pairing.md).

import { limits } from '@happy-remote/schemas/limits.ts'
import type { RekeyReason } from '@happy-remote/schemas/pairing.ts'

export interface RekeyAsksHooks {
  /** Says `rekey` in the present session; false where that cannot be sent, or would not be heard. */
  inside(): boolean
  /** Sends REKEY_ASK. */
  outside(reason: RekeyReason): void
}

/** `now` is monotonic ms everywhere. */
export class RekeyAsks {
  readonly #hooks: RekeyAsksHooks
  #askedAt = Number.NEGATIVE_INFINITY
  /** Why it was asked for inside the session, as long as that has brought no R1. */
  #unanswered: RekeyReason | null = null

  constructor(hooks: RekeyAsksHooks) {
    this.#hooks = hooks
  }

  ask(reason: RekeyReason, now: number): void {
    this.#askedAt = now
    // pairing.rekey.ask
    const inside = this.#hooks.inside()
    // pairing.rekey.ask-unanswered
    if (!inside || this.#unanswered) this.#hooks.outside(reason)
    this.#unanswered = inside ? reason : null
  }

  /** Asks again where there is a reason, and where the last one has not been answered, whatever it was. */
  tick(reason: RekeyReason | null, now: number): void {
    const present = this.#unanswered ?? reason
    // pairing.rekey-ask.again
    if (present && now - this.#askedAt >= limits.rekeyGap) this.ask(present, now)
  }

  /** An R1 came, or another session has begun. */
  answered(): void {
    this.#unanswered = null
  }
}
