// KDFs, ratchet start, header tag, message, padding, plaintext frame, freshness, stream chunk.

import { SUITES } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import {
  RATCHET_HEADER,
  RATCHET_TYPES,
  RatchetMessage,
  StateImage,
  StreamChunk,
} from '@happy-remote/schemas/session.ts'
import { Type } from 'typebox'
import { concat, equal, hex, unhex } from '../protocol/bytes.ts'
import { challengeAge, decodeFrame, encodeFrame, paddedLength } from '../protocol/frame.ts'
import { dh } from '../protocol/keys.ts'
import { chainStep, headerTag, makeHeader, rootStep, start, startController } from '../protocol/ratchet.ts'
import { Hex, operation, Shape, Suite, U8, U16, U32 } from './operation.ts'

export const kdf = {
  'kdf-rk': operation({
    input: { rootKey: Hex(32), dh: Hex(32) },
    output: { rootKey: Hex(32), chainKey: Hex(32) },
    async compute(backend, input) {
      const { rootKey, chainKey } = await rootStep(backend, unhex(input.rootKey), unhex(input.dh))
      return { output: { rootKey: hex(rootKey), chainKey: hex(chainKey) } }
    },
  }),
  'kdf-ck': operation({
    input: { chainKey: Hex(32), steps: Type.Integer({ minimum: 1, maximum: 256 }) },
    output: { messageKeys: Type.Array(Hex(32)), chainKey: Hex(32) },
    async compute(backend, { chainKey, steps }) {
      const messageKeys: string[] = []
      let current = unhex(chainKey) as Uint8Array
      for (let i = 0; i < steps; i++) {
        const step = await chainStep(backend, current)
        messageKeys.push(hex(step.messageKey))
        current = step.chainKey
      }
      return { output: { messageKeys, chainKey: hex(current) } }
    },
  }),
}

const Start = { suite: Suite, rk0: Hex(32), sid: Hex(16), htA: Hex(32), htC: Hex(32), th: Hex(32) }
function startOf(input: { suite: number; rk0: string; sid: string; htA: string; htC: string; th: string }) {
  const keys = { rk0: unhex(input.rk0), sid: unhex(input.sid), htA: unhex(input.htA), htC: unhex(input.htC) }
  return { suite: input.suite, keys, th: unhex(input.th) }
}

export const ratchetInit = {
  agent: operation({
    input: { ...Start, ratchetPrivate: Hex(32), spk: Hex(32) },
    intermediate: { dh: Hex(32) },
    output: { state: Hex(344) },
    async compute(backend, input) {
      const ownPrivate = unhex(input.ratchetPrivate)
      const peerKey = unhex(input.spk)
      const state = await start(backend, { ...startOf(input), role: 'agent', ownPrivate, peerKey })
      const shared = hex(await dh(backend, ownPrivate, peerKey))
      return { intermediate: { dh: shared }, output: { state: hex(StateImage.encode(state)) } }
    },
  }),
  controller: operation({
    input: { ...Start, spkPrivate: Hex(32), ratchetKey: Hex(32), newPrivate: Hex(32) },
    intermediate: { dhReceive: Hex(32), dhSend: Hex(32) },
    output: { state: Hex(344) },
    async compute(backend, input) {
      const ownPrivate = unhex(input.spkPrivate)
      const peerKey = unhex(input.ratchetKey)
      const newPrivate = unhex(input.newPrivate)
      const from = { ...startOf(input), role: 'controller' as const, ownPrivate, peerKey }
      const state = await startController(backend, from, newPrivate)
      const dhReceive = hex(await dh(backend, ownPrivate, peerKey))
      const dhSend = hex(await dh(backend, newPrivate, peerKey))
      return { intermediate: { dhReceive, dhSend }, output: { state: hex(StateImage.encode(state)) } }
    },
  }),
}

const HeaderFields = { type: U8, suite: U16, dh: Hex(32), base: U32, n: U32, nonce: Hex(12) }
interface HeaderInput {
  type: number
  suite: number
  dh: string
  base: number
  n: number
  nonce: string
}
const headerOf = (input: HeaderInput) => ({ ...input, dh: unhex(input.dh), nonce: unhex(input.nonce) })

export const htag = {
  tag: operation({
    input: { ...HeaderFields, headerKey: Hex(32) },
    intermediate: { covered: Hex(56) },
    output: { headerTag: Hex(8), header: Hex(64) },
    async compute(backend, input) {
      const header = await makeHeader(backend, unhex(input.headerKey), headerOf(input))
      const covered = concat(header.subarray(0, 4), header.subarray(12))
      return {
        intermediate: { covered: hex(covered) },
        output: { headerTag: hex(header.subarray(4, 12)), header: hex(header) },
      }
    },
  }),
}

export const message = {
  seal: operation({
    input: { ...HeaderFields, headerKey: Hex(32), messageKey: Hex(32), ad: Hex(32), plaintext: Hex() },
    intermediate: { header: Hex(64), aad: Hex(96) },
    output: { frame: Hex() },
    async compute(backend, input) {
      const header = await makeHeader(backend, unhex(input.headerKey), headerOf(input))
      const aad = concat(unhex(input.ad), header)
      const sealed = await backend.seal(unhex(input.messageKey), unhex(input.nonce), aad, unhex(input.plaintext))
      const frame = concat(header, sealed)
      const opened = await backend.open(unhex(input.messageKey), unhex(input.nonce), aad, sealed)
      if (hex(opened) !== input.plaintext) throw new Error('Cannot open what was sealed')
      return { intermediate: { header: hex(header), aad: hex(aad) }, output: { frame: hex(frame) } }
    },
  }),
  open: operation({
    input: {
      from: Type.Union([Type.Literal('agent'), Type.Literal('controller')], { description: 'who sent it' }),
      suite: U16,
      headerKey: Hex(32),
      messageKey: Hex(32),
      ad: Hex(32),
      frame: Hex(),
    },
    output: { dh: Hex(32), base: U32, n: U32, nonce: Hex(12), plaintext: Hex() },
    async compute(backend, input) {
      const frame = unhex(input.frame)
      if (frame.length < 80) throw new ProtocolError('truncated')
      const decoded = RatchetMessage.decode(frame)
      const type = input.from === 'agent' ? RATCHET_TYPES.agentToController : RATCHET_TYPES.controllerToAgent
      if (decoded.type !== type) throw new ProtocolError('direction')
      const expected = await headerTag(backend, unhex(input.headerKey), frame)
      const known = SUITES.some((suite) => suite === decoded.suite) && decoded.suite === input.suite
      if (!known || !equal(expected, decoded.headerTag)) throw new ProtocolError('header')
      const aad = concat(unhex(input.ad), frame.subarray(0, RATCHET_HEADER))
      const plaintext = await backend.open(unhex(input.messageKey), decoded.nonce, aad, decoded.sealed).catch(() => {
        throw new ProtocolError('decrypt')
      })
      const { base, n } = decoded
      return { output: { dh: hex(decoded.dh), base, n, nonce: hex(decoded.nonce), plaintext: hex(plaintext) } }
    },
  }),
}

export const padding = {
  length: operation({
    input: { length: Type.Integer({ minimum: 18, maximum: 262_144 }) },
    output: { padded: Type.Integer({ minimum: 256, maximum: 262_144 }) },
    compute: async (_, { length }) => ({ output: { padded: paddedLength(length) } }),
  }),
}

const Plain = { contentType: U8, fresh: Hex(8), ack: U32, content: Hex() }
const Clocks = { monotonic: Type.Integer(), wall: Type.Integer() }

export const plaintextFrame = {
  encode: operation({
    input: Plain,
    output: { frame: Hex() },
    async compute(_, input) {
      const frame = encodeFrame({ ...input, fresh: unhex(input.fresh), content: unhex(input.content) })
      return { output: { frame: hex(frame) } }
    },
  }),
  decode: operation({
    input: { frame: Hex() },
    output: Plain,
    async compute(_, input) {
      const { contentType, fresh, ack, content } = decodeFrame(unhex(input.frame))
      return { output: { contentType, fresh: hex(fresh), ack, content: hex(content) } }
    },
  }),
  'stream-chunk': operation({
    input: { content: Hex() },
    output: { streamId: U32, offset: Type.Integer({ minimum: 0 }), bytes: Hex() },
    async compute(_, { content }) {
      const { streamId, offset, bytes } = StreamChunk.decode(unhex(content))
      return { output: { streamId, offset, bytes: hex(bytes) } }
    },
  }),
  freshness: operation({
    input: { issued: Type.Array(Shape({ challenge: Hex(8), ...Clocks })), now: Shape(Clocks), fresh: Hex(8) },
    output: { age: Type.Integer({ minimum: 0 }) },
    async compute(_, { issued, now, fresh }) {
      const challenges = issued.map((entry) => ({
        ...entry,
        challenge: unhex(entry.challenge),
      }))
      return { output: { age: challengeAge(challenges, unhex(fresh), now) } }
    },
  }),
}
