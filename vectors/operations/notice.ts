// HS_ERROR and REKEY_ASK.

import { HANDSHAKE_TYPES, HsErrorBody, RekeyAskBody } from '@happy-remote/schemas/pairing.ts'
import { Type } from 'typebox'
import { hex, unhex } from '../protocol/bytes.ts'
import { receiveHsError, receiveRekeyAsk, referenceTo } from '../protocol/notice.ts'
import { seal, wrapHeader } from '../protocol/wrap.ts'
import { Hex, operation, U8, U16 } from './operation.ts'

export const hsError = {
  seal: operation({
    input: { suite: U16, secret: Hex(), salt: Hex(32), code: U8, answered: Hex() },
    intermediate: { reference: Hex(15), body: Hex(16) },
    output: { frame: Hex() },
    async compute(backend, { suite, secret, salt, code, answered }) {
      const reference = await referenceTo(backend, unhex(answered))
      const body = HsErrorBody.encode({ code, reference })
      const header = wrapHeader(HANDSHAKE_TYPES.HS_ERROR, suite, unhex(salt))
      const { frame } = await seal(backend, unhex(secret), header, body)
      return { intermediate: { reference: hex(reference), body: hex(body) }, output: { frame: hex(frame) } }
    },
  }),
  receive: operation({
    input: { secret: Hex(), outstanding: Type.Array(Hex()), frame: Hex() },
    output: { code: Type.String(), outstanding: Type.Integer({ minimum: 0 }) },
    async compute(backend, { secret, outstanding, frame }) {
      const { code, index } = await receiveHsError(backend, unhex(secret), outstanding.map(unhex), unhex(frame))
      return { output: { code, outstanding: index } }
    },
  }),
}

export const rekeyAsk = {
  seal: operation({
    input: { suite: U16, ppk: Hex(32), salt: Hex(32), reason: U8 },
    intermediate: { body: Hex(16) },
    output: { frame: Hex() },
    async compute(backend, { suite, ppk, salt, reason }) {
      const body = RekeyAskBody.encode({ reason })
      const header = wrapHeader(HANDSHAKE_TYPES.REKEY_ASK, suite, unhex(salt))
      const { frame } = await seal(backend, unhex(ppk), header, body)
      return { intermediate: { body: hex(body) }, output: { frame: hex(frame) } }
    },
  }),
  receive: operation({
    input: { ppk: Hex(32), seenSalts: Type.Array(Hex(32)), frame: Hex() },
    output: { reason: Type.String() },
    async compute(backend, { ppk, seenSalts, frame }) {
      return { output: await receiveRekeyAsk(backend, unhex(ppk), seenSalts.map(unhex), unhex(frame)) }
    },
  }),
}
