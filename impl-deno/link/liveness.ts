// Whether the peer is there: hello, acknowledgements, and the silence that means away (spec/session.md, Freshness, Window).

import { limits } from '@happy-remote/schemas/limits.ts'
import type { Session } from '../session/session.ts'
import { Alarm, type Timers } from './timers.ts'

export interface LivenessOutput {
  sayHello(): void
  sayAck(): void
  /** The peer has become away, or is back. `lost`: it was not there, by the relay's word, and may be another run now. */
  changed(away: boolean, lost: boolean): void
}

export class Liveness {
  readonly #timers: Timers
  readonly #output: LivenessOutput
  readonly #hello: Alarm
  readonly #ack: Alarm
  readonly #stall: Alarm
  #online = false
  #isLost = true
  /** session.window.stall */
  #isSilent = false
  #away = true
  #heardAt = Number.NEGATIVE_INFINITY
  #departures = 0
  /** How many there had been when what opened last came. */
  #heardAfter = -1
  /** The session whose acknowledgements are watched, and how far they had come. */
  #watched: { session: Session; acknowledged: number } | undefined

  constructor(timers: Timers, output: LivenessOutput) {
    this.#timers = timers
    this.#output = output
    this.#hello = new Alarm(timers)
    this.#ack = new Alarm(timers)
    this.#stall = new Alarm(timers)
  }

  /** What the relay says; a hint. */
  get online(): boolean {
    return this.#online
  }

  /** Nothing but hello, REKEY_ASK and handshake messages is sent now. */
  get away(): boolean {
    return this.#away
  }

  /** By the relay's word, or by an authentic frame of the last 60 s. */
  get present(): boolean {
    return this.#online || this.#timers.monotonic() - this.#heardAt < limits.presenceFresh
  }

  /** Milliseconds of the monotonic clock. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** Heard in the last 10 s, and not gone since (pairing.rekey-ask.quiet, pairing.rekey-ask.back). */
  get isAlive(): boolean {
    return this.#heardAfter === this.#departures && this.#timers.monotonic() - this.#heardAt < limits.rekeyAskQuiet
  }

  /** A peer that has fallen silent is heard before it counts as back: the word of the relay is no sign of it. */
  relaySays(online: boolean): void {
    this.#online = online
    this.#isLost = !online
    if (!online) this.#departures++
    this.#update()
    if (online) this.#beat()
  }

  /** relay.failed.client */
  deliveryFailed(): void {
    this.#online = false
    this.#isLost = true
    this.#update()
  }

  /** How often the relay has said that it is not there. */
  get departures(): number {
    return this.#departures
  }

  /** An authentic frame has opened; `came`: what `departures` was when it came. */
  opened(came: number): void {
    this.#heardAt = this.#timers.monotonic()
    this.#heardAfter = came
  }

  /** What it holds, of `session`, was taken; `current` says whether answers go there. */
  heard(session: Session, current: boolean): void {
    // What came of a peer that has gone meanwhile brings nobody back.
    if (this.#heardAfter === this.#departures) this.#isLost = this.#isSilent = false
    this.#update()
    if (!this.#hello.isSet) this.#beat()
    if (current) this.#acknowledge(session)
    this.#watch(session)
  }

  /** A frame of `session` was sent. */
  sent(session: Session): void {
    this.#ack.clear()
    if (!this.#stall.isSet) this.#watch(session)
  }

  /** Another session is current: what was owed in the old one is not owed here. */
  switched(): void {
    this.#ack.clear()
    this.#stall.clear()
    this.#watched = undefined
  }

  close(): void {
    for (const alarm of [this.#hello, this.#ack, this.#stall]) alarm.clear()
  }

  #update(): void {
    const away = this.#isLost || this.#isSilent
    if (away === this.#away) return
    this.#away = away
    this.#output.changed(away, this.#isLost)
  }

  /** session.hello.interval */
  #beat(): void {
    this.#hello.set(limits.helloEvery, () => {
      if (!this.present) return
      this.#beat()
      this.#output.sayHello()
    })
  }

  /** session.window.ack */
  #acknowledge(session: Session): void {
    const { due } = session.ackDuty
    if (due === undefined) return
    if (due <= this.#timers.monotonic()) {
      this.#ack.clear()
      this.#output.sayAck()
    } else if (!this.#ack.isSet) this.#ack.set(due - this.#timers.monotonic(), () => this.#output.sayAck())
  }

  /** session.window.stall, for frames that the peer has to acknowledge */
  #watch(session: Session): void {
    if (!session.unanswered) {
      this.#stall.clear()
      this.#watched = undefined
      return
    }
    const { acknowledged } = session
    if (this.#stall.isSet && this.#watched?.session === session && this.#watched.acknowledged === acknowledged) return
    this.#watched = { session, acknowledged }
    this.#expect(limits.ackStall)
  }

  #expect(delay: number): void {
    this.#stall.set(delay, () => {
      const left = this.#heardAt + limits.ackStall - this.#timers.monotonic()
      if (left > 0) this.#expect(left)
      else {
        this.#isSilent = true
        this.#update()
      }
    })
  }
}
