// Ratchet messages that a receiver has to refuse, as scenarios name them: "a message …". Each is right but for
// what its name says, so that a receiver that does not look there acts on it.

import { PLAINTEXT_HEADER, RATCHET_HEADER, RATCHET_OVERHEAD } from '@happy-remote/schemas/session.ts'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { chainStep } from '@happy-remote/vectors/protocol/ratchet.ts'
import { random } from './device.ts'
import type { ScriptedSession, SealFault } from './session.ts'

export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice()
  const index = at < 0 ? bytes.length + at : at
  changed[index] = (changed[index] ?? 0) ^ 1
  return changed
}

/** Another encoding of the same key: X25519 ignores the top bit. */
function withTopBit(key: Uint8Array): Uint8Array {
  const changed = key.slice()
  changed[31] = (changed[31] ?? 0) | 0x80
  return changed
}

/** The key of the message that comes `ahead` messages after the next one. */
async function keyAhead({ state }: ScriptedSession, ahead: number): Promise<Uint8Array> {
  let chain = state.chainSend
  for (let i = 0; i < ahead; i++) chain = (await chainStep(noble, chain)).chainKey
  return (await chainStep(noble, chain)).messageKey
}

const SMALL_ORDER = Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex')
/** 9 + 2^255 - 19: the base point in an encoding that is not canonical. */
const BEYOND_FIELD = Buffer.from(`f6${'ff'.repeat(30)}7f`, 'hex')
const TAG_AT = 4
const LAST_OF_NUMBER = RATCHET_HEADER - 13
const TOO_LONG = 262_225

type Wrong = SealFault | ((session: ScriptedSession) => SealFault | Promise<SealFault>)

/** Those of the next message of a chain. */
const inAnyChain: Readonly<Record<string, Wrong>> = {
  'that ends within its header': { message: (right) => right.slice(0, 40) },
  'of 79 bytes': { message: (right) => right.slice(0, 79) },
  [`of ${TOO_LONG} bytes`]: {
    plain: ({ content }) => ({
      padding: new Uint8Array(TOO_LONG - RATCHET_OVERHEAD - PLAINTEXT_HEADER - content.length),
    }),
  },
  'of version 2': { header: () => ({ version: 2 }) },
  'whose header tag was changed on the way': { message: (right) => flipped(right, TAG_AT) },
  'whose suite is another one': { header: ({ suite }) => ({ suite: 3 - suite }) },
  'with the header tag of another session': { header: () => ({ tagKey: random(32) }) },
  'whose number was changed on the way': { message: (right) => flipped(right, LAST_OF_NUMBER) },
  'whose last bit was changed on the way': { message: (right) => flipped(right, -1) },
  'sealed under another key': { messageKey: random(32) },
  'sealed without the transcript': { associatedData: new Uint8Array() },
}

/** Those of a ratchet key under which something was sent already. */
const inUsedChain: Readonly<Record<string, Wrong>> = {
  'whose base is not that of its chain': { header: ({ base }) => ({ base: base + 1 }) },
}

/** Those of a ratchet key under which nothing was sent yet: a receiver would take its first message as a new chain. */
const inNewChain: Readonly<Record<string, Wrong>> = {
  'with a ratchet key of zeros': { header: () => ({ dh: new Uint8Array(32) }) },
  'with a ratchet key of small order': { header: () => ({ dh: SMALL_ORDER }) },
  'with a ratchet key beyond the field': { header: () => ({ dh: BEYOND_FIELD }) },
  'with a ratchet key whose top bit is set': { header: ({ dh }) => ({ dh: withTopBit(dh) }) },
  'whose new chain begins before what came': async (session) => ({
    header: ({ base }) => ({ base: base - 1, n: 1 }),
    messageKey: await keyAhead(session, 1),
  }),
  'of a new chain, sealed under another key': { messageKey: random(32) },
}

export const wrongRatchetMessages = { ...inAnyChain, ...inUsedChain, ...inNewChain }

/** In which chain of its sender a message has to stand to be wrong in this way alone. */
export function chainOf(name: string): 'new' | 'used' | 'any' {
  if (Object.hasOwn(inNewChain, name)) return 'new'
  return Object.hasOwn(inUsedChain, name) ? 'used' : 'any'
}

/** The fault of this name, for the next message of `session`; the state stays as it was. */
export async function wrongMessage(name: string, session: ScriptedSession): Promise<SealFault> {
  const wrong = wrongRatchetMessages[name] as Wrong
  return { ...(typeof wrong === 'function' ? await wrong(session) : wrong), keepState: true }
}

/** Plaintext frames that a receiver has to refuse: "a frame …". */
export const wrongPlainFrames: Readonly<Record<string, SealFault>> = {
  'whose length goes beyond its end': { plain: ({ contentLength }) => ({ contentLength: contentLength + 100_000 }) },
  'with one padding byte that is not zero': { plain: ({ padding }) => ({ padding: flipped(padding, -1) }) },
  'of the unknown content type 4': { plain: () => ({ contentType: 4 }) },
  'of the unknown content type 255': { plain: () => ({ contentType: 255 }) },
  'with a flag set': { plain: () => ({ flags: 1 }) },
}
