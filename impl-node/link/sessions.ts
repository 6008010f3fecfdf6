// The live sessions of one pairing: the current one, those it replaced, and at the controller the
// one that waits for its first message (spec/session.md).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { OpenedFrame, Session } from '../session/session.ts'

export interface Received {
  /** Null where the message opened and what it holds was refused: it counts, and is delivered to nobody. */
  readonly frame: OpenedFrame | null
  /** Overtaken, or of a session that was replaced by one which has spoken: never to be executed. */
  readonly late: boolean
  readonly session: Session
  readonly isCurrent: boolean
  /** Sessions of a pairing are numbered as they begin. */
  readonly sessionNumber: number
  /** Frames of the current session before this one have not arrived. */
  readonly missing: boolean
  /** The frame made the awaited session the current one. */
  readonly began: boolean
}

interface Numbered {
  readonly session: Session
  readonly number: number
}

export class Sessions {
  #current: Numbered | null = null
  #awaited: Numbered | null = null
  /** Receive-only, newest first; `until` is ms since 1970. */
  #replaced: (Numbered & { until: number })[] = []
  #count = 0
  /** A frame of the current session has opened: older sessions now deliver late frames only. */
  #currentHeard = false
  /** seq of the next frame of the current session, unless one is missing. */
  #expected = 0
  #skipLimitReached = false

  get current(): Session | null {
    return this.#current?.session ?? null
  }

  get awaited(): Session | null {
    return this.#awaited?.session ?? null
  }

  /** Since the current session began, a message was too far ahead to be opened. */
  get skipLimitReached(): boolean {
    return this.#skipLimitReached
  }

  /** The agent: R3 or M3 has verified. Both: the session was stored. */
  begin(session: Session, now: number): void {
    this.#replace({ session, number: this.#count++ }, now)
    this.#expected = session.ratchet.nextReceived
  }

  /** The controller: R3 or M3 is on its way; the old session stays in use until the new one speaks. */
  await(session: Session): void {
    this.#awaited = { session, number: this.#count++ }
    this.#eraseOldest()
  }

  /** pairing.rekey.third: the current one, the one that waits, and the newest of the replaced */
  #eraseOldest(): void {
    const kept = limits.sessions - (this.#current ? 1 : 0) - (this.#awaited ? 1 : 0)
    this.#replaced.length = Math.min(this.#replaced.length, kept)
  }

  giveUpAwaited(): void {
    this.#awaited = null
  }

  clear(): void {
    this.#current = this.#awaited = null
    this.#replaced = []
  }

  #replace(next: Numbered, now: number): void {
    if (this.#current) this.#replaced.unshift({ ...this.#current, until: now + limits.graceTime })
    this.#current = next
    this.#awaited = null
    this.#eraseOldest()
    this.#currentHeard = this.#skipLimitReached = false
    this.#expected = 0
  }

  /** Erases sessions whose grace is over. */
  expire(now: number): void {
    this.#replaced = this.#replaced.filter(({ until }) => until > now)
  }

  /** Opens a message in the session that its header MAC names. Throws ProtocolError, with no state changed. */
  open(message: Uint8Array, now: number): Received {
    this.expire(now)
    const live = [this.#current, this.#awaited, ...this.#replaced].filter((entry) => entry !== null)
    const found = live.find(({ session }) => session.ratchet.matches(message))
    // session.receive.header
    if (!found) throw new ProtocolError('header')
    const frame = this.#openFrame(found.session, message, now)
    const began = found === this.#awaited
    if (began) this.#replace(found, now)
    const isCurrent = found.session === this.#current?.session
    if (isCurrent) this.#currentHeard = true
    // pairing.rekey.grace-late
    const late = frame?.late === true || (!isCurrent && this.#currentHeard)
    const missing = this.#isMissing(frame, isCurrent)
    return { frame, late, session: found.session, isCurrent, sessionNumber: found.number, missing, began }
  }

  #isMissing(frame: OpenedFrame | null, isCurrent: boolean): boolean {
    if (!frame || !isCurrent || frame.late) return false
    const missing = frame.seq > this.#expected
    this.#expected = frame.seq + 1
    return missing
  }

  /** session.frame.refused: the ratchet has moved on, whatever the frame holds. */
  #openFrame(session: Session, message: Uint8Array, now: number): OpenedFrame | null {
    try {
      return session.open(message, now)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      if (error.code === 'padding' || error.code === 'type') return null
      if (error.code === 'skip-limit') this.#skipLimitReached = true
      throw error
    }
  }
}
