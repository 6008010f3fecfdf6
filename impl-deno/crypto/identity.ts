// Who a device is: identity key, certificate, device id; and the id of a route (spec/pairing.md, spec/relay.md).

import { DEVICE_PREFIX, label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import { encodeBase32 } from './base32.ts'
import { type Bytes, concat, copy, equal } from './bytes.ts'
import { type SigningKey, sign, verify } from './ed25519.ts'
import { hash } from './primitives.ts'
import { checkDhKey, type DhKeyPair } from './x25519.ts'

/** An own identity: IKs and IKd, and the certificate that binds them. */
export interface Identity {
  readonly signing: SigningKey
  readonly dh: DhKeyPair
  readonly certificate: Bytes
  readonly deviceId: Bytes
}

/** What is stored of a peer's certificate; `epoch` is the highest seen for that `identityKey`. */
export interface KnownPeer {
  readonly identityKey: Uint8Array
  readonly dhKey: Uint8Array
  readonly epoch: number
}

/** Bytes of a certificate that its signature covers. */
const CERT_SIGNED = 68

/** The only labels that IKs ever signs under (pairing.identity.use). */
export type IdentityLabel = 'identity' | 'prekeys' | 'auth-agent' | 'auth-controller'

/** 16 bytes (pairing.identity.device-id). */
export const deviceIdOf = (identityKey: Uint8Array): Bytes => hash(label('device-id'), identityKey).slice(0, 16)

/** As an interface shows it: `hd1` and 26 characters of lower-case base32. */
export const deviceIdText = (deviceId: Uint8Array): string => DEVICE_PREFIX + encodeBase32(deviceId).toLowerCase()

/** 16 bytes (relay.route.id). */
export const routeIdOf = (routeKey: Uint8Array): Bytes => hash(label('route-id'), routeKey).slice(0, 16)

export const signAs = (key: SigningKey, name: IdentityLabel, ...parts: readonly Uint8Array[]): Promise<Bytes> =>
  sign(key, label(name), ...parts)

export const verifyAs = (
  identityKey: Uint8Array,
  name: IdentityLabel,
  signature: Uint8Array,
  ...parts: readonly Uint8Array[]
): Promise<boolean> => verify(identityKey, signature, concat(label(name), ...parts))

/** Binds IKd to IKs. `epoch` is 1 at first and one more for each new IKd (pairing.identity.epoch-first). */
export async function createIdentity(signing: SigningKey, dh: DhKeyPair, epoch = 1): Promise<Identity> {
  const unsigned = { identityKey: signing.publicKey, dhKey: dh.publicKey, epoch, signature: new Uint8Array(64) }
  const signed = IdentityCert.encode(unsigned).subarray(0, CERT_SIGNED)
  const certificate = concat(signed, await signAs(signing, 'identity', signed))
  return { signing, dh, certificate, deviceId: deviceIdOf(signing.publicKey) }
}

/**
 * Checks a peer's certificate of 132 bytes. `known` is what is stored under its IKs, or the record of
 * the pairing in a rekey, or null. Throws ProtocolError `length`, `identity-mismatch`,
 * `cert-signature`, `epoch-rollback` or a code of `checkDhKey`.
 */
export async function checkCertificate(certificate: Uint8Array, known: KnownPeer | null): Promise<IdentityCert> {
  const cert = IdentityCert.decode(copy(certificate))
  // pairing.identity.pinned
  if (known && !equal(known.identityKey, cert.identityKey)) {
    throw new ProtocolError('identity-mismatch', 'Cannot accept a certificate: it is not the pinned identity')
  }
  checkDhKey(cert.dhKey)
  // pairing.identity.cert-signature
  if (!(await verifyAs(cert.identityKey, 'identity', cert.signature, certificate.subarray(0, CERT_SIGNED)))) {
    throw new ProtocolError('cert-signature', 'Cannot accept a certificate: its signature does not verify')
  }
  // pairing.identity.epoch
  if (known && (cert.epoch < known.epoch || (cert.epoch === known.epoch && !equal(cert.dhKey, known.dhKey)))) {
    throw new ProtocolError(
      'epoch-rollback',
      `Cannot accept a certificate of epoch ${cert.epoch}: a newer one is known`,
    )
  }
  return cert
}
