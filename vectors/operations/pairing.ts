// Pairing code, wrap, key confirmation, digits and their commitment.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { Type } from 'typebox'
import { commit } from '../protocol/bundle.ts'
import { ascii, hex, unhex } from '../protocol/bytes.ts'
import { decodeUri, encodePayload, payloadToUri, relayAddress } from '../protocol/qr.ts'
import { confirmation, digits } from '../protocol/schedule.ts'
import { open, seal, wrapHeader } from '../protocol/wrap.ts'
import { Hex, operation, U8, U16, U32 } from './operation.ts'

const Code = {
  flags: U8,
  suites: U8,
  expiry: U32,
  deviceId: Hex(16),
  routeId: Hex(16),
  pairingSecret: Hex(16),
  relay: Type.String(),
}

export const qr = {
  encode: operation({
    input: Code,
    output: { payload: Hex(), uri: Type.String(), url: Type.String(), origin: Type.String() },
    async compute(_, input) {
      const payload = encodePayload({
        ...input,
        deviceId: unhex(input.deviceId),
        routeId: unhex(input.routeId),
        pairingSecret: unhex(input.pairingSecret),
      })
      const uri = payloadToUri(payload)
      return { output: { payload: hex(payload), uri, ...relayAddress(input.flags, ascii(input.relay)) } }
    },
  }),
  decode: operation({
    input: { uri: Type.String(), now: U32, suites: U8 },
    output: { ...Code, url: Type.String(), origin: Type.String() },
    async compute(_, { uri, now, suites }) {
      const payload = decodeUri(uri, now, suites)
      return {
        output: {
          flags: payload.flags,
          suites: payload.suites,
          expiry: payload.expiry,
          deviceId: hex(payload.deviceId),
          routeId: hex(payload.routeId),
          pairingSecret: hex(payload.pairingSecret),
          relay: new TextDecoder().decode(payload.relay),
          ...relayAddress(payload.flags, payload.relay),
        },
      }
    },
  }),
}

export const wrap = {
  seal: operation({
    input: { type: U8, suite: U16, secret: Hex(), salt: Hex(32), body: Hex() },
    intermediate: { header: Hex(36), key: Hex(32), nonce: Hex(12) },
    output: { frame: Hex() },
    async compute(backend, { type, suite, secret, salt, body }) {
      const header = wrapHeader(type, suite, unhex(salt))
      const sealed = await seal(backend, unhex(secret), header, unhex(body))
      const opened = await open(backend, unhex(secret), sealed.frame)
      if (hex(opened.body) !== body) throw new Error('Cannot open what was sealed')
      const { key, nonce, frame } = sealed
      return { intermediate: { header: hex(header), key: hex(key), nonce: hex(nonce) }, output: { frame: hex(frame) } }
    },
  }),
  open: operation({
    input: { secret: Hex(), types: Type.Array(U8), frame: Hex() },
    output: { type: U8, suite: U16, body: Hex() },
    async compute(backend, { secret, types, frame }) {
      const { type, suite, body } = await open(backend, unhex(secret), unhex(frame), types)
      return { output: { type, suite, body: hex(body) } }
    },
  }),
}

const Proof = { kc: Hex(32), th: Hex(32), signature: Hex(64) }

export const confirm = {
  mac: operation({
    input: Proof,
    output: { confirmation: Hex(32) },
    async compute(backend, { kc, th, signature }) {
      return { output: { confirmation: hex(await confirmation(backend, unhex(kc), unhex(th), unhex(signature))) } }
    },
  }),
  check: operation({
    input: { ...Proof, confirmation: Hex(32) },
    output: { matched: Type.Literal(true) },
    async compute(backend, input) {
      const expected = await confirmation(backend, unhex(input.kc), unhex(input.th), unhex(input.signature))
      if (hex(expected) !== input.confirmation) throw new ProtocolError('confirm')
      return { output: { matched: true as const } }
    },
  }),
}

export const sas = {
  digits: operation({
    input: { sask: Hex(32), th: Hex(32), sasNonce: Hex(32) },
    intermediate: { mac: Hex(32) },
    output: { digits: Type.String({ pattern: '^[0-9]{6}$' }), shown: Type.String({ pattern: '^[0-9]{3} [0-9]{3}$' }) },
    async compute(backend, { sask, th, sasNonce }) {
      const result = await digits(backend, unhex(sask), unhex(th), unhex(sasNonce))
      const shown = `${result.digits.slice(0, 3)} ${result.digits.slice(3)}`
      return { intermediate: { mac: hex(result.mac) }, output: { digits: result.digits, shown } }
    },
  }),
}

export const sasCommit = {
  commit: operation({
    input: { sasNonce: Hex(32) },
    output: { sasCommit: Hex(32) },
    compute: async (backend, { sasNonce }) => ({ output: { sasCommit: hex(await commit(backend, unhex(sasNonce))) } }),
  }),
  open: operation({
    input: { sasCommit: Hex(32), sasNonce: Hex(32) },
    output: { opened: Type.Literal(true) },
    async compute(backend, { sasCommit, sasNonce }) {
      if (hex(await commit(backend, unhex(sasNonce))) !== sasCommit) throw new ProtocolError('confirm')
      return { output: { opened: true as const } }
    },
  }),
}
