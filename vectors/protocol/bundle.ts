// The controller's live prekey bundle, which is the body of M1 and R1: section 5.2.

import { label, SUITE_BITS, SUITE_MLKEM, type Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { M1Body, Prekeys } from '@happy-remote/schemas/pairing.ts'
import type { Backend } from '../backend/backend.ts'
import { concat, equal, u16 } from './bytes.ts'
import { checkCert, type Device, deviceIdOf, makeCert, type Pinned } from './identity.ts'
import { checkDhKey, verify } from './keys.ts'

/** Everything that a controller draws for one M1, with its lasting secrets. */
export interface BundleSecrets {
  readonly device: Device
  readonly supported: number
  readonly routeId: Uint8Array
  readonly sasNonce: Uint8Array
  readonly spkId: number
  readonly spkPrivate: Uint8Array
  readonly opkId: number
  readonly opkPrivate: Uint8Array
  /** d ‖ z, 64 bytes; unused in suite 0x0001. */
  readonly kemSeed: Uint8Array
}

export const commit = (backend: Backend, sasNonce: Uint8Array): Promise<Uint8Array> =>
  backend.sha256(concat(label('sas-commit'), sasNonce))

export function prekeySignedBytes(suite: Suite, deviceId: Uint8Array, prekeys: Uint8Array, kemKey: Uint8Array) {
  return concat(label('prekeys'), u16(suite), deviceId, prekeys, kemKey)
}

export async function makeBundle(backend: Backend, suite: Suite, secrets: BundleSecrets) {
  const cert = await makeCert(backend, secrets.device)
  const prekeys: Prekeys = {
    spkId: secrets.spkId,
    spk: await backend.dhPublic(secrets.spkPrivate),
    opkId: secrets.opkId,
    opk: await backend.dhPublic(secrets.opkPrivate),
  }
  const kemKey = suite === SUITE_MLKEM ? await backend.kem.publicKey(secrets.kemSeed) : new Uint8Array()
  const deviceId = await deviceIdOf(backend, cert.identityKey)
  const signedBytes = prekeySignedBytes(suite, deviceId, Prekeys.encode(prekeys), kemKey)
  const body = M1Body[suite].encode({
    supported: secrets.supported,
    routeId: secrets.routeId,
    sasCommit: await commit(backend, secrets.sasNonce),
    cert,
    prekeys,
    kemKey,
    signature: await backend.sign(secrets.device.identitySeed, signedBytes),
  })
  return { body, cert, prekeys, kemKey, signedBytes }
}

/** What the agent holds against an M1 or R1. */
export interface BundleExpectation {
  /** `from` of the routed frame. */
  readonly from: Uint8Array
  /** The agent's suites, as in the pairing code. */
  readonly offered: number
  /** The pairing's last suite; 0 in a pairing. */
  readonly lastSuite: number
  readonly ownDeviceId: Uint8Array
  readonly pinned: Pinned
}

/** Highest suite of a bitmap, 0 if none; unknown bits are ignored. */
export const highestSuite = (bitmap: number): number => 32 - Math.clz32(bitmap & SUITE_BITS)

export function isSuite(value: number): value is Suite {
  return value === 1 || value === 2
}

export async function checkBundle(backend: Backend, suite: number, body: Uint8Array, expect: BundleExpectation) {
  if (!isSuite(suite)) throw new ProtocolError('suite')
  const bundle = M1Body[suite].decode(body)
  if (!equal(bundle.routeId, expect.from)) throw new ProtocolError('route-mismatch')
  const common = bundle.supported & expect.offered
  if ((common & (1 << (suite - 1))) === 0) throw new ProtocolError('suite')
  if (suite < highestSuite(common) || suite < expect.lastSuite) throw new ProtocolError('suite-downgrade')
  const deviceId = await deviceIdOf(backend, bundle.cert.identityKey)
  if (equal(deviceId, expect.ownDeviceId)) throw new ProtocolError('identity-mismatch')
  await checkCert(backend, bundle.cert, expect.pinned)
  checkDhKey(bundle.prekeys.spk)
  checkDhKey(bundle.prekeys.opk)
  const signed = prekeySignedBytes(suite, deviceId, Prekeys.encode(bundle.prekeys), bundle.kemKey)
  if (!(await verify(backend, bundle.cert.identityKey, signed, bundle.signature))) {
    throw new ProtocolError('prekey-signature')
  }
  if (suite === SUITE_MLKEM && !(await backend.kem.accepts(bundle.kemKey))) throw new ProtocolError('kem-key')
  return { bundle, deviceId, suite }
}
