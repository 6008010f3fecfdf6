// The end of a pairing at the agent: what `pair.complete` says, and when it is said again (spec/pairing.md, The agent).

import { limits } from '@happy-remote/schemas/limits.ts'
import type { ControlMessage } from '@happy-remote/schemas/session.ts'
import { randomBytes } from '../crypto/primitives.ts'
import { deviceName } from './device-name.ts'

/** Lives until `pair.ack` comes, or its time is over. `now` is monotonic ms everywhere. */
export class PairComplete {
  readonly #agentName: string
  readonly #until: number
  #saidAt = 0
  /** versioning.feature.grease: nobody knows it, and everybody has to bear it. */
  readonly #grease = `unstable-grease-${Buffer.from(randomBytes(4)).toString('hex')}`

  /** `now`: the record is stored. */
  constructor(agentName: string, now: number) {
    this.#agentName = deviceName(agentName)
    this.#until = now + limits.pairAckTime
  }

  isOver(now: number): boolean {
    return now > this.#until
  }

  /** pairing.agent.complete */
  isDue(now: number): boolean {
    return !this.isOver(now) && now - this.#saidAt >= limits.completeRepeat
  }

  /** What is said now. */
  say(capabilities: readonly string[], now: number): ControlMessage {
    this.#saidAt = now
    return { type: 'pair.complete', capabilities: [...capabilities, this.#grease], agentName: this.#agentName }
  }
}
