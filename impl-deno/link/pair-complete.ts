// The agent's last step of a pairing: it says `pair.complete` until it is heard (spec/pairing.md, The agent).

import { limits } from '@happy-remote/schemas/limits.ts'
import { Alarm, type Timers } from './timers.ts'

export class PairComplete {
  readonly #say: () => void
  readonly #repeat: Alarm
  readonly #end: Alarm
  #over = false

  /** Begins at once; `ended` is told after 10 s without `pair.ack`: the pairing counts all the same. */
  constructor(timers: Timers, say: () => void, ended: () => void) {
    this.#say = say
    this.#repeat = new Alarm(timers)
    this.#end = new Alarm(timers)
    this.#end.set(limits.pairAckTime, () => {
      this.stop()
      ended()
    })
    this.#again()
  }

  /** pairing.agent.complete: at once, every 2 s, and after each reconnect */
  #again(): void {
    this.#say()
    this.#repeat.set(limits.completeRepeat, () => this.#again())
  }

  reconnected(): void {
    if (!this.#over) this.#again()
  }

  /** It was heard, or nobody waits any more. */
  get isOver(): boolean {
    return this.#over
  }

  /** `pair.ack` is here, or the connection ends. */
  stop(): void {
    this.#over = true
    this.#repeat.clear()
    this.#end.clear()
  }
}
