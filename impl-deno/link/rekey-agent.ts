// The agent's side of rekeys: it answers R1, keeps a few unfinished runs and tries an R3 against each
// (spec/pairing.md, Rekey, Running).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type Bytes, copy, equal } from '../crypto/bytes.ts'
import type { Identity, KnownPeer } from '../crypto/identity.ts'
import { checkBundle } from '../session/bundle.ts'
import type { Clock } from '../session/clock.ts'
import type { Established } from '../session/handshake.ts'
import { type AgentRun, answerBundle, checkFinish } from '../session/handshake-agent.ts'
import { sealHsError } from '../session/hs-error.ts'
import type { Run } from '../session/run.ts'
import type { OpenedFrame } from '../session/wrap.ts'

/** What a rekey needs of a stored pairing, read anew for each message. */
export interface StoredPairing {
  readonly identity: Identity
  readonly supported: number
  readonly lastSuite: number
  readonly peer: KnownPeer
  /** The controller's route. */
  readonly peerRoute: Uint8Array
}

/** What an R1 or R3 led to: something to send, a session, or silence. */
export type RekeyStep =
  | { readonly kind: 'reply'; readonly reply: Bytes; readonly refused?: ProtocolError }
  | { readonly kind: 'established'; readonly established: Established }
  /** An R3 of the session that is current: another `hello` answers it (pairing.rekey.r3-repeated). */
  | { readonly kind: 'again' }
  | { readonly kind: 'nothing' }

/** An R1 that is to be taken once more after so many milliseconds (pairing.rekey.early). */
export interface EarlyBundle {
  readonly kind: 'early'
  readonly wait: number
}

interface Kept {
  readonly request: Bytes
  readonly answered: AgentRun
  readonly at: number
}

const NOTHING: RekeyStep = { kind: 'nothing' }

export class AgentRekeys {
  readonly #run: Run
  readonly #pairing: () => StoredPairing
  readonly #clock: Clock
  #kept: Kept[] = []
  #answeredAt = Number.NEGATIVE_INFINITY
  #current: Bytes | undefined

  constructor(run: Run, pairing: () => StoredPairing, clock: Clock) {
    this.#run = run
    this.#pairing = pairing
    this.#clock = clock
  }

  /** Takes an R1 that opened. */
  async bundle(opened: OpenedFrame): Promise<RekeyStep | EarlyBundle> {
    this.#expire()
    // pairing.rekey.repeat
    const known = this.#kept.find(({ request }) => equal(request, opened.frame))
    if (known) return { kind: 'reply', reply: known.answered.answer }
    // pairing.rekey.rate: those answered with R2 count
    const wait = this.#answeredAt + limits.rekeyRate - this.#clock.monotonic()
    if (wait > 0) return { kind: 'early', wait }
    const { identity, supported, lastSuite, peer, peerRoute } = this.#pairing()
    try {
      const policy = {
        from: peerRoute,
        offered: supported,
        lastSuite,
        ownDeviceId: identity.deviceId,
        known: () => peer,
      }
      const bundle = await checkBundle(opened.suite, opened.body, policy)
      const answered = await answerBundle(this.#run, bundle, identity)
      const at = this.#clock.monotonic()
      this.#answeredAt = at
      // pairing.rekey.runs
      this.#kept = [...this.#kept, { request: opened.frame, answered, at }].slice(-limits.rekeyRuns)
      return { kind: 'reply', reply: answered.answer }
    } catch (error) {
      return this.#refuse(opened, error)
    }
  }

  /** Takes an R3 that opened. */
  async finish(opened: OpenedFrame): Promise<RekeyStep> {
    if (this.#current && equal(this.#current, opened.frame)) return { kind: 'again' }
    this.#expire()
    let refusal: unknown
    for (const [index, { answered }] of this.#kept.entries()) {
      try {
        const established = await checkFinish(answered, opened)
        this.#current = copy(opened.frame)
        // pairing.rekey.runs-older: an R3 that was held back must not displace this session
        this.#kept = this.#kept.slice(index + 1)
        return { kind: 'established', established }
      } catch (error) {
        refusal = error
      }
    }
    // pairing.rekey.r3-refused
    return this.#kept.length > 0 ? this.#refuse(opened, refusal) : NOTHING
  }

  /** pairing.hs-error.rekey */
  async #refuse(opened: OpenedFrame, error: unknown): Promise<RekeyStep> {
    if (!(error instanceof ProtocolError)) throw error
    return { kind: 'reply', reply: await sealHsError(opened.frame, error.code, this.#run.secret), refused: error }
  }

  #expire(): void {
    const now = this.#clock.monotonic()
    this.#kept = this.#kept.filter(({ at }) => now - at < limits.rekeyRunTtl)
  }
}
