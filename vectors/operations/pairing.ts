// Pairing code, wrap, transcript, schedules, confirmation, digits, notices.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { HANDSHAKE_TYPES, HsErrorBody, RekeyAskBody } from '@happy-remote/schemas/pairing.ts'
import { Type } from 'typebox'
import { commit } from '../protocol/bundle.ts'
import { ascii, concat, equal, hex, unhex } from '../protocol/bytes.ts'
import { agentSigned } from '../protocol/handshake.ts'
import { receiveHsError, receiveRekeyAsk, referenceTo } from '../protocol/notice.ts'
import { decodeUri, encodePayload, payloadToUri, relayAddress } from '../protocol/qr.ts'
import {
  agentDh,
  confirmation,
  controllerDh,
  cutKeys,
  digits,
  kemSecret,
  type Mode,
  PAIRING,
  pairingContext,
  pairingSecretOf,
  preSharedKey,
  REKEY,
  schedule,
  transcriptBytes,
} from '../protocol/schedule.ts'
import { open, seal, wrapHeader } from '../protocol/wrap.ts'
import { Hex, operation, Shape, Suite, U8, U16, U32 } from './operation.ts'

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

const ModeNumber = Type.Union([Type.Literal(PAIRING), Type.Literal(REKEY)])
export const transcript = {
  hash: operation({
    input: { suite: Suite, mode: ModeNumber, ctx: Hex(), m1Body: Hex(), m2Part: Hex() },
    intermediate: { hashed: Hex() },
    output: { th: Hex(32) },
    async compute(backend, { suite, mode, ctx, m1Body, m2Part }) {
      const hashed = transcriptBytes(suite, mode, unhex(ctx), unhex(m1Body), unhex(m2Part))
      return { intermediate: { hashed: hex(hashed) }, output: { th: hex(await backend.sha256(hashed)) } }
    },
  }),
}

export const KeyShapes = {
  rk0: Hex(32),
  kcA: Hex(32),
  kcC: Hex(32),
  sask: Hex(32),
  ppk: Hex(32),
  sid: Hex(16),
  htA: Hex(32),
  htC: Hex(32),
}

export const hexKeys = <T extends Record<string, Uint8Array>>(keys: T) =>
  Object.fromEntries(Object.entries(keys).map(([name, value]) => [name, hex(value)])) as { [K in keyof T]: string }

const Shares = {
  suite: Suite,
  th: Hex(32),
  agent: Shape({ dhPrivate: Hex(32), ephemeralPrivate: Hex(32) }),
  controller: Shape({ dhPrivate: Hex(32), spkPrivate: Hex(32), opkPrivate: Hex(32) }),
  kemSeed: Hex(),
  kemCiphertext: Hex(),
}
const Intermediate = {
  psk: Hex(32),
  dh1: Hex(32),
  dh2: Hex(32),
  dh3: Hex(32),
  dh4: Hex(32),
  ss: Hex(),
  ikm: Hex(),
  okm: Hex(240),
}
interface Shared {
  suite: 1 | 2
  th: string
  agent: { dhPrivate: string; ephemeralPrivate: string }
  controller: { dhPrivate: string; spkPrivate: string; opkPrivate: string }
  kemSeed: string
  kemCiphertext: string
}

async function bothSides(backend: Parameters<typeof schedule>[0], mode: Mode, secret: Uint8Array, input: Shared) {
  const { agent, controller } = input
  const publicOf = (privateHex: string) => backend.dhPublic(unhex(privateHex))
  const dhs = await agentDh(backend, {
    dhPrivate: unhex(agent.dhPrivate),
    ephemeralPrivate: unhex(agent.ephemeralPrivate),
    peerDhKey: await publicOf(controller.dhPrivate),
    spk: await publicOf(controller.spkPrivate),
    opk: await publicOf(controller.opkPrivate),
  })
  const same = await controllerDh(backend, {
    dhPrivate: unhex(controller.dhPrivate),
    spkPrivate: unhex(controller.spkPrivate),
    opkPrivate: unhex(controller.opkPrivate),
    peerDhKey: await publicOf(agent.dhPrivate),
    ephemeralKey: await publicOf(agent.ephemeralPrivate),
  })
  if (!equal(concat(...dhs), concat(...same))) throw new Error('The two sides disagree')
  const ss = await kemSecret(backend, input.suite, unhex(input.kemSeed), unhex(input.kemCiphertext))
  const psk = await preSharedKey(backend, mode, secret)
  const { ikm, okm } = await schedule(backend, psk, dhs, ss, unhex(input.th))
  const [dh1, dh2, dh3, dh4] = dhs.map(hex) as [string, string, string, string]
  return {
    intermediate: { psk: hex(psk), dh1, dh2, dh3, dh4, ss: hex(ss), ikm: hex(ikm), okm: hex(okm) },
    keys: hexKeys(cutKeys(okm)),
  }
}

export const schedulePair = {
  keys: operation({
    input: { ...Shares, qrPayload: Hex() },
    intermediate: { ...Intermediate, ctx: Hex() },
    output: KeyShapes,
    async compute(backend, input) {
      const payload = unhex(input.qrPayload)
      const { intermediate, keys } = await bothSides(backend, PAIRING, pairingSecretOf(payload), input)
      return { intermediate: { ...intermediate, ctx: hex(pairingContext(payload)) }, output: keys }
    },
  }),
}

const { ppk: _, ...rekeyKeys } = KeyShapes
export const scheduleRekey = {
  keys: operation({
    input: { ...Shares, ppk: Hex(32) },
    intermediate: Intermediate,
    output: rekeyKeys,
    async compute(backend, input) {
      const { intermediate, keys } = await bothSides(backend, REKEY, unhex(input.ppk), input)
      const { ppk: _, ...output } = keys
      return { intermediate, output }
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
    output: { signedBytes: Hex() },
    async compute(backend, input) {
      const expected = await confirmation(backend, unhex(input.kc), unhex(input.th), unhex(input.signature))
      if (hex(expected) !== input.confirmation) throw new ProtocolError('confirm')
      return { output: { signedBytes: hex(agentSigned(unhex(input.th))) } }
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
