// A store in memory, which a test can spoil.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { copy, equal } from '../crypto/bytes.ts'
import { type KeyPlace, sealedKeys } from '../session/key-place.ts'
import type { SealedRecord, StoreBackend } from '../session/store.ts'

export class MemoryBackend implements StoreBackend {
  readonly kek: CryptoKey
  readonly keys: KeyPlace = sealedKeys()
  readonly aside: SealedRecord[] = []
  #records: SealedRecord[] = []
  #open = true

  private constructor(kek: CryptoKey) {
    this.kek = kek
  }

  static async create(): Promise<MemoryBackend> {
    const kek = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    return new MemoryBackend(kek)
  }

  async all(): Promise<readonly SealedRecord[]> {
    this.#open = true
    return [...this.#records]
  }

  async write(record: SealedRecord): Promise<void> {
    await this.remove(record)
    this.#records.push({ ...record, id: copy(record.id) })
  }

  async remove(name: Pick<SealedRecord, 'recordType' | 'id'>): Promise<void> {
    this.#records = this.#records.filter((one) => !isNamed(one, name.recordType, name.id))
  }

  async putAside(record: SealedRecord): Promise<void> {
    await this.remove(record)
    this.aside.push(record)
  }

  async close(): Promise<void> {
    this.#open = false
  }

  /** As another program would open it. */
  async reopen(): Promise<StoreBackend> {
    if (this.#open) throw new ProtocolError('state-locked')
    return this
  }

  /** Changes one bit of a record. */
  spoil(recordType: number, id: Uint8Array): void {
    const record = this.#records.find((one) => isNamed(one, recordType, id)) as SealedRecord
    record.sealed[20] = (record.sealed[20] as number) ^ 1
  }
}

const isNamed = (record: SealedRecord, recordType: number, id: Uint8Array): boolean =>
  record.recordType === recordType && equal(record.id, id)
