// The state image: a session as bytes, equal in every implementation (spec/session.md, State image).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { STATE_FLAGS, STATE_ROLES, StateImage } from '@happy-remote/schemas/session.ts'
import { type Bytes, copy, isZero } from '../crypto/bytes.ts'
import { exportDhKey, importDhKey } from '../crypto/x25519.ts'
import type { RatchetState } from './ratchet.ts'
import { isSuite } from './suite.ts'

const ABSENT = new Uint8Array(32)

/** 344 bytes and 68 for each skipped key (session.state.layout). A private key that cannot be exported is left out. */
export async function exportImage(state: RatchetState): Promise<Bytes> {
  const external = !state.own.privateKey.extractable
  return StateImage.encode({
    ...state,
    role: STATE_ROLES[state.role],
    dhPrivate: external ? ABSENT : await exportDhKey(state.own.privateKey),
    dhPublic: state.own.publicKey,
    flags:
      STATE_FLAGS.dhr |
      STATE_FLAGS.cks |
      (state.chainReceive ? STATE_FLAGS.ckr : 0) |
      (external ? STATE_FLAGS.external : 0),
    dhRemote: state.remote,
    chainReceive: state.chainReceive ?? ABSENT,
    skipped: state.skipped.map(({ dh, n, messageKey }) => ({ dh, n, messageKey })),
  })
}

const corrupt = (why: string) => new ProtocolError('state-corrupt', `Cannot read a state image: ${why}`)

/** Reads the layout alone. Throws ProtocolError `state-corrupt`, whatever is wrong (session.state.corrupt). */
export function decodeImage(image: Uint8Array): StateImage {
  let decoded: StateImage
  try {
    decoded = StateImage.decode(copy(image))
  } catch {
    throw corrupt('it does not follow the layout')
  }
  const { flags } = decoded
  const fields = [
    [STATE_FLAGS.dhr, decoded.dhRemote],
    [STATE_FLAGS.cks, decoded.chainSend],
    [STATE_FLAGS.ckr, decoded.chainReceive],
  ] as const
  const stray = fields.some(([flag, field]) => (flags & flag) === 0 && !isZero(field))
  if (stray || ((flags & STATE_FLAGS.external) !== 0 && !isZero(decoded.dhPrivate))) {
    throw corrupt('a field that its flags call absent is not zero')
  }
  return decoded
}

/**
 * A state to go on with. `external` is the private key of an image that names one outside; `now` is
 * the time of loading, which becomes that of every skipped key (session.persist.load). Throws
 * ProtocolError `state-corrupt`.
 */
export async function importImage(image: Uint8Array, now: number, external?: CryptoKey): Promise<RatchetState> {
  const decoded = decodeImage(image)
  const { flags, suite, dhPublic } = decoded
  const [hasRemote, hasSend] = [(flags & STATE_FLAGS.dhr) !== 0, (flags & STATE_FLAGS.cks) !== 0]
  // Both exist from the first state on, at either side.
  if (!hasRemote || !hasSend || !isSuite(suite)) throw corrupt('no session looks like this')
  const outside = (flags & STATE_FLAGS.external) !== 0
  if (outside && !external) throw corrupt('its private key is held outside and was not given')
  const privateKey = outside ? (external as CryptoKey) : (await importDhKey(decoded.dhPrivate)).privateKey
  const { sent, received, baseSend, baseReceive, generation, rootKey, chainSend, sessionId, associatedData } = decoded
  return {
    ...{ suite, generation, sessionId, associatedData, rootKey, chainSend, sent, received, baseSend, baseReceive },
    role: decoded.role === STATE_ROLES.agent ? 'agent' : 'controller',
    headerSend: decoded.headerSend,
    headerReceive: decoded.headerReceive,
    own: { privateKey, publicKey: copy(dhPublic) },
    remote: decoded.dhRemote,
    chainReceive: (flags & STATE_FLAGS.ckr) !== 0 ? decoded.chainReceive : null,
    skipped: decoded.skipped.slice(-limits.skippedKeys).map((key) => ({ ...key, storedAt: now })),
  }
}
