// M2 that a controller has to refuse, each by one fault; R2 has the same. Whatever is signed and confirmed
// fits the fault, so that nothing else is wrong with the message.

import type { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { Z32 } from '@happy-remote/vectors/protocol/bytes.ts'
import { agentSigned, controllerSigned } from '@happy-remote/vectors/protocol/handshake.ts'
import { certSignedBytes } from '@happy-remote/vectors/protocol/identity.ts'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { M2Parts } from './agent-run.ts'
import { Device, random } from './device.ts'
import { wrongKeys } from './wrong-keys.ts'
import type { WrongMessage } from './wrong-m1.ts'

export type WrongM2 = WrongMessage<M2Parts>

const EPOCH_AT = 64

async function resigned(parts: M2Parts, change: Partial<IdentityCert>, signer = parts.signer): Promise<IdentityCert> {
  const cert = { ...parts.cert, ...change }
  return { ...cert, signature: await noble.sign(signer, certSignedBytes(cert.identityKey, cert.dhKey, cert.epoch)) }
}

/** DH1 to DH4, of which a key of low order makes some zero. */
const withZero = (dhs: readonly Uint8Array[], ...places: number[]) =>
  dhs.map((dh, i) => (places.includes(i) ? Z32 : dh))

const keys: Record<string, WrongM2> = Object.fromEntries(
  Object.entries(wrongKeys).flatMap(([what, { key, code }]): [string, WrongM2][] => [
    [
      `whose IKd ${what}`,
      {
        code,
        parts: async (right) => ({ cert: await resigned(right, { dhKey: key }), dhs: withZero(right.dhs, 0) }),
      },
    ],
    [`whose EK_A ${what}`, { code, parts: ({ dhs }) => ({ ephemeralKey: key, dhs: withZero(dhs, 1, 2, 3) }) }],
    [`whose RK_A ${what}`, { code, parts: () => ({ ratchetKey: key }) }],
  ]),
)

/** All of another device, and nothing wrong but that the code names this one. */
const otherAgent: WrongM2 = {
  code: 'identity-mismatch',
  parts: async (right) => {
    const other = new Device()
    return {
      cert: await other.cert(),
      dhs: await right.share(other.dhPrivate),
      sign: (th) => noble.sign(other.identitySeed, agentSigned(th)),
    }
  },
}

export const wrongM2: Readonly<Record<string, WrongM2>> = {
  'of another suite than M1': { code: 'suite', wrapping: () => ({ suite: 1 }) },
  'of a suite that nobody knows': { code: 'suite', wrapping: () => ({ suite: 0x0003 }) },
  'whose body is one byte too short': { code: 'length', body: (right) => right.slice(0, -1) },
  'whose body is one byte too long': { code: 'length', body: (right) => Buffer.concat([right, Buffer.alloc(1)]) },
  'that echoes another spkId': { code: 'prekey-unknown', parts: ({ spkId }) => ({ spkId: (spkId + 1) >>> 0 }) },
  'that echoes another opkId': { code: 'prekey-unknown', parts: ({ opkId }) => ({ opkId: (opkId + 1) >>> 0 }) },
  'of another agent than the code names': otherAgent,
  'whose certificate another key has signed': {
    code: 'cert-signature',
    parts: async (right) => ({ cert: await resigned(right, {}, new Device().identitySeed) }),
  },
  'whose certificate has the epoch 0': {
    code: 'length',
    parts: async (right) => {
      const { identityKey, dhKey } = right.cert
      const signature = await noble.sign(right.signer, certSignedBytes(identityKey, dhKey, 0))
      return { cert: { ...right.cert, signature } }
    },
    body: (right) => {
      const changed = right.slice()
      changed.fill(0, EPOCH_AT, EPOCH_AT + 4)
      return changed
    },
  },
  ...keys,
  'with an ML-KEM ciphertext for another key': {
    code: 'confirm',
    parts: () => ({ kemCiphertext: ml_kem768.encapsulate(ml_kem768.keygen(random(64)).publicKey).cipherText }),
  },
  'whose confirmation has one bit changed': {
    code: 'confirm',
    parts: () => ({
      confirm: (right) => {
        const changed = right.slice()
        changed[31] = (changed[31] as number) ^ 1
        return changed
      },
    }),
  },
  'whose confirmation and signature are both wrong': {
    code: 'confirm',
    parts: () => ({
      sign: (th) => noble.sign(new Device().identitySeed, agentSigned(th)),
      confirm: () => random(32),
    }),
  },
  'whose confirmation is all zeros': { code: 'confirm', parts: () => ({ confirm: () => Z32 }) },
  'whose transcript another key has signed': {
    code: 'auth-signature',
    parts: () => ({ sign: (th) => noble.sign(new Device().identitySeed, agentSigned(th)) }),
  },
  'whose signature is that of a controller': {
    code: 'auth-signature',
    parts: ({ signer }) => ({ sign: (th) => noble.sign(signer, controllerSigned(th)) }),
  },
  'whose signature is over another transcript': {
    code: 'auth-signature',
    parts: ({ signer }) => ({ sign: () => noble.sign(signer, agentSigned(random(32))) }),
  },
}
