// The controller's side of a handshake, pairing and rekey: it sends a bundle as M1, checks M2 and
// makes M3 (spec/pairing.md). Nothing here keeps state between calls.

import { SUITE_MLKEM } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { IdentityCert, M2_PROOF_SIZE, M2Body, M3Body } from '@happy-remote/schemas/pairing.ts'
import { type Bytes, equal } from '../crypto/bytes.ts'
import { checkCertificate, deviceIdOf, type Identity, type KnownPeer, signAs, verifyAs } from '../crypto/identity.ts'
import type { KemKey } from '../crypto/mlkem768.ts'
import { random } from '../crypto/primitives.ts'
import { agree, checkDhKey } from '../crypto/x25519.ts'
import { type BundleKeys, buildBundle, freshBundleKeys } from './bundle.ts'
import { AUTH_LABELS, type Established } from './handshake.ts'
import type { Run } from './run.ts'
import { checkConfirmation, confirmation, deriveKeys, sasDigits, transcriptHash } from './schedule.ts'
import type { Suite } from './suite.ts'
import { type OpenedFrame, sealHandshake } from './wrap.ts'

/** A bundle that was sent and waits for its answer. */
export interface ControllerRun {
  readonly run: Run
  readonly suite: Suite
  readonly identity: Identity
  readonly body: Bytes
  readonly keys: BundleKeys
  /** M1 as sent, to be sent again unchanged (pairing.controller.m1-resend). */
  readonly request: Bytes
}

export interface Start {
  readonly suite: Suite
  /** Bitmap of all suites that this controller has. */
  readonly supported: number
  readonly routeId: Uint8Array
  readonly identity: Identity
}

/** Makes M1 of a pairing or R1 of a rekey. */
export async function startHandshake(
  run: Run,
  { suite, supported, routeId, identity }: Start,
  fresh?: BundleKeys,
  salt: Uint8Array = random(32),
): Promise<ControllerRun> {
  const keys = fresh ?? (await freshBundleKeys(suite))
  const body = await buildBundle(suite, supported, routeId, identity, keys)
  const request = await sealHandshake(run.types[0], suite, run.secret, body, salt)
  return { run, suite, identity, body, keys, request }
}

/** Whom a controller takes an answer from. */
export interface ExpectedAgent {
  /** Of the pairing code, or of the stored record. */
  readonly deviceId: Uint8Array
  /** The record of the pairing, or what is known of this agent from another one. */
  readonly known: KnownPeer | null
}

/** An accepted answer: M3 to send, and the session that it proves. */
export interface Finished {
  readonly finish: Bytes
  readonly established: Established
}

/**
 * Judges an M2 or R2 that opened, in the order of pairing.md. Throws ProtocolError `suite`, `length`,
 * `prekey-unknown`, `identity-mismatch`, `cert-signature`, `epoch-rollback`, `dh-zero`, `confirm`,
 * `auth-signature` or a code of `checkDhKey`.
 */
export async function acceptAnswer(
  started: ControllerRun,
  answer: OpenedFrame,
  expected: ExpectedAgent,
  salt: Uint8Array = random(32),
): Promise<Finished> {
  const { run, suite, identity, keys: own } = started
  // pairing.wrap.suite
  if (answer.suite !== suite) {
    throw new ProtocolError('suite', `Cannot accept M2: suite ${answer.suite} is not that of the run`)
  }
  const m2 = M2Body[suite].decode(answer.body)
  // pairing.m2.prekeys
  if (m2.spkId !== own.spkId || m2.opkId !== own.opkId) {
    throw new ProtocolError('prekey-unknown', 'Cannot accept M2: it names a prekey that is not held')
  }
  // pairing.m2.device
  if (!equal(deviceIdOf(m2.cert.identityKey), expected.deviceId)) {
    throw new ProtocolError('identity-mismatch', 'Cannot accept M2: it is from another device than expected')
  }
  const peer = await checkCertificate(IdentityCert.encode(m2.cert), expected.known)
  // pairing.m2.keys
  checkDhKey(m2.ephemeralKey)
  checkDhKey(m2.ratchetKey)
  const [dh1, dh2, dh3, dh4] = await Promise.all([
    agree(own.spk, peer.dhKey),
    agree(identity.dh, m2.ephemeralKey),
    agree(own.spk, m2.ephemeralKey),
    agree(own.opk, m2.ephemeralKey),
  ])
  // pairing.m2.kem-ciphertext: a ciphertext for another key gives another secret, seen by the confirmation
  const secret = suite === SUITE_MLKEM ? await (own.kem as KemKey).decapsulate(m2.kemCiphertext) : undefined
  const transcript = transcriptHash(suite, run, started.body, answer.body.subarray(0, -M2_PROOF_SIZE))
  const shared = secret ? ([dh1, dh2, dh3, dh4, secret] as const) : ([dh1, dh2, dh3, dh4] as const)
  const keys = await deriveKeys(run, shared, transcript)
  checkConfirmation(keys.confirmAgent, transcript, m2.signature, m2.confirmation)
  // pairing.m2.signature
  if (!(await verifyAs(peer.identityKey, AUTH_LABELS.agent, m2.signature, transcript))) {
    throw new ProtocolError('auth-signature', 'Cannot accept M2: the signature of the transcript does not verify')
  }
  const signature = await signAs(identity.signing, AUTH_LABELS.controller, transcript)
  // pairing.m3.body
  const body = M3Body.encode({
    sasNonce: own.sasNonce,
    signature,
    confirmation: confirmation(keys.confirmController, transcript, signature),
  })
  return {
    finish: await sealHandshake(run.types[2], suite, run.secret, body, salt),
    established: {
      role: 'controller',
      run,
      suite,
      transcript,
      keys,
      own: own.spk,
      remote: m2.ratchetKey,
      peer,
      digits: run.mode === 1 ? sasDigits(keys.sasKey, transcript, own.sasNonce) : null,
    },
  }
}
