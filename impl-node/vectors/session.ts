// Chains, headers, messages, frames, freshness and stored states.

import type { Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { CONTENT_TYPES, type ContentType, STATE_FLAGS, StateImage, StreamChunk } from '@happy-remote/schemas/session.ts'
import { equal, seal, sha256 } from '../crypto/primitives.ts'
import { dhKeyPairFrom, generateDhKeyPair } from '../crypto/x25519.ts'
import { openRecord, RECORD_TYPES, type RecordType, recordData, sealRecord } from '../session/at-rest.ts'
import { decodeFrame, encodeFrame, paddedSize } from '../session/frame.ts'
import { Freshness } from '../session/freshness.ts'
import {
  messageHeader,
  messageKeyOf,
  nextChainKey,
  Ratchet,
  readRatchetMessage,
  sealMessage,
  skippedId,
  stepRoot,
} from '../session/ratchet.ts'
import { exportState, importState } from '../session/state-image.ts'
import { drawing, hex, unhex } from './deterministic.ts'
import type { Construction, Input } from './operation.ts'

export const kdf: Construction = {
  'kdf-rk'(input) {
    const [rootKey, chainKey] = stepRoot(input.bytes('rootKey'), input.bytes('dh'))
    return { rootKey: hex(rootKey), chainKey: hex(chainKey) }
  },
  'kdf-ck'(input) {
    const messageKeys: string[] = []
    let chainKey = input.bytes('chainKey')
    for (let i = 0; i < input.number('steps'); i++) {
      messageKeys.push(hex(messageKeyOf(chainKey)))
      chainKey = nextChainKey(chainKey)
    }
    return { messageKeys, chainKey: hex(chainKey) }
  },
}

const ZERO = new Uint8Array(32)

const seedOf = (input: Input, ownPrivate: Uint8Array, remoteKey: Uint8Array, role: 'agent' | 'controller') => ({
  suite: input.number<Suite>('suite'),
  sessionId: input.bytes('sid'),
  associatedData: input.bytes('th'),
  rootKey: input.bytes('rk0'),
  headerSend: input.bytes(role === 'agent' ? 'htA' : 'htC'),
  headerReceive: input.bytes(role === 'agent' ? 'htC' : 'htA'),
  ownKey: dhKeyPairFrom(ownPrivate),
  remoteKey,
})

export const ratchetInit: Construction = {
  agent(input) {
    const ratchet = Ratchet.agent(seedOf(input, input.bytes('ratchetPrivate'), input.bytes('spk'), 'agent'))
    return { state: hex(exportState(ratchet.state, 0)) }
  },
  controller(input) {
    const seed = seedOf(input, input.bytes('spkPrivate'), input.bytes('ratchetKey'), 'controller')
    const ratchet = Ratchet.controller({ ...seed, random: drawing(input.bytes('newPrivate')) })
    return { state: hex(exportState(ratchet.state, 0)) }
  },
}

/** A receiver that knows one header key and one message key, and has seen everything before. */
function receiverOf(input: Input, from: 'agent' | 'controller', dh: Uint8Array, n: number): Ratchet {
  const role = from === 'agent' ? 'controller' : 'agent'
  return new Ratchet({
    ...{ role, suite: input.number<Suite>('suite'), sessionId: ZERO.subarray(16) },
    ...{ associatedData: input.bytes('ad'), headerSend: ZERO, headerReceive: input.bytes('headerKey'), rootKey: ZERO },
    ...{ dhSend: generateDhKeyPair(), dhRemote: ZERO, chainSend: ZERO, chainReceive: ZERO, sent: 0, received: 1 },
    ...{ baseSend: 0, baseReceive: 2 ** 33 },
    skipped: new Map([[skippedId(dh, n), { dh, n, messageKey: input.bytes('messageKey'), at: 0 }]]),
  })
}

function opened(input: Input, from: 'agent' | 'controller', frame: Uint8Array) {
  const { dh, base, n, nonce } = readRatchetMessage(frame, from === 'agent' ? 'controller' : 'agent')
  const ratchet = receiverOf(input, from, dh, n)
  if (!ratchet.matches(frame)) throw new ProtocolError('header')
  const { plaintext } = ratchet.decrypt(frame, 0)
  return { dh: hex(dh), base, n, nonce: hex(nonce), plaintext: hex(plaintext) }
}

const headerOf = (input: Input): Uint8Array =>
  messageHeader(
    {
      ...{ type: input.number('type'), suite: input.number('suite'), dh: input.bytes('dh') },
      ...{ base: input.number('base'), n: input.number('n'), nonce: input.bytes('nonce') },
    },
    input.bytes('headerKey'),
  )

export const message: Construction = {
  seal(input) {
    const [messageKey, ad] = [input.bytes('messageKey'), input.bytes('ad')]
    return { frame: hex(sealMessage(headerOf(input), messageKey, ad, input.bytes('plaintext'))) }
  },
  open: (input) => opened(input, input.text('from'), input.bytes('frame')),
}

export const htag: Construction = {
  tag(input) {
    const header = headerOf(input)
    return { header: hex(header), headerTag: hex(header.subarray(4, 12)) }
  },
}

export const padding: Construction = {
  length: (input) => ({ padded: paddedSize(input.number('length')) }),
}

const contentTypeOf = (value: number) =>
  (Object.keys(CONTENT_TYPES) as ContentType[]).find((name) => CONTENT_TYPES[name] === value) as ContentType

export const plaintextFrame: Construction = {
  encode(input) {
    const contentType = contentTypeOf(input.number('contentType'))
    const fields = { contentType, fresh: input.bytes('fresh'), ack: input.number('ack') }
    return { frame: hex(encodeFrame({ ...fields, content: input.bytes('content') })) }
  },
  decode(input) {
    const { contentType, fresh, ack, content } = decodeFrame(input.bytes('frame'))
    return { contentType: CONTENT_TYPES[contentType], fresh: hex(fresh), ack, content: hex(content) }
  },
  'stream-chunk'(input) {
    const { streamId, offset, bytes } = StreamChunk.decode(input.bytes('content'))
    return { streamId, offset, bytes: hex(bytes) }
  },
  freshness(input) {
    const issued = input.objects('issued')
    const clock = { monotonic: 0, wall: 0 }
    const set = (to: Input) => Object.assign(clock, { monotonic: to.number('monotonic'), wall: to.number('wall') })
    const freshness = new Freshness(
      { monotonic: () => clock.monotonic, wall: () => clock.wall },
      drawing(...issued.map((entry) => entry.bytes('challenge'))),
    )
    for (const entry of issued) {
      set(entry)
      freshness.issue()
    }
    set(input.inner('now'))
    const age = freshness.ageOf(input.bytes('fresh'))
    if (age === null || age > limits.freshness) throw new ProtocolError('stale')
    return { age }
  },
}

const FLAGS_AT = 224

/** A private key that is held elsewhere cannot be followed here, so such an image is only read. */
function throughState(bytes: Uint8Array): Uint8Array {
  if (((bytes[FLAGS_AT] ?? 0) & STATE_FLAGS.external) !== 0) return StateImage.encode(StateImage.decode(bytes))
  const { ratchet, generation } = importState(bytes, 0)
  return exportState(ratchet.state, generation)
}

export const stateImage: Construction = {
  export: (input) => ({ image: hex(throughState(StateImage.encode(StateImage.fromJson(input.values)))) }),
  import: (input) =>
    StateImage.toJson(StateImage.decode(throughState(input.bytes('image')))) as Record<string, unknown>,
  'at-rest'(input) {
    const [key, id, nonce] = [input.bytes('key'), input.bytes('pairingId'), input.bytes('nonce')]
    const [number, generation, record] = [input.number('recordType'), input.number('generation'), input.bytes('record')]
    const type = (Object.keys(RECORD_TYPES) as RecordType[]).find((name) => RECORD_TYPES[name] === number)
    // A record type that has no name here has no use here either, but for its bytes.
    if (!type) return { sealed: hex(seal(key, nonce, recordData(number, id, generation), record)) }
    const stored = sealRecord(key, type, id, generation, record, drawing(nonce))
    if (!equal(openRecord(key, type, id, generation, stored), record)) throw new Error('The record does not open')
    return { sealed: hex(stored.subarray(nonce.length)) }
  },
}

const imported = (image: Uint8Array, newPrivate: Uint8Array) => importState(image, 0, drawing(newPrivate))

export const ratchetReject: Construction = {
  receive(input) {
    const images = input.list('sessions').map((session) => session.bytes('value'))
    const sessions = images.map((image) => imported(image, input.bytes('newPrivate')))
    const frame = input.bytes('frame')
    const unchanged = () =>
      sessions.every(
        ({ ratchet, generation }, i) => hex(exportState(ratchet.state, generation)) === hex(images[i] as Uint8Array),
      )
    try {
      const role = sessions[0]?.ratchet.state.role
      if (role) readRatchetMessage(frame, role)
      const session = sessions.findIndex(({ ratchet }) => ratchet.matches(frame))
      const found = sessions[session]
      if (!found) throw new ProtocolError('header')
      const before = found.ratchet.state.dhSend
      const { plaintext, late } = found.ratchet.decrypt(frame, 0)
      const stepped = found.ratchet.state.dhSend !== before
      const state = hex(exportState(found.ratchet.state, found.generation + 1))
      return { session, plaintext: hex(plaintext), late, stepped, state }
    } catch (error) {
      if (!unchanged()) throw new Error('A refusal changed the state', { cause: error })
      throw error
    }
  },
  send(input) {
    const { ratchet, generation } = importState(input.bytes('state'), 0, drawing(input.bytes('nonce')))
    try {
      const frame = ratchet.encrypt(input.bytes('plaintext'))
      return { frame: hex(frame), state: hex(exportState(ratchet.state, generation + 1)) }
    } catch (error) {
      if (hex(exportState(ratchet.state, generation)) !== input.text('state'))
        throw new Error('A refusal changed the state')
      throw error
    }
  },
}

interface Live {
  ratchet: Ratchet
  generation: number
}

export const conversation: Construction = {
  script(input) {
    let draws: Uint8Array[] = []
    const random = (size: number) => drawing(draws.shift() as Uint8Array)(size)
    const live = (image: Uint8Array): Live => importState(image, 0, random)
    const sides = { agent: [live(input.bytes('agent'))], controller: [live(input.bytes('controller'))] }
    const outcomes: Record<string, unknown>[] = []
    const imageOf = ({ ratchet, generation }: Live) => exportState(ratchet.state, generation)
    for (const step of input.objects('steps')) {
      const own = sides[step.text<'agent' | 'controller'>('by')]
      if (step.text('do') === 'rekey') {
        own.push(live(step.bytes('state')))
        outcomes.push({ sessions: own.length })
      } else if (step.text('do') === 'send') {
        const session = own[step.number('session')] as Live
        draws = [step.bytes('nonce')]
        const frame = session.ratchet.encrypt(step.bytes('plaintext'))
        session.generation++
        outcomes.push({ frame: hex(frame), state: hex(sha256(imageOf(session))) })
      } else {
        const frame = unhex(outcomes[step.number('of')]?.frame as string)
        const session = own.findIndex(({ ratchet }) => ratchet.matches(frame))
        const found = own[session] as Live
        draws = [step.bytes('newPrivate')]
        const { plaintext, late } = found.ratchet.decrypt(frame, 0)
        found.generation++
        const content = hex(decodeFrame(plaintext).content)
        outcomes.push({ session, late, stepped: draws.length === 0, content, state: hex(sha256(imageOf(found))) })
      }
    }
    const images = (of: Live[]) => of.map((session) => hex(imageOf(session)))
    return { outcomes, agent: images(sides.agent), controller: images(sides.controller) }
  },
}
