// The newest entry of an agent's journal that the person was shown, kept for the next start (rpc.journal.remembered).

import { JournalEpoch, JournalSeq } from '@happy-remote/schemas/rpc/journal.ts'
import { Type } from 'typebox'
import { Check } from 'typebox/value'
import { utf8 } from '../crypto/bytes.ts'
import type { Timers } from '../link/timers.ts'
import type { Store } from '../session/store.ts'
import type { Position } from './journal.ts'

/** Milliseconds: what is shown within them is one write. */
const DELAY = 1_000

const Content = Type.Object({ epoch: JournalEpoch, seq: JournalSeq })

export class JournalPlace {
  /** Where the person was when an earlier run ended; undefined at the first. */
  readonly before: Position | undefined
  readonly #store: Pick<Store, 'keep'>
  readonly #agent: Uint8Array
  readonly #timers: Timers
  #stopTimer: (() => void) | undefined
  #unsaved: Position | undefined

  /** `agent`: the 16 bytes of its deviceId. */
  constructor(store: Pick<Store, 'keptOf' | 'keep'>, agent: Uint8Array, timers: Timers) {
    this.#store = store
    this.#agent = agent
    this.#timers = timers
    this.before = read(store.keptOf('place', agent))
  }

  /** All up to this entry was shown. */
  shown({ epoch, seq }: Position): void {
    this.#unsaved = { epoch, seq }
    this.#stopTimer ??= this.#timers.after(DELAY, () => void this.save())
  }

  /** Resolves when it is on disk. A full disk is no reason to end: then some of it is called new once more. */
  async save(): Promise<void> {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    const place = this.#unsaved
    this.#unsaved = undefined
    if (!place) return
    await this.#store.keep('place', this.#agent, utf8(JSON.stringify(place))).catch((error) => {
      if (!(error instanceof DOMException) || error.name !== 'QuotaExceededError') throw error
    })
  }
}

function read(content: Uint8Array | undefined): Position | undefined {
  try {
    const place: unknown = content && JSON.parse(new TextDecoder().decode(content))
    return Check(Content, place) ? place : undefined
  } catch {
    return undefined
  }
}
