// The pause of the agent: who began it, what it refuses, and when it is over (spec/rpc.md, Pausing).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Pause as PauseFacts } from '@happy-remote/schemas/rpc/pause.ts'
import { type MethodName, methods, type Params } from '@happy-remote/schemas/rpc/registry.ts'
import type { Clock } from '../session/clock.ts'

/** Where the pause that lasts is kept (rpc.pause.kept); what was set has reached the disk when it returns. */
export interface PausePlace {
  readonly pause: PauseFacts | null
  setPause(pause: PauseFacts | null): void
}

export interface PauseEvents {
  paused(pause: PauseFacts): void
  resumed(end: PauseFacts): void
  /** It has begun, or is over: then null. */
  changed(lasting: PauseFacts | null): void
}

/** Commands that only stop something, and those of the pause itself. */
const ALWAYS: readonly MethodName[] = ['session.pause', 'session.resume', 'session.revoke', 'claude.cancel']

export class Pause {
  readonly #place: PausePlace
  readonly #clock: Clock
  readonly #events: PauseEvents
  #lasting: PauseFacts | null

  constructor(place: PausePlace, clock: Clock, events: PauseEvents) {
    this.#place = place
    this.#clock = clock
    this.#events = events
    this.#lasting = place.pause
  }

  /** The pause that lasts. */
  get lasting(): PauseFacts | null {
    return this.#lasting
  }

  /** The pause that has begun now, or lasts already. `by` is a device id or `local` (rpc.pause.begin). */
  begin(by: string): PauseFacts {
    if (this.#lasting) return this.#lasting
    const pause = { pauseId: crypto.randomUUID(), by, at: this.#clock.wall() }
    this.#place.setPause(pause)
    this.#lasting = pause
    // rpc.pause.told
    this.#events.paused(pause)
    this.#events.changed(pause)
    return pause
  }

  /** Throws ProtocolError `not-found` where no pause of this id lasts (rpc.pause.unknown). */
  end(pauseId: string, by: string): void {
    if (this.#lasting?.pauseId !== pauseId) {
      throw new ProtocolError('not-found', 'Cannot resume: there is no pause of this id')
    }
    this.#place.setPause(null)
    this.#lasting = null
    this.#events.resumed({ pauseId, by, at: this.#clock.wall() })
    this.#events.changed(null)
  }

  /** Throws ProtocolError `paused`. `isAllowing`: whether an answer allows what was asked (rpc.pause.refuses). */
  check(name: MethodName, params: object, isAllowing: (answer: Params<'permission.answer'>) => boolean): void {
    if (!this.#lasting || methods[name].kind === 'read' || ALWAYS.includes(name)) return
    if (name === 'permission.answer' && !isAllowing(params as Params<'permission.answer'>)) return
    if (name === 'question.answer' && (params as Params<'question.answer'>).answers === null) return
    throw new ProtocolError('paused', 'Cannot do it: the agent is paused')
  }
}
