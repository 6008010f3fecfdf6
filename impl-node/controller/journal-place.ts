// The newest entry of an agent's journal that the person has seen, kept for the next start (rpc.journal.remembered).

import { JournalEpoch, JournalSeq } from '@happy-remote/schemas/rpc/journal.ts'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { deviceIdOf } from '../crypto/identity.ts'
import type { PairingRecord } from '../session/record.ts'
import { DiskFull, type Store } from '../session/store.ts'
import type { JournalPosition } from './journal.ts'

/** ms within which what was shown is on disk: one write a second, however much is shown. */
const DELAY = 1_000

const Place = Type.Object({ epoch: JournalEpoch, seq: JournalSeq })
const placeValidator = Compile(Place)

export class JournalPlace {
  readonly #store: Pick<Store, 'loadPlace' | 'savePlace'>
  readonly #agent: Uint8Array
  #unsaved: JournalPosition | null = null
  #timer: NodeJS.Timeout | undefined
  /** That of an earlier run; null where there is none. */
  readonly before: JournalPosition | null

  constructor(store: Pick<Store, 'loadPlace' | 'savePlace'>, { peer }: Pick<PairingRecord, 'peer'>) {
    this.#store = store
    this.#agent = deviceIdOf(peer.identityKey)
    this.before = decode(store.loadPlace(this.#agent))
  }

  /** Everything up to here was shown. */
  shown({ epoch, seq }: JournalPosition): void {
    this.#unsaved = { epoch, seq }
    this.#timer ??= setTimeout(() => this.save(), DELAY).unref()
  }

  /** Writes what is not written yet. */
  save(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#unsaved) return
    const image = Buffer.from(JSON.stringify(this.#unsaved satisfies Static<typeof Place>))
    this.#unsaved = null
    try {
      this.#store.savePlace(this.#agent, image)
    } catch (error) {
      // Then the next start calls some of it new once more, which is less than to fail now.
      if (!(error instanceof DiskFull)) throw error
    }
  }
}

function decode(image: Uint8Array | undefined): JournalPosition | null {
  if (!image) return null
  try {
    const place: unknown = JSON.parse(Buffer.from(image).toString())
    return placeValidator.Check(place) ? place : null
  } catch {
    return null
  }
}
