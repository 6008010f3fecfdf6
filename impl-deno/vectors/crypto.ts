// Vectors of the layer crypto/.

import { LABELS, label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { importSigningKey, verify } from '../crypto/ed25519.ts'
import {
  checkCertificate,
  createIdentity,
  deviceIdOf,
  deviceIdText,
  type KnownPeer,
  routeIdOf,
} from '../crypto/identity.ts'
import { agree, checkDhKey, importDhKey } from '../crypto/x25519.ts'
import { defineVectors, hex, type Input } from './operation.ts'

export const knownPeer = (pinned: Input): KnownPeer | null =>
  pinned && { identityKey: hex(pinned.identityKey), dhKey: hex(pinned.dhKey), epoch: pinned.epoch }

export const identityOf = async (input: Input) =>
  createIdentity(await importSigningKey(hex(input.identitySeed)), await importDhKey(hex(input.dhPrivate)), input.epoch)

defineVectors('labels', {
  label: ({ name }) => ({ bytes: label(LABELS[LABELS.indexOf(name)] as (typeof LABELS)[number]) }),
})

defineVectors('device-id', {
  'device-id': ({ identityKey }) => {
    const deviceId = deviceIdOf(hex(identityKey))
    return { deviceId, text: deviceIdText(deviceId) }
  },
  'route-id': ({ routeKey }) => ({ routeId: routeIdOf(hex(routeKey)) }),
})

defineVectors('key-validation', {
  'x25519-public': ({ publicKey }) => {
    checkDhKey(hex(publicKey))
    return { accepted: true }
  },
  'x25519-output': async ({ privateKey, publicKey }) => ({
    sharedSecret: await agree(await importDhKey(hex(privateKey)), hex(publicKey)),
  }),
})

defineVectors('signature-validation', {
  verify: async ({ publicKey, message, signature }) => {
    if (!(await verify(hex(publicKey), hex(signature), hex(message)))) throw new ProtocolError('auth-signature')
    return { verified: true }
  },
})

defineVectors('cert', {
  sign: async (input) => {
    const { certificate, deviceId } = await identityOf(input)
    return { cert: certificate, deviceId }
  },
  check: async ({ cert, pinned }) => {
    const checked = await checkCertificate(hex(cert), knownPeer(pinned))
    return { ...checked, deviceId: deviceIdOf(checked.identityKey) }
  },
})
