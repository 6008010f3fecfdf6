// labels, device-id, cert.

import { LABELS, label } from '@happy-remote/schemas/constants.ts'
import { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import { x25519 } from '@noble/curves/ed25519.js'
import { cert, deviceId, labels } from '../operations/identity.ts'
import { concat, hex, unhex } from '../protocol/bytes.ts'
import { certSignedBytes } from '../protocol/identity.ts'
import { badKeys } from './bad-keys.ts'
import type { Construction } from './file.ts'
import { basic, keyFlags, length, signatureFlags } from './flags.ts'
import { forgeries, mixedKey, publicKeyOf, signHex, underIdentityKey, underMixedKey } from './forge.ts'
import { secret } from './secret.ts'

export const dhKeyOf = (privateKey: string): string => hex(x25519.getPublicKey(unhex(privateKey)))

export const labelsFile: Construction = {
  construction: 'labels',
  header: ['L(name) of every label.'],
  flags: basic('security.label.form'),
  operations: labels,
  async build(group) {
    const { valid } = group('label')
    for (const name of LABELS) await valid(name, `L("${name}")`, 'Basic', { name })
  },
}

export const deviceIdFile: Construction = {
  construction: 'device-id',
  header: ['Ids of identity keys and of route keys. `text` is how an interface shows a device id.'],
  flags: {
    ...basic('pairing.identity.device-id'),
    Route: { kind: 'functional', description: 'The id of a route key.', requirement: 'relay.route.id' },
  },
  operations: deviceId,
  async build(group) {
    const device = group('device-id')
    const route = group('route-id')
    for (const name of ['agent', 'controller', 'other']) {
      const identityKey = publicKeyOf(secret('device-id', `${name}/iks`))
      await device.valid(`device-${name}`, `${name}/iks`, 'Basic', { identityKey })
      const routeKey = publicKeyOf(secret('device-id', `${name}/route`))
      await route.valid(`route-${name}`, `${name}/route`, 'Route', { routeKey })
    }
  },
}

/** A certificate in hex, from its parts in hex. */
export function certHex(identityKey: string, dhKey: string, epoch: number, signature: string): string {
  const fields = { identityKey: unhex(identityKey), dhKey: unhex(dhKey), epoch, signature: unhex(signature) }
  return hex(IdentityCert.encode(fields))
}

/** Signed by `seed` whatever stands in it. */
export function signedCert(seed: string, dhKey: string, epoch = 1): string {
  const identityKey = publicKeyOf(seed)
  return certHex(identityKey, dhKey, epoch, signHex(seed, certSignedBytes(unhex(identityKey), unhex(dhKey), epoch)))
}

export const certFile: Construction = {
  construction: 'cert',
  header: [
    'Identity certificates. `pinned` is what the receiver knows of the device, null before its first certificate.',
    'A signature is byte-equal only where the signer is deterministic; it must verify everywhere.',
  ],
  flags: {
    ...basic('pairing.identity.cert'),
    ...length('pairing.identity.cert'),
    ...keyFlags,
    ...signatureFlags,
    BadSignature: {
      kind: 'auth-bypass',
      description: 'The signature is not one of this key over these bytes.',
      requirement: 'pairing.identity.cert-signature',
    },
    Rollback: {
      kind: 'order',
      description: 'An epoch, or an IKd, that the pinned one rules out.',
      requirement: 'pairing.identity.epoch',
    },
    Pinned: { kind: 'auth-bypass', description: 'Another IKs.', requirement: 'pairing.identity.pinned' },
  },
  operations: cert,
  async build(group) {
    const seed = secret('cert', 'iks')
    const other = secret('cert', 'other/iks')
    const dhPrivate = secret('cert', 'ikd')
    const dhKey = dhKeyOf(dhPrivate)
    const identityKey = publicKeyOf(seed)
    const message = certSignedBytes(unhex(identityKey), unhex(dhKey), 1)
    const honest = signedCert(seed, dhKey)

    const sign = group('sign')
    await sign.valid('sign-first', 'first certificate of a device', 'Basic', {
      identitySeed: seed,
      dhPrivate,
      epoch: 1,
    })
    await sign.valid('sign-rotated', 'after one rotation of IKd', 'Basic', {
      identitySeed: seed,
      dhPrivate: secret('cert', 'ikd2'),
      epoch: 2,
    })
    await sign.valid('sign-last', 'largest epoch', 'Basic', { identitySeed: seed, dhPrivate, epoch: 0xffff_ffff })

    const check = group('check')
    await check.valid('honest', 'first certificate seen', 'Basic', { cert: honest, pinned: null })
    await check.valid('same', 'the pinned certificate again', 'Basic', {
      cert: honest,
      pinned: { identityKey, dhKey, epoch: 1 },
    })
    await check.valid('newer', 'a rotated IKd', 'Basic', {
      cert: signedCert(seed, dhKeyOf(secret('cert', 'ikd2')), 2),
      pinned: { identityKey, dhKey, epoch: 1 },
    })
    await check.valid('mixed-order-key-accept', 'IKs with a part of order 8, k a multiple of 8', 'MixedOrder', {
      cert: mixedCert(seed, dhKey, true),
      pinned: null,
    })
    await check.invalid('mixed-order-key', 'the same key, k not a multiple of 8', 'MixedOrder', {
      from: 'mixed-order-key-accept',
      mutation: 'R and S of another nonce',
      input: { cert: mixedCert(seed, dhKey, false) },
      code: 'cert-signature',
    })
    for (const bad of badKeys(dhKey)) {
      await check.invalid(`dh-key-${bad.name}`, 'bad IKd under a good signature', bad.flag, {
        from: 'honest',
        mutation: `IKd = ${bad.mutation}; signed again`,
        input: { cert: signedCert(seed, bad.key) },
        code: bad.code,
      })
    }
    const wrongLabel = concat(label('prekeys'), message.subarray(label('identity').length))
    for (const { name, flag, mutation, signature } of forgeries(seed, message, wrongLabel, other)) {
      await check.invalid(`signature-${name}`, mutation, flag, {
        from: 'honest',
        mutation,
        input: { cert: certHex(identityKey, dhKey, 1, signature) },
        code: 'cert-signature',
      })
    }
    const identityPoint = `01${'00'.repeat(31)}`
    const anybody = certSignedBytes(unhex(identityPoint), unhex(dhKey), 1)
    await check.invalid('signature-small-order-key', 'anybody can sign for a key of small order', 'SmallOrder', {
      from: 'honest',
      mutation: 'IKs = the identity point, S = r',
      input: { cert: certHex(identityPoint, dhKey, 1, underIdentityKey(anybody)) },
      code: 'cert-signature',
    })
    await check.invalid('epoch-lower', 'an older certificate', 'Rollback', {
      from: 'same',
      mutation: 'pinned.epoch = 2',
      input: { pinned: { identityKey, dhKey, epoch: 2 } },
      code: 'epoch-rollback',
    })
    await check.invalid('epoch-same-other-key', 'the same epoch with another IKd', 'Rollback', {
      from: 'same',
      mutation: 'pinned.dhKey = another',
      input: { pinned: { identityKey, dhKey: dhKeyOf(secret('cert', 'ikd2')), epoch: 1 } },
      code: 'epoch-rollback',
    })
    await check.invalid('other-identity', 'not the pinned identity', 'Pinned', {
      from: 'same',
      mutation: 'pinned.identityKey = another',
      input: { pinned: { identityKey: publicKeyOf(other), dhKey, epoch: 1 } },
      code: 'identity-mismatch',
    })
    for (const [name, bytes] of [
      ['short', honest.slice(0, -2)],
      ['long', `${honest}00`],
      ['empty', ''],
    ] as const) {
      await check.invalid(`length-${name}`, `${bytes.length / 2} bytes`, 'WrongLength', {
        from: 'honest',
        mutation: `cert of ${bytes.length / 2} bytes`,
        input: { cert: bytes },
        code: 'length',
      })
    }
  },
}

function mixedCert(seed: string, dhKey: string, accepted: boolean): string {
  const key = mixedKey(seed)
  const message = certSignedBytes(unhex(key), unhex(dhKey), 1)
  return certHex(key, dhKey, 1, underMixedKey(seed, message, accepted))
}
