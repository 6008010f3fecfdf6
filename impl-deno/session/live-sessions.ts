// The live sessions of one pairing: the current one, the replaced one in its grace, and at a
// controller one that waits for its first message (spec/session.md, Receiving; spec/pairing.md, Switching).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type Clock, systemClock } from './clock.ts'
import { parseMessage, peerOf, type Role } from './message.ts'
import type { Opened, Session } from './session.ts'

interface Live {
  readonly session: Session
  /** Grows with each session of the pairing; orders challenges. */
  readonly order: number
  /** When a replaced or waiting session ends, in milliseconds of the monotonic clock. */
  readonly until: number
}

export interface Received extends Opened {
  /** Of the session among those of the pairing; see `Echo`. */
  readonly order: number
  /** This message made its session the current one. */
  readonly switched: boolean
}

export class LiveSessions {
  readonly #role: Role
  readonly #clock: Clock
  #current: Live | undefined
  #replaced: Live[] = []
  #waiting: Live | undefined
  #orders = 0
  /** The highest order of which this side has opened a message. */
  #heard = -1

  constructor(role: Role, clock: Clock = systemClock) {
    this.#role = role
    this.#clock = clock
  }

  get current(): Session | undefined {
    return this.#current?.session
  }

  get waiting(): Session | undefined {
    this.expire()
    return this.#waiting?.session
  }

  get size(): number {
    return this.#all().length
  }

  /** An agent that has verified R3, or an endpoint that has paired: at once (pairing.rekey.agent-switch). */
  switchTo(session: Session): void {
    this.#makeCurrent({ session, order: this.#orders++, until: Number.POSITIVE_INFINITY })
  }

  /** A controller that has sent R3: once a message of it has opened (pairing.rekey.controller-wait). */
  await(session: Session): void {
    this.#drop(this.#waiting)
    this.#waiting = { session, order: this.#orders++, until: this.#clock.monotonic() + limits.graceTime }
    this.#limit()
  }

  /** Opens a message in the session that its header tag names. Throws a ProtocolError; then nothing has changed. */
  async receive(frame: Uint8Array): Promise<Received> {
    const message = parseMessage(frame, peerOf(this.#role))
    this.expire()
    const live = this.#all().find(({ session }) => session.matches(message))
    // session.receive.header
    if (!live) throw new ProtocolError('header', 'Cannot open a message: its tag fits no live session')
    const opened = await live.session.receive(message)
    const switched = live === this.#waiting
    if (switched) {
      this.#waiting = undefined
      this.#makeCurrent(live)
    }
    // pairing.rekey.grace-late
    const older = this.#role === 'agent' && live.order < this.#heard
    this.#heard = Math.max(this.#heard, live.order)
    return { ...opened, late: opened.late || older, order: live.order, switched }
  }

  /** Ends what has had its time (pairing.rekey.grace, pairing.rekey.drop). */
  expire(): void {
    const now = this.#clock.monotonic()
    for (const live of [...this.#replaced, this.#waiting]) if (live && live.until <= now) this.#drop(live)
  }

  /** Ends the waiting session: its run has failed. */
  dropWaiting(): void {
    this.#drop(this.#waiting)
  }

  /** Ends all sessions, as a revocation does. */
  erase(): void {
    for (const live of this.#all()) this.#drop(live)
  }

  #all = (): Live[] => [this.#waiting, this.#current, ...this.#replaced].filter((live) => live !== undefined)

  #makeCurrent(live: Live): void {
    const before = this.#current
    this.#current = { ...live, until: Number.POSITIVE_INFINITY }
    if (before) this.#replaced.unshift({ ...before, until: this.#clock.monotonic() + limits.graceTime })
    this.#limit()
  }

  /** pairing.rekey.third */
  #limit(): void {
    const excess = this.#all().length - limits.sessions
    for (const live of excess > 0 ? this.#replaced.slice(-excess) : []) this.#drop(live)
  }

  #drop(live: Live | undefined): void {
    if (!live) return
    this.#replaced = this.#replaced.filter((other) => other !== live)
    if (this.#waiting === live) this.#waiting = undefined
    if (this.#current === live) this.#current = undefined
    void live.session.erase()
  }
}
