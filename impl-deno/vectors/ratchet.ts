// Vectors of the ratchet, its messages, frames and images, in session/.

import assert from 'node:assert/strict'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { CONTENT_TYPES, type ContentType, StateImage, StreamChunk } from '@happy-remote/schemas/session.ts'
import { toHex } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'
import { importDhKey } from '../crypto/x25519.ts'
import { openRecord, sealRecord } from '../session/at-rest.ts'
import { decodeFrame, encodeFrame, paddedLength } from '../session/frame.ts'
import { ageOf } from '../session/freshness.ts'
import { decodeImage, exportImage, importImage } from '../session/image.ts'
import {
  encodeHeader,
  fitsHeaderKey,
  headerTag,
  openMessage,
  parseMessage,
  peerOf,
  sealMessage,
} from '../session/message.ts'
import { decrypt, encrypt, kdfChain, kdfRoot, type RatchetState, startRatchet } from '../session/ratchet.ts'
import type { SessionKeys } from '../session/schedule.ts'
import type { Suite } from '../session/suite.ts'
import { defineVectors, hex, type Input } from './operation.ts'

defineVectors('kdf', {
  'kdf-rk': async ({ rootKey, dh }) => {
    const [next, chainKey] = await kdfRoot(hex(rootKey), hex(dh))
    return { rootKey: next, chainKey }
  },
  'kdf-ck': ({ chainKey, steps }) => {
    let chain = hex(chainKey)
    const messageKeys = Array.from({ length: steps }, () => {
      const [messageKey, next] = kdfChain(chain)
      chain = next
      return messageKey
    })
    return { messageKeys, chainKey: chain }
  },
})

const headerOf = (input: Input) => ({ ...input, dh: hex(input.dh), nonce: hex(input.nonce) })

defineVectors('htag', {
  tag: (input) => {
    const header = encodeHeader(headerOf(input), hex(input.headerKey))
    return { header, headerTag: headerTag(hex(input.headerKey), header) }
  },
})

defineVectors('message', {
  seal: async (input) => {
    const [key, messageKey, ad] = [hex(input.headerKey), hex(input.messageKey), hex(input.ad)]
    return { frame: await sealMessage(headerOf(input), key, messageKey, ad, hex(input.plaintext)) }
  },
  open: async (input) => {
    const message = parseMessage(hex(input.frame), input.from)
    if (message.suite !== input.suite || !fitsHeaderKey(message, hex(input.headerKey)))
      throw new ProtocolError('header')
    return { ...message, plaintext: await openMessage(message, hex(input.messageKey), hex(input.ad)) }
  },
})

defineVectors('padding', { length: ({ length }) => ({ padded: paddedLength(length) }) })

defineVectors('plaintext-frame', {
  encode: (input) => {
    const contentType = (Object.keys(CONTENT_TYPES) as ContentType[])[input.contentType] as ContentType
    return { frame: encodeFrame({ ...input, contentType, fresh: hex(input.fresh), content: hex(input.content) }) }
  },
  decode: ({ frame }) => {
    const decoded = decodeFrame(hex(frame))
    return { ...decoded, contentType: CONTENT_TYPES[decoded.contentType] }
  },
  'stream-chunk': ({ content }) => StreamChunk.decode(hex(content)),
  freshness: ({ issued, now, fresh }) => {
    const challenges = issued.map((one: Input) => ({ ...one, challenge: hex(one.challenge) }))
    return { age: ageOf(hex(fresh), challenges, now) }
  },
})

const established = (input: Input) => ({
  suite: input.suite as Suite,
  transcript: hex(input.th),
  keys: {
    ...{ rootKey: hex(input.rk0), sessionId: hex(input.sid) },
    ...{ headerAgent: hex(input.htA), headerController: hex(input.htC) },
  } as SessionKeys,
})

defineVectors('ratchet-init', {
  agent: async (input) => {
    const own = await importDhKey(hex(input.ratchetPrivate))
    const state = await startRatchet({ ...established(input), role: 'agent', own, remote: hex(input.spk) })
    return { state: await exportImage(state) }
  },
  controller: async (input) => {
    const [own, next] = await Promise.all([importDhKey(hex(input.spkPrivate)), importDhKey(hex(input.newPrivate))])
    const remote = hex(input.ratchetKey)
    const state = await startRatchet({ ...established(input), role: 'controller', own, remote }, async () => next)
    return { state: await exportImage(state) }
  },
})

/** Opens a message in the session that it fits, and checks that a refusal leaves all of them as they are. */
async function receive(states: readonly RatchetState[], frame: string, newPrivate: string) {
  const before = await Promise.all(states.map(exportImage))
  try {
    const message = parseMessage(hex(frame), states[0] ? peerOf(states[0].role) : 'controller')
    const session = states.findIndex(
      (state) => state.suite === message.suite && fitsHeaderKey(message, state.headerReceive),
    )
    const state = states[session]
    if (!state) throw new ProtocolError('header')
    return { session, ...(await decrypt(state, message, 0, () => importDhKey(hex(newPrivate)))) }
  } catch (error) {
    assert.deepEqual(await Promise.all(states.map(exportImage)), before)
    throw error
  }
}

defineVectors('ratchet-reject', {
  receive: async ({ sessions, frame, newPrivate }) => {
    const states = await Promise.all(sessions.map((image: string) => importImage(hex(image), 0)))
    const opened = await receive(states, frame, newPrivate)
    return { ...opened, state: await exportImage(opened.state) }
  },
  send: async ({ state, nonce, plaintext }) => {
    const before = await importImage(hex(state), 0)
    try {
      const sealed = await encrypt(before, hex(plaintext), hex(nonce))
      return { frame: sealed.frame, state: await exportImage(sealed.state) }
    } catch (error) {
      assert.equal(toHex(await exportImage(before)), state)
      throw error
    }
  },
})

defineVectors('conversation', {
  script: async ({ agent, controller, steps }) => {
    const sides: Record<string, RatchetState[]> = {
      agent: [await importImage(hex(agent), 0)],
      controller: [await importImage(hex(controller), 0)],
    }
    const outcomes: Record<string, unknown>[] = []
    for (const step of steps) {
      const states = sides[step.by] as RatchetState[]
      if (step.do === 'rekey') {
        states.push(await importImage(hex(step.state), 0))
        outcomes.push({ sessions: states.length })
      } else if (step.do === 'send') {
        const sealed = await encrypt(states[step.session] as RatchetState, hex(step.plaintext), hex(step.nonce))
        states[step.session] = sealed.state
        outcomes.push({ frame: toHex(sealed.frame), state: hash(await exportImage(sealed.state)) })
      } else {
        const { frame } = outcomes[step.of] as { frame: string }
        const { session, state, late, stepped, plaintext } = await receive(states, frame, step.newPrivate)
        states[session] = state
        const { content } = decodeFrame(plaintext)
        outcomes.push({ session, late, stepped, content, state: hash(await exportImage(state)) })
      }
    }
    const images = (side: string) => Promise.all((sides[side] as RatchetState[]).map(exportImage))
    return { outcomes, agent: await images('agent'), controller: await images('controller') }
  },
})

defineVectors('state-image', {
  export: (input) => ({ image: StateImage.encode(StateImage.fromJson(input)) }),
  import: async ({ image }) => {
    const decoded = decodeImage(hex(image))
    if ((decoded.flags & 8) === 0 && decoded.dhPrivate.some((byte) => byte !== 0)) {
      assert.equal(toHex(await exportImage(await importImage(hex(image), 0))), image)
    }
    return StateImage.toJson(decoded) as object
  },
  'at-rest': async ({ key, nonce, recordType, pairingId, generation, record }) => {
    const name = { recordType, id: hex(pairingId), generation }
    const stored = await sealRecord(hex(key), name, hex(record), hex(nonce))
    assert.equal(toHex(await openRecord(hex(key), name, stored)), record)
    return { sealed: stored.subarray(12) }
  },
})
