// The controller's bundle of prekeys: the body of M1 and R1 (spec/pairing.md, M1).

import { SUITE_MLKEM } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { IdentityCert, M1Body, Prekeys } from '@happy-remote/schemas/pairing.ts'
import { type Bytes, copy, equal, u16 } from '../crypto/bytes.ts'
import { checkCertificate, deviceIdOf, type Identity, type KnownPeer, signAs, verifyAs } from '../crypto/identity.ts'
import { checkKemKey, generateKemKey, type KemKey } from '../crypto/mlkem768.ts'
import { random } from '../crypto/primitives.ts'
import { checkDhKey, type DhKeyPair, generateDhKey } from '../crypto/x25519.ts'
import { sasCommitment } from './schedule.ts'
import { hasSuite, highestCommon, type Suite } from './suite.ts'

/** The private side of a bundle; made anew for each M1 and R1 (pairing.m1.fresh). */
export interface BundleKeys {
  readonly sasNonce: Uint8Array
  readonly spkId: number
  readonly spk: DhKeyPair
  readonly opkId: number
  readonly opk: DhKeyPair
  /** Null in suite 0x0001. */
  readonly kem: KemKey | null
}

const randomId = (): number => new DataView(random(4).buffer).getUint32(0)

export async function freshBundleKeys(suite: Suite): Promise<BundleKeys> {
  const [spk, opk] = await Promise.all([generateDhKey(), generateDhKey({ extractable: false })])
  const kem = suite === SUITE_MLKEM ? await generateKemKey() : null
  return { sasNonce: random(32), spkId: randomId(), spk, opkId: randomId(), opk, kem }
}

/** The body of M1, 318 or 1,502 bytes (pairing.m1.body). */
export async function buildBundle(
  suite: Suite,
  supported: number,
  routeId: Uint8Array,
  identity: Identity,
  keys: BundleKeys,
): Promise<Bytes> {
  const prekeys = { spkId: keys.spkId, spk: keys.spk.publicKey, opkId: keys.opkId, opk: keys.opk.publicKey }
  const kemKey = keys.kem?.publicKey ?? new Uint8Array(0)
  return M1Body[suite].encode({
    supported,
    routeId,
    sasCommit: sasCommitment(keys.sasNonce),
    cert: IdentityCert.decode(identity.certificate),
    prekeys,
    kemKey,
    signature: await signAs(
      identity.signing,
      'prekeys',
      u16(suite),
      identity.deviceId,
      Prekeys.encode(prekeys),
      kemKey,
    ),
  })
}

/** What an agent knows when it judges a bundle. */
export interface BundlePolicy {
  /** `from` of the routed frame. */
  readonly from: Uint8Array
  /** Bitmap of the suites that the code offers, or that the agent supports in a rekey. */
  readonly offered: number
  /** The last suite of the pairing; 0 in a pairing. */
  readonly lastSuite: number
  readonly ownDeviceId: Uint8Array
  /** The record of the pairing in a rekey; what is stored under this IKs, if anything, in a pairing. */
  readonly known: (identityKey: Uint8Array) => KnownPeer | null
}

/** A bundle that was accepted. */
export interface Bundle {
  readonly suite: Suite
  readonly body: Bytes
  readonly supported: number
  readonly routeId: Uint8Array
  readonly deviceId: Bytes
  readonly cert: IdentityCert
  readonly sasCommit: Uint8Array
  readonly spkId: number
  readonly spk: Uint8Array
  readonly opkId: number
  readonly opk: Uint8Array
  readonly kemKey: Uint8Array
}

/**
 * Judges the body of an M1 or R1 that opened, in the order of pairing.md. Throws ProtocolError
 * `suite`, `length`, `route-mismatch`, `suite-downgrade`, `identity-mismatch`, `cert-signature`,
 * `epoch-rollback`, `prekey-signature`, `kem-key` or a code of `checkDhKey`.
 */
export async function checkBundle(suite: number, received: Uint8Array, policy: BundlePolicy): Promise<Bundle> {
  // pairing.wrap.suite
  if (!hasSuite(policy.offered, suite)) {
    throw new ProtocolError('suite', `Cannot accept M1: suite ${suite} is not offered`)
  }
  const body = copy(received)
  const m1 = M1Body[suite].decode(body)
  // pairing.m1.route
  if (!equal(m1.routeId, policy.from)) {
    throw new ProtocolError('route-mismatch', 'Cannot accept M1: it names another route than it came from')
  }
  // pairing.wrap.suite: a bundle of a suite that its sender does not have
  if (!hasSuite(m1.supported, suite)) {
    throw new ProtocolError('suite', `Cannot accept M1: its sender does not have suite ${suite}`)
  }
  // pairing.rekey.suite, pairing.m1.downgrade
  if (suite < policy.lastSuite || suite !== highestCommon(policy.offered, m1.supported)) {
    throw new ProtocolError('suite-downgrade', `Cannot accept M1: suite ${suite} is too low`)
  }
  const deviceId = deviceIdOf(m1.cert.identityKey)
  // pairing.m1.self
  if (equal(deviceId, policy.ownDeviceId)) {
    throw new ProtocolError('identity-mismatch', 'Cannot accept M1: it is from this very device')
  }
  const cert = await checkCertificate(IdentityCert.encode(m1.cert), policy.known(m1.cert.identityKey))
  // pairing.m1.keys
  checkDhKey(m1.prekeys.spk)
  checkDhKey(m1.prekeys.opk)
  const covered = [u16(suite), deviceId, Prekeys.encode(m1.prekeys), m1.kemKey]
  // pairing.m1.signature
  if (!(await verifyAs(cert.identityKey, 'prekeys', m1.signature, ...covered))) {
    throw new ProtocolError('prekey-signature', 'Cannot accept M1: the signature of its prekeys does not verify')
  }
  // pairing.m1.kem-key
  if (suite === SUITE_MLKEM) checkKemKey(m1.kemKey)
  const { supported, routeId, sasCommit, kemKey } = m1
  return { suite, body, supported, routeId, deviceId, cert, sasCommit, kemKey, ...m1.prekeys }
}
