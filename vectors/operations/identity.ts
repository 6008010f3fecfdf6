// Labels, ids, certificates, raw keys and signatures.

import { DEVICE_PREFIX, LABELS, label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import { Type } from 'typebox'
import { hex, toBase32, unhex } from '../protocol/bytes.ts'
import { certSignedBytes, checkCert, deviceIdOf, makeCert, routeIdOf } from '../protocol/identity.ts'
import { checkDhKey, dh, verify } from '../protocol/keys.ts'
import { Hex, Nullable, operation, U32 } from './operation.ts'

export const labels = {
  label: operation({
    input: { name: Type.Union(LABELS.map((name) => Type.Literal(name))) },
    output: { bytes: Hex() },
    compute: async (_, { name }) => ({ output: { bytes: hex(label(name)) } }),
  }),
}

export const deviceId = {
  'device-id': operation({
    input: { identityKey: Hex(32) },
    output: { deviceId: Hex(16), text: Type.String() },
    async compute(backend, { identityKey }) {
      const id = await deviceIdOf(backend, unhex(identityKey))
      return { output: { deviceId: hex(id), text: DEVICE_PREFIX + toBase32(id).toLowerCase() } }
    },
  }),
  'route-id': operation({
    input: { routeKey: Hex(32) },
    output: { routeId: Hex(16) },
    compute: async (backend, { routeKey }) => ({ output: { routeId: hex(await routeIdOf(backend, unhex(routeKey))) } }),
  }),
}

export const Pinned = Nullable(
  Type.Object({ identityKey: Hex(32), dhKey: Hex(32), epoch: U32 }, { additionalProperties: false }),
)

export function pinnedOf(pinned: { identityKey: string; dhKey: string; epoch: number } | null) {
  if (pinned === null) return null
  return { identityKey: unhex(pinned.identityKey), dhKey: unhex(pinned.dhKey), epoch: pinned.epoch }
}

export const cert = {
  sign: operation({
    input: { identitySeed: Hex(32), dhPrivate: Hex(32), epoch: U32 },
    intermediate: { identityKey: Hex(32), dhKey: Hex(32), signedBytes: Hex() },
    output: { cert: Hex(132), deviceId: Hex(16) },
    async compute(backend, { identitySeed, dhPrivate, epoch }) {
      const device = { identitySeed: unhex(identitySeed), dhPrivate: unhex(dhPrivate), epoch }
      const made = await makeCert(backend, device)
      await checkCert(backend, made, null)
      return {
        intermediate: {
          identityKey: hex(made.identityKey),
          dhKey: hex(made.dhKey),
          signedBytes: hex(certSignedBytes(made.identityKey, made.dhKey, epoch)),
        },
        output: { cert: hex(IdentityCert.encode(made)), deviceId: hex(await deviceIdOf(backend, made.identityKey)) },
      }
    },
  }),
  check: operation({
    input: { cert: Hex(), pinned: Pinned },
    output: { identityKey: Hex(32), dhKey: Hex(32), epoch: U32, deviceId: Hex(16) },
    async compute(backend, input) {
      const decoded = IdentityCert.decode(unhex(input.cert))
      await checkCert(backend, decoded, pinnedOf(input.pinned))
      const { identityKey, dhKey, epoch } = decoded
      const id = await deviceIdOf(backend, identityKey)
      return { output: { identityKey: hex(identityKey), dhKey: hex(dhKey), epoch, deviceId: hex(id) } }
    },
  }),
}

export const keyValidation = {
  'x25519-public': operation({
    input: { publicKey: Hex() },
    output: { accepted: Type.Literal(true) },
    async compute(_, { publicKey }) {
      checkDhKey(unhex(publicKey))
      return { output: { accepted: true as const } }
    },
  }),
  'x25519-output': operation({
    input: { privateKey: Hex(32), publicKey: Hex(32) },
    output: { sharedSecret: Hex(32) },
    async compute(backend, { privateKey, publicKey }) {
      return { output: { sharedSecret: hex(await dh(backend, unhex(privateKey), unhex(publicKey))) } }
    },
  }),
}

export const signatureValidation = {
  verify: operation({
    input: { publicKey: Hex(), message: Hex(), signature: Hex() },
    output: { verified: Type.Literal(true) },
    async compute(backend, { publicKey, message, signature }) {
      if (!(await verify(backend, unhex(publicKey), unhex(message), unhex(signature)))) {
        throw new ProtocolError('auth-signature')
      }
      return { output: { verified: true as const } }
    },
  }),
}
