// Two live ends of one session, for the vectors that need states.

import type { Suite } from '@happy-remote/schemas/constants.ts'
import { RatchetMessage, type StateImage } from '@happy-remote/schemas/session.ts'
import { noble } from '../backend/noble.ts'
import { concat, hex, unhex } from '../protocol/bytes.ts'
import { encodeFrame } from '../protocol/frame.ts'
import { makeHeader, receive, send, start, startController } from '../protocol/ratchet.ts'
import { dhKeyOf } from './identity.ts'
import { secret } from './secret.ts'

export type Side = 'agent' | 'controller'
export type World = Record<Side, StateImage>

/** The first states of both sides. */
export async function newWorld(file: string, suite: Suite, session: string): Promise<World> {
  const own = (name: string, size = 32) => unhex(secret(file, `${session}/${name}`, size))
  const keys = { rk0: own('rk0'), sid: own('sid', 16), htA: own('ht-a'), htC: own('ht-c') }
  const from = { suite, keys, th: own('th') }
  const spk = unhex(dhKeyOf(hex(own('controller/spk'))))
  const rk = unhex(dhKeyOf(hex(own('agent/ratchet0'))))
  return {
    agent: await start(noble, { ...from, role: 'agent', ownPrivate: own('agent/ratchet0'), peerKey: spk }),
    controller: await startController(
      noble,
      { ...from, role: 'controller', ownPrivate: own('controller/spk'), peerKey: rk },
      own('controller/ratchet1'),
    ),
  }
}

/** A plaintext frame whose ack is what `state` has opened so far. */
export function plaintextFor(state: StateImage, text: string): Uint8Array {
  const content = new TextEncoder().encode(text)
  const ack = state.baseReceive + state.received
  return encodeFrame({ contentType: 1, fresh: new Uint8Array(8), ack, content })
}

/** One sentence from `side`; changes the world. */
export async function say(world: World, file: string, side: Side, text: string): Promise<Uint8Array> {
  const nonce = unhex(secret(file, `nonce/${text}`, 12))
  const sent = await send(noble, world[side], nonce, plaintextFor(world[side], text))
  world[side] = sent.state
  return sent.frame
}

/** Key of the next sending chain after a message. */
export const nextKey = (file: string, text: string): string => secret(file, `ratchet after/${text}`)

export async function hear(world: World, file: string, side: Side, frame: Uint8Array, text: string): Promise<void> {
  const received = await receive(noble, [world[side]], frame, unhex(nextKey(file, text)))
  world[side] = received.state
}

/** What an insider can do: other header fields under a right header tag, the ciphertext as it was. */
export async function reforge(
  frame: Uint8Array,
  headerKey: Uint8Array,
  changes: Partial<Pick<RatchetMessage, 'dh' | 'base' | 'n' | 'nonce' | 'suite'>>,
): Promise<string> {
  const message = { ...RatchetMessage.decode(frame), ...changes }
  return hex(concat(await makeHeader(noble, headerKey, message), message.sealed))
}
