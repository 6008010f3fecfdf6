// How stored records are sealed under the at-rest key KEK (spec/session.md, At rest).

import { label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type Bytes, concat, u8, u64 } from '../crypto/bytes.ts'
import { type AeadKey, open, random, seal } from '../crypto/primitives.ts'

export const RECORD_TYPES = {
  ...{ pairing: 1, identity: 2, denied: 3, session: 4, queued: 5 },
  /** What a controller keeps of an agent: one record of each. */
  ...{ place: 6, shown: 7, draft: 8, alias: 9, digits: 10 },
} as const

/** What a sealed record is bound to; stored beside it. */
export interface RecordName {
  readonly recordType: number
  /** 16 bytes: pairing id, device id, or zeros. */
  readonly id: Uint8Array
  readonly generation: number
}

const NONCE = 12

const associatedData = ({ recordType, id, generation }: RecordName): Bytes =>
  concat(label('at-rest'), u8(recordType), id, u64(generation))

/** `nonce ‖ AEAD(…)` (session.state.at-rest); `nonce` is fresh for each write (session.state.at-rest-nonce). */
export async function sealRecord(
  key: AeadKey,
  name: RecordName,
  content: Uint8Array,
  nonce: Uint8Array = random(NONCE),
): Promise<Bytes> {
  return concat(nonce, await seal(key, nonce, associatedData(name), content))
}

/** Throws ProtocolError `state-corrupt`; the record is then put aside, not deleted (session.store.quarantine). */
export async function openRecord(key: AeadKey, name: RecordName, record: Uint8Array): Promise<Bytes> {
  try {
    return await open(key, record.subarray(0, NONCE), associatedData(name), record.subarray(NONCE))
  } catch {
    throw new ProtocolError('state-corrupt', `Cannot open a stored record of type ${name.recordType}`)
  }
}
