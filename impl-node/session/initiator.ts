// The agent's half of a handshake: answers M1 with M2, or R1 with R2, and verifies M3 or R3
// (spec/pairing.md). In X3DH's terms the agent is the initiator: it consumes the other's prekeys.

import { label, SUITE_MLKEM, SUITES, type Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type IdentityCert, M1Body, M2_PROOF_SIZE, M2Body, M3Body, Prekeys } from '@happy-remote/schemas/pairing.ts'
import { sign, verify } from '../crypto/ed25519.ts'
import { deviceIdOf, type Identity } from '../crypto/identity.ts'
import { checkKemKey, encapsulate } from '../crypto/mlkem.ts'
import { concat, equal, type Random, uint } from '../crypto/primitives.ts'
import { checkDhKey, type DhKeyPair, dh, generateDhKeyPair } from '../crypto/x25519.ts'
import { Ratchet } from './ratchet.ts'
import { checkPeer, copyCert, type PinnedCert } from './responder.ts'
import {
  confirmation,
  type RunSecret,
  type SessionKeys,
  sasCommitment,
  sasDigits,
  sessionKeys,
  transcriptHash,
} from './schedule.ts'
import { headOf, knownSuite, unwrap, wrap } from './wrap.ts'

/** An M1 or R1 that opened under the secret of the run; nothing else of it is judged yet. */
export interface OpenedM1 {
  readonly run: RunSecret
  readonly frame: Uint8Array
  readonly suite: number
  readonly bytes: Uint8Array
}

/** Throws ProtocolError `version`, `length`, `type`, `decrypt`: nothing was consumed. */
export function openM1(run: RunSecret, frame: Uint8Array): OpenedM1 {
  const { type, suite } = headOf(frame)
  if (type !== (run.mode === 'pairing' ? 'M1' : 'R1')) throw new ProtocolError('type')
  return { run, frame, suite, bytes: unwrap(run.secret, frame) }
}

export interface AnswerOptions {
  readonly identity: Identity
  /** Route that the frame came from. */
  readonly from: Uint8Array
  /** Bitmap: what the code offered, or what this agent has. */
  readonly offered: number
  /** In a rekey: the peer's pinned certificate and the pairing's last suite. */
  readonly pinned?: PinnedCert
  readonly leastSuite?: Suite
  /** In a pairing: what is stored of this identity key already. */
  readonly known?: (identityKey: Uint8Array) => PinnedCert | undefined
  readonly random?: Random
  /** In place of a random encapsulation, for whole runs that are published. */
  readonly encapsulate?: typeof encapsulate
}

/** A run that waits for M3 or R3. */
export interface AnsweredRun {
  readonly run: RunSecret
  readonly suite: Suite
  /** M2 or R2; the identical M1 gets the identical bytes. */
  readonly frame: Uint8Array
  readonly peer: IdentityCert
  readonly peerRoute: Uint8Array
  readonly sasCommit: Uint8Array
  readonly transcript: Uint8Array
  readonly keys: SessionKeys
  readonly ratchetKey: DhKeyPair
  readonly spk: Uint8Array
}

export const highestSuite = (bits: number): Suite | 0 => SUITES.findLast((suite) => bits & (1 << (suite - 1))) ?? 0

/**
 * Verifies M1 or R1 and makes M2 or R2. Throws ProtocolError with a handshake or key code. Draws:
 * EK_A, RK_A, salt.
 */
export function answerM1(opened: OpenedM1, options: AnswerOptions): AnsweredRun {
  const { run, bytes } = opened
  const suite = knownSuite(opened.suite)
  const { identity, random } = options
  // pairing.wrap.suite
  if ((options.offered & (1 << (suite - 1))) === 0) throw new ProtocolError('suite')
  const body = M1Body[suite].decode(bytes)
  // pairing.m1.route
  if (!equal(body.routeId, options.from)) throw new ProtocolError('route-mismatch')
  // pairing.wrap.suite: a bundle of a suite that its sender does not have
  if ((body.supported & (1 << (suite - 1))) === 0) throw new ProtocolError('suite')
  // pairing.m1.downgrade, pairing.rekey.suite
  if (suite !== highestSuite(body.supported & options.offered) || suite < (options.leastSuite ?? 0))
    throw new ProtocolError('suite-downgrade')
  const deviceId = deviceIdOf(body.cert.identityKey)
  // pairing.m1.self
  if (equal(deviceId, identity.deviceId)) throw new ProtocolError('identity-mismatch')
  checkPeer(body.cert, options.pinned ?? options.known?.(body.cert.identityKey))
  // pairing.m1.keys
  checkDhKey(body.prekeys.spk)
  checkDhKey(body.prekeys.opk)
  const signed = concat(label('prekeys'), uint(16, suite), deviceId, Prekeys.encode(body.prekeys), body.kemKey)
  // pairing.m1.signature
  if (!verify(body.cert.identityKey, signed, body.signature)) throw new ProtocolError('prekey-signature')

  const ephemeral = generateDhKeyPair(random)
  const ratchetKey = generateDhKeyPair(random)
  const shared = [
    dh(identity.dh, body.prekeys.spk),
    dh(ephemeral, body.cert.dhKey),
    dh(ephemeral, body.prekeys.spk),
    dh(ephemeral, body.prekeys.opk),
  ]
  let kemCiphertext: Uint8Array = new Uint8Array(0)
  if (suite === SUITE_MLKEM) {
    checkKemKey(body.kemKey)
    const kem = (options.encapsulate ?? encapsulate)(body.kemKey)
    kemCiphertext = kem.ciphertext
    shared.push(kem.sharedSecret)
  }
  const unproven = M2Body[suite].encode({
    cert: identity.cert,
    ephemeralKey: ephemeral.publicKey,
    ratchetKey: ratchetKey.publicKey,
    spkId: body.prekeys.spkId,
    opkId: body.prekeys.opkId,
    kemCiphertext,
    signature: new Uint8Array(64),
    confirmation: new Uint8Array(32),
  })
  const m2part = unproven.subarray(0, unproven.length - M2_PROOF_SIZE)
  const transcript = transcriptHash(run, suite, bytes, m2part)
  const keys = sessionKeys(run, shared, transcript)
  const signature = sign(identity.signing, concat(label('auth-agent'), transcript))
  const m2 = concat(m2part, signature, confirmation(keys.confirmAgent, transcript, signature))
  return {
    run,
    suite,
    frame: wrap(run.secret, run.mode === 'pairing' ? 'M2' : 'R2', suite, m2, random),
    peer: copyCert(body.cert),
    peerRoute: new Uint8Array(body.routeId),
    sasCommit: new Uint8Array(body.sasCommit),
    transcript,
    keys,
    ratchetKey,
    spk: new Uint8Array(body.prekeys.spk),
  }
}

export interface CompletedRun {
  readonly suite: Suite
  readonly peer: IdentityCert
  readonly digits: string
  readonly pairingKey: Uint8Array
  readonly sessionId: Uint8Array
  readonly ratchet: Ratchet
}

/** Verifies M3 or R3. Throws ProtocolError `type`, `suite`, `decrypt`, `length`, `confirm`, `auth-signature`. */
export function completeRun(answered: AnsweredRun, frame: Uint8Array, random?: Random): CompletedRun {
  const { run, suite, keys, transcript, peer } = answered
  const head = headOf(frame)
  if (head.type !== (run.mode === 'pairing' ? 'M3' : 'R3')) throw new ProtocolError('type')
  const bytes = unwrap(run.secret, frame)
  if (head.suite !== suite) throw new ProtocolError('suite')
  const body = M3Body.decode(bytes)
  if (!equal(confirmation(keys.confirmController, transcript, body.signature), body.confirmation)) {
    throw new ProtocolError('confirm')
  }
  // pairing.m3.commitment
  if (!equal(sasCommitment(body.sasNonce), answered.sasCommit)) throw new ProtocolError('confirm')
  if (!verify(peer.identityKey, concat(label('auth-controller'), transcript), body.signature)) {
    throw new ProtocolError('auth-signature')
  }
  const ratchet = Ratchet.agent({
    suite,
    sessionId: keys.sessionId,
    associatedData: transcript,
    rootKey: keys.rootKey,
    headerSend: keys.headerAgent,
    headerReceive: keys.headerController,
    ownKey: answered.ratchetKey,
    remoteKey: answered.spk,
    ...(random && { random }),
  })
  const digits = sasDigits(keys.sas, transcript, body.sasNonce)
  return { suite, peer, digits, pairingKey: keys.pairingKey, sessionId: keys.sessionId, ratchet }
}
