// The record of a live pairing: a change of it is stored before anything follows from it.

import type { PairingRecord } from '../session/record.ts'

export class LiveRecord {
  #now: PairingRecord
  readonly #store: (record: PairingRecord) => void

  /** What `store` throws leaves the record as it is. */
  constructor(record: PairingRecord, store: (record: PairingRecord) => void) {
    this.#now = record
    this.#store = store
  }

  get now(): PairingRecord {
    return this.#now
  }

  /** At the controller: confirmed. */
  get isStored(): boolean {
    return this.#now.state === 'stored'
  }

  change(change: Partial<PairingRecord>): void {
    const changed = { ...this.#now, ...change }
    this.#store(changed)
    this.#now = changed
  }

  confirm(change: Partial<PairingRecord> = {}): void {
    if (this.isStored && Object.keys(change).length === 0) return
    this.change({ ...change, state: 'stored' })
  }

  /** pairing.rekey.record */
  pin(peer: PairingRecord['peer'], suite: PairingRecord['suite']): void {
    const { identityKey, dhKey, epoch } = peer
    if (epoch === this.#now.peer.epoch && suite === this.#now.suite) return
    this.change({ suite, peer: { identityKey, dhKey, epoch } })
  }
}
