// Identity certificates, device ids and route ids: section 3.

import { label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import type { Backend } from '../backend/backend.ts'
import { concat, equal, u32 } from './bytes.ts'
import { checkDhKey, verify } from './keys.ts'

export async function deviceIdOf(backend: Backend, identityKey: Uint8Array): Promise<Uint8Array> {
  return (await backend.sha256(concat(label('device-id'), identityKey))).subarray(0, 16)
}

export async function routeIdOf(backend: Backend, routeKey: Uint8Array): Promise<Uint8Array> {
  return (await backend.sha256(concat(label('route-id'), routeKey))).subarray(0, 16)
}

export function certSignedBytes(identityKey: Uint8Array, dhKey: Uint8Array, epoch: number): Uint8Array {
  return concat(label('identity'), identityKey, dhKey, u32(epoch))
}

/** Secrets of a device: Ed25519 seed, X25519 private key, 32 bytes each. */
export interface Device {
  readonly identitySeed: Uint8Array
  readonly dhPrivate: Uint8Array
  readonly epoch: number
}

export async function makeCert(backend: Backend, device: Device): Promise<IdentityCert> {
  const identityKey = await backend.signPublic(device.identitySeed)
  const dhKey = await backend.dhPublic(device.dhPrivate)
  const signed = certSignedBytes(identityKey, dhKey, device.epoch)
  return { identityKey, dhKey, epoch: device.epoch, signature: await backend.sign(device.identitySeed, signed) }
}

/** What is already known of a device; null before its first certificate. */
export type Pinned = Pick<IdentityCert, 'identityKey' | 'dhKey' | 'epoch'> | null

/** `chkCert`, and the comparison with what is pinned. */
export async function checkCert(backend: Backend, cert: IdentityCert, pinned: Pinned): Promise<void> {
  if (pinned && !equal(pinned.identityKey, cert.identityKey)) throw new ProtocolError('identity-mismatch')
  checkDhKey(cert.dhKey)
  const signed = certSignedBytes(cert.identityKey, cert.dhKey, cert.epoch)
  if (!(await verify(backend, cert.identityKey, signed, cert.signature))) throw new ProtocolError('cert-signature')
  if (!pinned) return
  const otherKey = cert.epoch === pinned.epoch && !equal(pinned.dhKey, cert.dhKey)
  if (cert.epoch < pinned.epoch || otherKey) throw new ProtocolError('epoch-rollback')
}

export const encodeCert = (cert: IdentityCert): Uint8Array => IdentityCert.encode(cert)
