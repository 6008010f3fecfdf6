// The controller's half of a handshake: M1 and M3, or R1 and R3 (spec/pairing.md).

import { label, SUITE_BITS, SUITE_MLKEM, type Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type IdentityCert, M1Body, M2_PROOF_SIZE, M2Body, M3Body, Prekeys } from '@happy-remote/schemas/pairing.ts'
import { sign, verify } from '../crypto/ed25519.ts'
import { checkCert, deviceIdOf, type Identity } from '../crypto/identity.ts'
import { decapsulate, generateKemKeyPair, type KemKeyPair } from '../crypto/mlkem.ts'
import { concat, equal, type Random, randomBytes, uint } from '../crypto/primitives.ts'
import { checkDhKey, type DhKeyPair, dh, generateDhKeyPair } from '../crypto/x25519.ts'
import { Ratchet } from './ratchet.ts'
import {
  confirmation,
  type RunSecret,
  type SessionKeys,
  sasCommitment,
  sasDigits,
  sessionKeys,
  transcriptHash,
} from './schedule.ts'
import { headOf, unwrap, wrap } from './wrap.ts'

/** An M1 or R1 with the private parts that its answer needs. */
export interface Bundle {
  readonly run: RunSecret
  readonly suite: Suite
  readonly frame: Uint8Array
  readonly body: Uint8Array
  readonly sasNonce: Uint8Array
  readonly spkId: number
  readonly opkId: number
  readonly spk: DhKeyPair
  readonly opk: DhKeyPair
  readonly kem: KemKeyPair | null
}

const randomU32 = (random: Random): number => {
  const bytes = random(4)
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}

/** Draws, in this order: sasNonce, spkId, SPK, opkId, OPK, KEM seed, salt. */
export function createBundle(
  run: RunSecret,
  suite: Suite,
  identity: Identity,
  routeId: Uint8Array,
  random?: Random,
  supported: number = SUITE_BITS,
): Bundle {
  const draw = random ?? randomBytes
  const sasNonce = draw(32)
  const spkId = randomU32(draw)
  const spk = generateDhKeyPair(random)
  const opkId = randomU32(draw)
  const opk = generateDhKeyPair(random)
  const kem = suite === SUITE_MLKEM ? generateKemKeyPair(draw) : null
  const prekeys = { spkId, spk: spk.publicKey, opkId, opk: opk.publicKey }
  const kemKey = kem?.publicKey ?? new Uint8Array(0)
  const signed = concat(label('prekeys'), uint(16, suite), identity.deviceId, Prekeys.encode(prekeys), kemKey)
  const body = M1Body[suite].encode({
    supported,
    routeId,
    sasCommit: sasCommitment(sasNonce),
    cert: identity.cert,
    prekeys,
    kemKey,
    signature: sign(identity.signing, signed),
  })
  const frame = wrap(run.secret, run.mode === 'pairing' ? 'M1' : 'R1', suite, body, random)
  return { run, suite, frame, body, sasNonce, spkId, opkId, spk, opk, kem }
}

/** What is stored of a peer's certificate. */
export interface PinnedCert {
  readonly identityKey: Uint8Array
  readonly dhKey: Uint8Array
  readonly epoch: number
}

/** Who must have answered: by the code, with what is stored of it already, or by what was pinned. */
export type ExpectedAgent =
  | { readonly deviceId: Uint8Array; readonly known?: (identityKey: Uint8Array) => PinnedCert | undefined }
  | PinnedCert

export interface AcceptedM2 {
  readonly suite: Suite
  readonly peer: IdentityCert
  /** Six digits; shown in a pairing run only. */
  readonly digits: string
  readonly keys: SessionKeys
  /** M3 or R3, to be sent unchanged as often as needed. */
  readonly frame: Uint8Array
  readonly ratchet: Ratchet
}

/**
 * Throws ProtocolError `identity-mismatch`, a key code, `cert-signature` or `epoch-rollback`, judged in
 * this order.
 */
export function checkPeer(cert: IdentityCert, pinned?: PinnedCert): void {
  if (pinned && !equal(cert.identityKey, pinned.identityKey)) throw new ProtocolError('identity-mismatch')
  checkCert(cert)
  if (!pinned) return
  // pairing.identity.epoch: the same epoch with another key is a rollback too
  if (cert.epoch < pinned.epoch || (cert.epoch === pinned.epoch && !equal(cert.dhKey, pinned.dhKey))) {
    throw new ProtocolError('epoch-rollback')
  }
}

/**
 * Verifies M2 or R2 and makes M3 or R3. Throws ProtocolError and changes nothing where it does not
 * verify: `decrypt`, `prekey-unknown`, `identity-mismatch`, `epoch-rollback`, `cert-signature`, a key
 * code, `auth-signature`, `confirm`, `suite`, `type`, `length`. Draws: first ratchet key, salt.
 */
export function acceptM2(
  bundle: Bundle,
  frame: Uint8Array,
  identity: Identity,
  expected: ExpectedAgent,
  random?: Random,
): AcceptedM2 {
  const { run, suite } = bundle
  const head = headOf(frame)
  if (head.type !== (run.mode === 'pairing' ? 'M2' : 'R2')) throw new ProtocolError('type')
  const bytes = unwrap(run.secret, frame)
  if (head.suite !== suite) throw new ProtocolError('suite')
  const body = M2Body[suite].decode(bytes)
  if (body.spkId !== bundle.spkId || body.opkId !== bundle.opkId) throw new ProtocolError('prekey-unknown')
  if ('deviceId' in expected) {
    if (!equal(deviceIdOf(body.cert.identityKey), expected.deviceId)) throw new ProtocolError('identity-mismatch')
    if (equal(body.cert.identityKey, identity.cert.identityKey)) throw new ProtocolError('identity-mismatch')
    checkPeer(body.cert, expected.known?.(body.cert.identityKey))
  } else {
    checkPeer(body.cert, expected)
  }
  checkDhKey(body.ephemeralKey)
  checkDhKey(body.ratchetKey)

  const transcript = transcriptHash(run, suite, bundle.body, bytes.subarray(0, bytes.length - M2_PROOF_SIZE))
  const shared = [
    dh(bundle.spk, body.cert.dhKey),
    dh(identity.dh, body.ephemeralKey),
    dh(bundle.spk, body.ephemeralKey),
    dh(bundle.opk, body.ephemeralKey),
  ]
  if (bundle.kem) shared.push(decapsulate(bundle.kem, body.kemCiphertext))
  const keys = sessionKeys(run, shared, transcript)
  // pairing.m2.confirm before pairing.m2.signature: MAC before signature
  if (!equal(confirmation(keys.confirmAgent, transcript, body.signature), body.confirmation)) {
    throw new ProtocolError('confirm')
  }
  if (!verify(body.cert.identityKey, concat(label('auth-agent'), transcript), body.signature)) {
    throw new ProtocolError('auth-signature')
  }

  const ratchet = Ratchet.controller({
    suite,
    sessionId: keys.sessionId,
    associatedData: transcript,
    rootKey: keys.rootKey,
    headerSend: keys.headerController,
    headerReceive: keys.headerAgent,
    ownKey: bundle.spk,
    remoteKey: new Uint8Array(body.ratchetKey),
    ...(random && { random }),
  })
  const signature = sign(identity.signing, concat(label('auth-controller'), transcript))
  const m3 = M3Body.encode({
    sasNonce: bundle.sasNonce,
    signature,
    confirmation: confirmation(keys.confirmController, transcript, signature),
  })
  return {
    suite,
    peer: copyCert(body.cert),
    digits: sasDigits(keys.sas, transcript, bundle.sasNonce),
    keys,
    frame: wrap(run.secret, run.mode === 'pairing' ? 'M3' : 'R3', suite, m3, random),
    ratchet,
  }
}

/** Decoded fields are views of a frame; what is kept is copied. */
export const copyCert = (cert: IdentityCert): IdentityCert => ({
  identityKey: new Uint8Array(cert.identityKey),
  dhKey: new Uint8Array(cert.dhKey),
  epoch: cert.epoch,
  signature: new Uint8Array(cert.signature),
})
