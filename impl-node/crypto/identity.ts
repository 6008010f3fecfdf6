// A device's identity: an Ed25519 key that signs, an X25519 key that it certifies (spec/pairing.md).

import { label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import {
  generateSigningKeyPair,
  type SigningKeyPair,
  sign,
  signingKeyPairFrom,
  signingSeedOf,
  verify,
} from './ed25519.ts'
import { concat, type Random, sha256 } from './primitives.ts'
import { checkDhKey, type DhKeyPair, dhKeyPairFrom, dhSecretOf, generateDhKeyPair } from './x25519.ts'

export interface Identity {
  readonly deviceId: Uint8Array
  readonly signing: SigningKeyPair
  readonly dh: DhKeyPair
  readonly epoch: number
  readonly cert: IdentityCert
  /** The certificate's 132 bytes. */
  readonly certBytes: Uint8Array
}

/** 16 bytes; stays the same when the DH key is rotated. */
export const deviceIdOf = (identityKey: Uint8Array): Uint8Array => sha256(label('device-id'), identityKey).slice(0, 16)

const SIGNED = 68

export function identityFrom(signing: SigningKeyPair, dh: DhKeyPair, epoch: number): Identity {
  const unsigned = { identityKey: signing.publicKey, dhKey: dh.publicKey, epoch, signature: new Uint8Array(64) }
  const signature = sign(signing, concat(label('identity'), IdentityCert.encode(unsigned).subarray(0, SIGNED)))
  const cert = { ...unsigned, signature }
  return { deviceId: deviceIdOf(signing.publicKey), signing, dh, epoch, cert, certBytes: IdentityCert.encode(cert) }
}

export const generateIdentity = (random?: Random): Identity =>
  identityFrom(generateSigningKeyPair(random), generateDhKeyPair(random), 1)

/** The same device with a fresh DH key and the next epoch. */
export const rotateIdentity = (identity: Identity, random?: Random): Identity =>
  identityFrom(identity.signing, generateDhKeyPair(random), identity.epoch + 1)

/** Seeds and epoch, for storage only: 32 ‖ 32 bytes. */
export const identitySecretOf = (identity: Identity): Uint8Array =>
  concat(signingSeedOf(identity.signing), dhSecretOf(identity.dh))

export const identityFromSecret = (secret: Uint8Array, epoch: number): Identity =>
  identityFrom(signingKeyPairFrom(secret.subarray(0, 32)), dhKeyPairFrom(secret.subarray(32, 64)), epoch)

/** Throws ProtocolError with a key code, or `cert-signature`. The epoch is judged by who knows the last one. */
export function checkCert(cert: IdentityCert): void {
  checkDhKey(cert.dhKey)
  const signed = concat(label('identity'), IdentityCert.encode(cert).subarray(0, SIGNED))
  // pairing.identity.cert-signature
  if (!verify(cert.identityKey, signed, cert.signature)) throw new ProtocolError('cert-signature')
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** Lower-case base32 without padding: 26 characters for a 16-byte device id. */
export function deviceIdText(deviceId: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of deviceId) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(value >> bits) & 31]
    }
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text
}
