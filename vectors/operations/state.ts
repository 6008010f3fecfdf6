// State images and the seal of stored records.

import { label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { StateImage } from '@happy-remote/schemas/session.ts'
import { type Static, Type } from 'typebox'
import { concat, hex, u8, u64, unhex } from '../protocol/bytes.ts'
import { Hex, operation, Shape, Suite, U8, U32 } from './operation.ts'

const Generation = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Skipped = Shape({ dh: Hex(32), n: U32, messageKey: Hex(32) })
export const StateFields = {
  role: Type.Union([Type.Literal(1), Type.Literal(2)]),
  suite: Suite,
  generation: Generation,
  sessionId: Hex(16),
  associatedData: Hex(32),
  headerSend: Hex(32),
  headerReceive: Hex(32),
  rootKey: Hex(32),
  dhPrivate: Hex(32),
  dhPublic: Hex(32),
  flags: U8,
  dhRemote: Hex(32),
  chainSend: Hex(32),
  chainReceive: Hex(32),
  sent: U32,
  received: U32,
  baseSend: U32,
  baseReceive: U32,
  skipped: Type.Array(Skipped, { maxItems: 256 }),
}
const fields = Shape(StateFields)

export function importState(image: Uint8Array): StateImage {
  try {
    return StateImage.decode(image)
  } catch {
    throw new ProtocolError('state-corrupt')
  }
}

export const stateImage = {
  export: operation({
    input: StateFields,
    output: { image: Hex() },
    compute: async (_, input) => ({ output: { image: hex(StateImage.encode(StateImage.fromJson(input))) } }),
  }),
  import: operation({
    input: { image: Hex() },
    output: StateFields,
    async compute(_, { image }) {
      return { output: StateImage.toJson(importState(unhex(image))) as Static<typeof fields> }
    },
  }),
  'at-rest': operation({
    input: { key: Hex(32), nonce: Hex(12), recordType: U8, pairingId: Hex(16), generation: Generation, record: Hex() },
    intermediate: { aad: Hex() },
    output: { sealed: Hex() },
    async compute(backend, input) {
      const { recordType, generation } = input
      const aad = concat(label('at-rest'), u8(recordType), unhex(input.pairingId), u64(generation))
      const sealed = await backend.seal(unhex(input.key), unhex(input.nonce), aad, unhex(input.record))
      return { intermediate: { aad: hex(aad) }, output: { sealed: hex(sealed) } }
    },
  }),
}
