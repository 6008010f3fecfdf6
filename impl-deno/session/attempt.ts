// One pairing code at the agent, from showing it to the right digits (spec/pairing.md, M1, The agent).
// It decides what is answered and when the attempt is over; timers and storage are its owner's.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { HANDSHAKE_TYPES } from '@happy-remote/schemas/pairing.ts'
import { type Bytes, equal, utf8 } from '../crypto/bytes.ts'
import type { Identity } from '../crypto/identity.ts'
import { type BundlePolicy, checkBundle } from './bundle.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Established } from './handshake.ts'
import { type AgentRun, answerBundle, checkFinish } from './handshake-agent.ts'
import { readHsError, sealHsError } from './hs-error.ts'
import { Queue } from './queue.ts'
import { pairingRun, type Run } from './run.ts'
import { type OpenedFrame, openHandshake } from './wrap.ts'

export interface Offer {
  /** Payload of the code. */
  readonly payload: Uint8Array
  readonly pairingSecret: Uint8Array
  /** Seconds since 1970. */
  readonly expiry: number
  readonly suites: number
  readonly identity: Identity
  readonly known: BundlePolicy['known']
}

/** What a frame led to. `reply` is sent to where the frame came from. */
export type AttemptStep =
  | { readonly kind: 'answered'; readonly reply: Bytes; readonly run: AgentRun; readonly repeated: boolean }
  | { readonly kind: 'verified'; readonly established: Established }
  | { readonly kind: 'refused'; readonly error: ProtocolError; readonly reply: Bytes | null }

const { M1, M3, HS_ERROR } = HANDSHAKE_TYPES

export class PairingAttempt {
  readonly #offer: Offer
  readonly #clock: Clock
  readonly #run: Run
  readonly #queue = new Queue()
  #state: 'shown' | 'answered' | 'verified' | 'over' = 'shown'
  #failures = 0
  #wrongDigits = 0
  #taken: Bytes | undefined
  #answered: AgentRun | undefined
  #established: Established | undefined
  /** The last message of the controller that opened; an end of the attempt answers it. */
  #last: Bytes | undefined

  constructor(offer: Offer, clock: Clock = systemClock) {
    this.#offer = offer
    this.#clock = clock
    this.#run = pairingRun(offer.payload, new Uint8Array(offer.pairingSecret))
  }

  get state(): 'shown' | 'answered' | 'verified' | 'over' {
    return this.#state
  }

  /** Takes the payload of a routed frame on the code's route, one at a time. */
  receive(frame: Uint8Array, from: Uint8Array): Promise<AttemptStep> {
    return this.#queue.run(async () => {
      try {
        return await this.#step(frame, from)
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        return { kind: 'refused', error, reply: null }
      }
    })
  }

  async #step(frame: Uint8Array, from: Uint8Array): Promise<AttemptStep> {
    if (this.#state === 'over') throw new ProtocolError('pair-expired', 'Cannot pair: the attempt is over')
    if (this.#state === 'shown') {
      // pairing.m1.expired; once the code is taken its expiry means nothing
      if (this.#clock.wall() / 1_000 > this.#offer.expiry) {
        throw new ProtocolError('pair-expired', 'Cannot pair: the code has expired')
      }
      const opened = await this.#open(frame, [M1]).catch((error) => {
        // pairing.m1.failures
        if (++this.#failures >= limits.openFailures) this.#erase()
        throw error
      })
      return this.#bundle(opened, from)
    }
    const opened = await this.#open(frame, [M1, M3, HS_ERROR])
    if (opened.type === HS_ERROR) return this.#hsError(opened)
    if (opened.type === M1) return this.#again(opened)
    return this.#finish(opened)
  }

  #open = (frame: Uint8Array, types: readonly number[]) => openHandshake(frame, this.#run.secret, types)

  /** The first M1 that opens takes the code, whatever else is wrong with it (pairing.m1.single-use). */
  async #bundle(opened: OpenedFrame, from: Uint8Array): Promise<AttemptStep> {
    this.#taken = opened.frame
    this.#last = opened.frame
    const { identity, suites, known } = this.#offer
    try {
      const policy = { from, offered: suites, lastSuite: 0, ownDeviceId: identity.deviceId, known }
      const bundle = await checkBundle(opened.suite, opened.body, policy)
      this.#answered = await answerBundle(this.#run, bundle, identity)
    } catch (error) {
      return this.#refuse(error)
    }
    this.#state = 'answered'
    return { kind: 'answered', reply: this.#answered.answer, run: this.#answered, repeated: false }
  }

  async #again(opened: OpenedFrame): Promise<AttemptStep> {
    // pairing.m1.repeat
    if (this.#answered && equal(opened.frame, this.#taken as Bytes)) {
      return { kind: 'answered', reply: this.#answered.answer, run: this.#answered, repeated: true }
    }
    const error = new ProtocolError('pair-busy', 'Cannot accept M1: another device has used this code')
    return { kind: 'refused', error, reply: await sealHsError(opened.frame, error.code, this.#run.secret) }
  }

  async #finish(opened: OpenedFrame): Promise<AttemptStep> {
    // pairing.agent.repeated-m3
    if (this.#state === 'verified') throw new ProtocolError('type', 'Cannot accept M3: it was accepted before')
    this.#last = opened.frame
    try {
      this.#established = await checkFinish(this.#answered as AgentRun, opened)
    } catch (error) {
      return this.#refuse(error)
    }
    this.#state = 'verified'
    return { kind: 'verified', established: this.#established }
  }

  #hsError(opened: OpenedFrame): AttemptStep {
    const heard = readHsError(opened, [(this.#answered as AgentRun).answer])
    if (!heard) throw new ProtocolError('type', 'Cannot take an HS_ERROR that answers nothing')
    // pairing.agent.hs-error
    this.#erase()
    return { kind: 'refused', error: new ProtocolError(heard.code), reply: null }
  }

  /** pairing.agent.refused, pairing.agent.abort-answer */
  async #refuse(error: unknown): Promise<AttemptStep> {
    if (!(error instanceof ProtocolError)) throw error
    return { kind: 'refused', error, reply: await this.#end(error.code) }
  }

  async #end(code: string): Promise<Bytes | null> {
    const reply = this.#last ? await sealHsError(this.#last, code, this.#run.secret) : null
    this.#erase()
    return reply
  }

  /** Ends the attempt, by time or by the person; what is to be sent, if the controller is to hear of it. */
  end(code: 'pair-expired' | 'rejected'): Promise<Bytes | null> {
    return this.#queue.run(async () => (this.#state === 'over' ? null : this.#end(code)))
  }

  /**
   * Compares the digits that the person typed. True is the pairing; the third wrong try ends the
   * attempt (pairing.sas.typed, pairing.sas.tries), and `reply` is then to be sent.
   */
  typed(digits: string): Promise<{ readonly right: boolean; readonly reply: Bytes | null }> {
    return this.#queue.run(async () => {
      const expected = this.#established?.digits
      if (this.#state !== 'verified' || !expected) return { right: false, reply: null }
      if (equal(utf8(digits.replaceAll(' ', '')), utf8(expected))) return { right: true, reply: null }
      this.#wrongDigits++
      return { right: false, reply: this.#wrongDigits < limits.sasTries ? null : await this.#end('sas-mismatch') }
    })
  }

  /** pairing.agent.abort, pairing.qr.erase */
  #erase(): void {
    this.#state = 'over'
    this.#answered = undefined
    this.#established = undefined
    this.#run.secret.fill(0)
  }
}
