// The stored form of a ratchet (spec/session.md); also how tests tell that a state did not change.

import { SUITES } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { STATE_FLAGS, STATE_ROLES, StateImage } from '@happy-remote/schemas/session.ts'
import { equal, type Random } from '../crypto/primitives.ts'
import { dhKeyPairFrom, dhSecretOf } from '../crypto/x25519.ts'
import { Ratchet, type RatchetState, skippedId } from './ratchet.ts'

const ZERO = new Uint8Array(32)

export function exportState(state: RatchetState, generation: number): Uint8Array {
  return StateImage.encode({
    role: STATE_ROLES[state.role],
    suite: state.suite,
    generation,
    sessionId: state.sessionId,
    associatedData: state.associatedData,
    headerSend: state.headerSend,
    headerReceive: state.headerReceive,
    rootKey: state.rootKey,
    dhPrivate: dhSecretOf(state.dhSend),
    dhPublic: state.dhSend.publicKey,
    flags:
      (state.dhRemote ? STATE_FLAGS.dhr : 0) |
      (state.chainSend ? STATE_FLAGS.cks : 0) |
      (state.chainReceive ? STATE_FLAGS.ckr : 0),
    dhRemote: state.dhRemote ?? ZERO,
    chainSend: state.chainSend ?? ZERO,
    chainReceive: state.chainReceive ?? ZERO,
    sent: state.sent,
    received: state.received,
    baseSend: state.baseSend,
    baseReceive: state.baseReceive,
    skipped: [...state.skipped.values()].map(({ dh, n, messageKey }) => ({ dh, n, messageKey })),
  })
}

/** `now` becomes the time of the skipped keys. Throws ProtocolError `state-corrupt`. */
export function importState(bytes: Uint8Array, now: number, random?: Random): { ratchet: Ratchet; generation: number } {
  let image: StateImage
  try {
    image = StateImage.decode(Uint8Array.from(bytes))
  } catch {
    throw new ProtocolError('state-corrupt')
  }
  const optional = (flag: number, value: Uint8Array): Uint8Array | null => {
    if (image.flags & flag) return value
    if (!equal(value, ZERO)) throw new ProtocolError('state-corrupt')
    return null
  }
  const suite = SUITES.find((known) => known === image.suite)
  // Every session has these from its first state on, and could not send without.
  const needed = STATE_FLAGS.dhr | STATE_FLAGS.cks
  if (suite === undefined || (image.flags & needed) !== needed) throw new ProtocolError('state-corrupt')
  // A handle to a key outside this image cannot be followed here.
  if (image.flags & STATE_FLAGS.external) throw new ProtocolError('state-corrupt')
  const dhSend = dhKeyPairFrom(image.dhPrivate)
  if (!equal(dhSend.publicKey, image.dhPublic)) throw new ProtocolError('state-corrupt')
  const skipped = new Map(image.skipped.map((key) => [skippedId(key.dh, key.n), { ...key, at: now }]))
  // One key twice: the second would silently take the place of the first.
  if (skipped.size !== image.skipped.length) throw new ProtocolError('state-corrupt')
  const state: RatchetState = {
    role: image.role === STATE_ROLES.agent ? 'agent' : 'controller',
    suite,
    sessionId: image.sessionId,
    associatedData: image.associatedData,
    headerSend: image.headerSend,
    headerReceive: image.headerReceive,
    rootKey: image.rootKey,
    dhSend,
    dhRemote: optional(STATE_FLAGS.dhr, image.dhRemote),
    chainSend: optional(STATE_FLAGS.cks, image.chainSend),
    chainReceive: optional(STATE_FLAGS.ckr, image.chainReceive),
    sent: image.sent,
    received: image.received,
    baseSend: image.baseSend,
    baseReceive: image.baseReceive,
    skipped,
  }
  return { ratchet: new Ratchet(state, random), generation: image.generation }
}
