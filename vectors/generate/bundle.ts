// bundle-s1, bundle-s2: the body of M1.

import { label, SUITE_MLKEM, type Suite } from '@happy-remote/schemas/constants.ts'
import { IdentityCert, M1Body, Prekeys } from '@happy-remote/schemas/pairing.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import { bundle, type ControllerInput } from '../operations/bundle.ts'
import { prekeySignedBytes } from '../protocol/bundle.ts'
import { concat, hex, unhex } from '../protocol/bytes.ts'
import { badKeys } from './bad-keys.ts'
import type { Construction } from './file.ts'
import { basic, keyFlags, length, signatureFlags } from './flags.ts'
import { forgeries, publicKeyOf, signHex } from './forge.ts'
import { dhKeyOf, signedCert } from './identity.ts'
import { controllerOf } from './people.ts'
import { secret } from './secret.ts'

const deviceIdHex = (seed: string): string =>
  hex(sha256(concat(label('device-id'), unhex(publicKeyOf(seed)))).subarray(0, 16))

/** Changes members of an M1 body; the prekeys are signed again unless a signature is given. */
export function changeBundle(suite: Suite, body: string, seed: string, changes: Partial<M1Body>): string {
  const honest = M1Body[suite].decode(unhex(body))
  const changed = { ...honest, ...changes }
  const signed = signedBytes(suite, seed, changed)
  return hex(M1Body[suite].encode({ ...changed, signature: changes.signature ?? unhex(signHex(seed, signed)) }))
}

function signedBytes(suite: Suite, seed: string, bundle: M1Body): Uint8Array {
  return prekeySignedBytes(suite, unhex(deviceIdHex(seed)), Prekeys.encode(bundle.prekeys), bundle.kemKey)
}

const flags = {
  ...basic('pairing.m1.body'),
  ...length('pairing.wrap.length'),
  ...keyFlags,
  ...signatureFlags,
  BundleKey: {
    kind: 'key-agreement',
    description: 'A bad key in a bundle whose signatures are good.',
    requirement: 'pairing.m1.keys',
  },
  BadSignature: {
    kind: 'auth-bypass',
    description: 'The prekey signature is not one of this key over these bytes.',
    requirement: 'pairing.m1.signature',
  },
  BadCert: {
    kind: 'auth-bypass',
    description: 'The certificate in the bundle does not verify.',
    requirement: 'pairing.identity.cert-signature',
  },
  Route: {
    kind: 'auth-bypass',
    description: 'The bundle names another route than it came from.',
    requirement: 'pairing.m1.route',
  },
  Suite: {
    kind: 'structure',
    description: 'A suite that one end does not support.',
    requirement: 'pairing.wrap.suite',
  },
  Self: { kind: 'auth-bypass', description: 'The device is the agent itself.', requirement: 'pairing.m1.self' },
  Rollback: { kind: 'order', description: 'An older certificate.', requirement: 'pairing.identity.epoch' },
} as const

/** What only one suite can get wrong. */
const ownFlags = {
  1: {
    Downgrade: {
      kind: 'structure',
      description: 'Not the highest common suite, or a lower one than the pairing last used.',
      requirement: 'pairing.m1.downgrade',
    },
  },
  2: {
    KemKey: {
      kind: 'key-agreement',
      description: 'A coefficient of the encapsulation key is not below 3329.',
      requirement: 'pairing.m1.kem-key',
    },
  },
} as const

export function bundleFile(suite: Suite): Construction {
  const file = `bundle-s${suite}`
  return {
    construction: file,
    header: [
      `The M1 body of suite 0x000${suite}. ML-KEM keys are 64-byte seeds d || z of FIPS 203.`,
      "`offered` is the agent's suite bitmap, `lastSuite` the pairing's last suite (0 in a pairing).",
    ],
    flags: { ...flags, ...ownFlags[suite] },
    operations: bundle(suite),
    async build(group) {
      const secrets: ControllerInput = controllerOf(file, suite)
      const seed = secrets.identitySeed
      const build = group('build')
      const { body } = (await build.valid('build', 'an ordinary bundle', 'Basic', { ...secrets })) as { body: string }
      await build.valid('build-largest-ids', 'largest ids and all suite bits', 'Basic', {
        ...secrets,
        supported: 0xffff,
        spkId: 0xffff_ffff,
        opkId: 0,
      })

      const check = group('check')
      await check.valid('honest', 'accepted', 'Basic', {
        from: secrets.routeId,
        offered: suite === SUITE_MLKEM ? 3 : 1,
        lastSuite: 0,
        ownDeviceId: secret(file, 'agent/device', 16),
        pinned: null,
        body,
      })
      await check.valid('unknown-suite-bits', 'unknown bits of supported are ignored', 'Basic', {
        from: secrets.routeId,
        offered: suite === SUITE_MLKEM ? 3 : 1,
        lastSuite: suite,
        ownDeviceId: secret(file, 'agent/device', 16),
        pinned: { identityKey: publicKeyOf(seed), dhKey: dhKeyOf(secrets.dhPrivate), epoch: 1 },
        body: changeBundle(suite, body, seed, { supported: 0xfff0 | secrets.supported }),
      })
      const change = (changes: Partial<M1Body>) => ({ body: changeBundle(suite, body, seed, changes) })
      const { prekeys, cert, kemKey } = M1Body[suite].decode(unhex(body))
      for (const bad of badKeys(hex(prekeys.spk))) {
        for (const place of ['spk', 'opk'] as const) {
          await check.invalid(
            `${place}-${bad.name}`,
            `bad ${place.toUpperCase()} under a good signature`,
            ['BundleKey', bad.flag],
            {
              from: 'honest',
              mutation: `${place} = ${bad.mutation}; signed again`,
              input: change({ prekeys: { ...prekeys, [place]: unhex(bad.key) } }),
              code: bad.code,
            },
          )
        }
        await check.invalid(`ikd-${bad.name}`, 'bad IKd under good signatures', ['BundleKey', bad.flag], {
          from: 'honest',
          mutation: `cert.dhKey = ${bad.mutation}; signed again`,
          input: { body: body.replace(hex(IdentityCert.encode(cert)), signedCert(seed, bad.key)) },
          code: bad.code,
        })
      }
      const message = prekeySignedBytes(suite, unhex(deviceIdHex(seed)), Prekeys.encode(prekeys), kemKey)
      const wrongLabel = concat(label('identity'), message.subarray(label('prekeys').length))
      for (const forged of forgeries(seed, message, wrongLabel, secret(file, 'other/iks'))) {
        await check.invalid(`signature-${forged.name}`, forged.mutation, forged.flag, {
          from: 'honest',
          mutation: forged.mutation,
          input: change({ signature: unhex(forged.signature) }),
          code: 'prekey-signature',
        })
      }
      const otherSuite = suite === SUITE_MLKEM ? 1 : 2
      const foreign = prekeySignedBytes(otherSuite, unhex(deviceIdHex(seed)), Prekeys.encode(prekeys), kemKey)
      await check.invalid('signature-other-suite', 'signed for the other suite', 'BadSignature', {
        from: 'honest',
        mutation: 'signature over the other suite id',
        input: change({ signature: unhex(signHex(seed, foreign)) }),
        code: 'prekey-signature',
      })
      const otherDevice = unhex(deviceIdHex(secret(file, 'other/iks')))
      const misbound = prekeySignedBytes(suite, otherDevice, Prekeys.encode(prekeys), kemKey)
      await check.invalid('signature-other-device', 'signed for another deviceId', 'BadSignature', {
        from: 'honest',
        mutation: 'signature over another deviceId',
        input: change({ signature: unhex(signHex(seed, misbound)) }),
        code: 'prekey-signature',
      })
      await check.invalid('cert-flipped', 'the certificate does not verify', 'BadCert', {
        from: 'honest',
        mutation: 'flip cert.signature[0] bit 0',
        input: change({ cert: { ...cert, signature: cert.signature.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) } }),
        code: 'cert-signature',
      })
      await check.invalid('route', 'relayed under another route', 'Route', {
        from: 'honest',
        mutation: 'from = another route',
        input: { from: secret(file, 'other/route', 16) },
        code: 'route-mismatch',
      })
      await check.invalid('self', 'the agent scanned its own code', 'Self', {
        from: 'honest',
        mutation: 'ownDeviceId = deviceId of the bundle',
        input: { ownDeviceId: deviceIdHex(seed) },
        code: 'identity-mismatch',
      })
      await check.invalid('rollback', 'pinned at a later epoch', 'Rollback', {
        from: 'honest',
        mutation: 'pinned at epoch 2',
        input: { pinned: { identityKey: publicKeyOf(seed), dhKey: dhKeyOf(secrets.dhPrivate), epoch: 2 } },
        code: 'epoch-rollback',
      })
      await check.invalid('not-offered', 'the agent does not offer this suite', 'Suite', {
        from: 'honest',
        mutation: `offered = ${suite === SUITE_MLKEM ? 1 : 2}`,
        input: { offered: suite === SUITE_MLKEM ? 1 : 2 },
        code: 'suite',
      })
      if (suite === SUITE_MLKEM) {
        const large = kemKey.slice()
        large.set([0xff, 0xff, 0xff])
        await check.invalid('kem-modulus', 'fails the modulus check of FIPS 203', 'KemKey', {
          from: 'honest',
          mutation: 'kemKey[0..3) = ffffff; signed again',
          input: change({ kemKey: large }),
          code: 'kem-key',
        })
      } else {
        await check.invalid('downgrade', 'both ends have suite 2', 'Downgrade', {
          from: 'honest',
          mutation: 'supported = 3, offered = 3',
          input: { offered: 3, ...change({ supported: 3 }) },
          code: 'suite-downgrade',
        })
        await check.invalid('downgrade-last', 'the pairing last used suite 2', 'Downgrade', {
          from: 'honest',
          mutation: 'lastSuite = 2',
          input: { lastSuite: 2 },
          code: 'suite-downgrade',
        })
      }
      for (const [name, bytes] of [
        ['short', body.slice(0, -2)],
        ['long', `${body}00`],
      ] as const) {
        await check.invalid(`length-${name}`, `${bytes.length / 2} bytes`, 'WrongLength', {
          from: 'honest',
          mutation: `body of ${bytes.length / 2} bytes`,
          input: { body: bytes },
          code: 'length',
        })
      }
    },
  }
}
