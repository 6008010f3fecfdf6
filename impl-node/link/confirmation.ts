// The end of a pairing at the controller: M3 again until the agent speaks, what `pair.complete` confirms, and how long
// the record may wait for it (spec/pairing.md, The controller).

import { isCapability } from '@happy-remote/schemas/constants.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { ControlMessage } from '@happy-remote/schemas/session.ts'
import { deviceName } from './device-name.ts'
import type { LiveRecord } from './live-record.ts'

/** ms after the first sending of M3. */
const REPEATS = [2_000, 4_000, 8_000, 16_000]

type PairComplete = Extract<ControlMessage, { type: 'pair.complete' }>

export interface ConfirmationOptions {
  readonly record: LiveRecord
  /** The own device's. */
  readonly name: string
  /** M3 of the pairing run, where it has just ended. */
  readonly proof: Uint8Array | undefined
  /** Monotonic ms, where the pairing run has just ended; null where the record comes from the store. */
  readonly runEndedAt: number | null
  /** False where it could not be sent. */
  sendProof(proof: Uint8Array): boolean
  /** Says `pair.ack`. */
  acknowledge(ack: ControlMessage): void
}

/** `now` is monotonic ms everywhere. */
export class Confirmation {
  readonly #options: ConfirmationOptions
  #proof: Uint8Array | undefined
  /** Null before the first sending. */
  #resendAt: readonly number[] | null = null

  constructor(options: ConfirmationOptions) {
    this.#options = options
    this.#proof = options.proof
  }

  /** pairing.controller.m3-resend: unchanged, 2, 4, 8 and 16 s after its first sending, and on each connection. */
  sendProof(now: number): void {
    if (!this.#proof || !this.#options.sendProof(this.#proof)) return
    this.#resendAt = this.#resendAt?.filter((at) => at > now) ?? REPEATS.map((delay) => now + delay)
  }

  tick(now: number): void {
    if (this.#resendAt?.some((at) => now >= at)) this.sendProof(now)
  }

  /** The agent has spoken: it has M3. */
  heard(): void {
    this.#proof = undefined
  }

  /** `pair.complete` came. True where it has confirmed the record. */
  completed({ agentName, capabilities }: PairComplete): boolean {
    const { record, name, acknowledge } = this.#options
    const { state, ...known } = record.now
    // session.control.capabilities
    const allowed = capabilities.filter(isCapability)
    if (state !== 'stored' || known.peerName !== agentName || `${known.capabilities}` !== `${allowed}`) {
      record.confirm({ capabilities: allowed, peerName: agentName })
    }
    // pairing.controller.ack
    acknowledge({ type: 'pair.ack', deviceName: deviceName(name) })
    return state !== 'stored'
  }

  /** pairing.controller.complete-time: a rekey is to confirm what `pair.complete` has not. */
  isOverdue(now: number): boolean {
    const { runEndedAt } = this.#options
    return runEndedAt !== null && now >= runEndedAt + limits.completeTime
  }

  /** pairing.controller.delete-unconfirmed; `wall` is ms since 1970. */
  isExpired(wall: number): boolean {
    return wall - this.#options.record.now.createdAt > limits.unconfirmedTtl
  }
}
