// M1 that an agent has to refuse, each by one fault; R1 has the same. The names are the words of the
// features, the codes how the agent itself calls what is wrong.

import type { Suite } from '@happy-remote/schemas/constants.ts'
import type { ErrorCode } from '@happy-remote/schemas/errors.ts'
import type { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { prekeySignedBytes } from '@happy-remote/vectors/protocol/bundle.ts'
import { certSignedBytes } from '@happy-remote/vectors/protocol/identity.ts'
import type { M1Parts } from './controller-run.ts'
import { Device, random } from './device.ts'
import type { MessageFault } from './handshake-frame.ts'
import { wrongKeys } from './wrong-keys.ts'

export interface WrongMessage<Parts> extends MessageFault<Parts> {
  readonly code: ErrorCode
}
export interface WrongM1 extends WrongMessage<M1Parts> {
  readonly suite?: Suite
}

/** The certificate again, with other members and a signature that fits them. */
async function resigned(parts: M1Parts, change: Partial<IdentityCert>): Promise<IdentityCert> {
  const cert = { ...parts.cert, ...change }
  const signature = await noble.sign(parts.signer, certSignedBytes(cert.identityKey, cert.dhKey, cert.epoch))
  return { ...cert, signature }
}

const EPOCH_AT = 50 + 64

/** An epoch of 0, which the layout itself does not write. */
const epochZero: WrongM1 = {
  code: 'length',
  parts: async (right) => {
    const { identityKey, dhKey } = right.cert
    return {
      cert: { ...right.cert, signature: await noble.sign(right.signer, certSignedBytes(identityKey, dhKey, 0)) },
    }
  },
  body: (right) => {
    const changed = right.slice()
    changed.fill(0, EPOCH_AT, EPOCH_AT + 4)
    return changed
  },
}

const keys: Record<string, WrongM1> = Object.fromEntries(
  Object.entries(wrongKeys).flatMap(([what, { key, code }]): [string, WrongM1][] => [
    [`whose IKd ${what}`, { code, parts: async (right) => ({ cert: await resigned(right, { dhKey: key }) }) }],
    [`whose SPK ${what}`, { code, parts: ({ prekeys }) => ({ prekeys: { ...prekeys, spk: key } }) }],
    [`whose OPK ${what}`, { code, parts: ({ prekeys }) => ({ prekeys: { ...prekeys, opk: key } }) }],
  ]),
)

const LABEL_SIZE = Buffer.from('HRC/1 prekeys\0').length
const signedAs = (signed: M1Parts['signed']): WrongM1 => ({ code: 'prekey-signature', parts: () => ({ signed }) })

export const wrongM1: Readonly<Record<string, WrongM1>> = {
  'of a suite that nobody knows': { code: 'suite', wrapping: () => ({ suite: 0x0003 }) },
  'of the suite 0': { code: 'suite', wrapping: () => ({ suite: 0 }) },
  'whose own list of suites does not have its suite': { code: 'suite', parts: () => ({ supported: 0b01 }) },
  'of a lower suite than both support': { code: 'suite-downgrade', suite: 1 },
  'with the route of somebody else': { code: 'route-mismatch', parts: () => ({ routeId: random(16) }) },
  'whose body is one byte too short': { code: 'length', body: (right) => right.slice(0, -1) },
  'whose body is one byte too long': { code: 'length', body: (right) => Buffer.concat([right, Buffer.alloc(1)]) },
  'whose certificate another key has signed': {
    code: 'cert-signature',
    parts: async (right) => ({
      cert: await resigned({ ...right, signer: new Device().identitySeed }, {}),
    }),
  },
  'whose certificate was signed with another IKd': {
    code: 'cert-signature',
    parts: async ({ cert }) => ({ cert: { ...cert, dhKey: await noble.dhPublic(random(32)) } }),
  },
  'whose certificate has the epoch 0': epochZero,
  ...keys,
  'whose prekeys another key has signed': {
    code: 'prekey-signature',
    parts: () => ({ signer: new Device().identitySeed }),
  },
  'whose prekeys were signed without the label': signedAs((...parts) => prekeySignedBytes(...parts).slice(LABEL_SIZE)),
  'whose prekeys were signed for another suite': signedAs((_, ...rest) => prekeySignedBytes(1, ...rest)),
  'whose prekeys were signed for another device': signedAs((suite, _, prekeys, kemKey) =>
    prekeySignedBytes(suite, random(16), prekeys, kemKey),
  ),
  'whose ML-KEM key was not signed with the rest': signedAs((suite, device, prekeys) =>
    prekeySignedBytes(suite, device, prekeys, new Uint8Array()),
  ),
  'whose ML-KEM key has a number beyond the modulus': {
    code: 'kem-key',
    parts: ({ kemKey }) => {
      const changed = kemKey.slice()
      changed.fill(0xff, 0, 3)
      return { kemKey: changed }
    },
  },
}
