// M3 that an agent has to refuse, each by one fault; R3 has the same.

import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { agentSigned, controllerSigned } from '@happy-remote/vectors/protocol/handshake.ts'
import type { M3Parts } from './controller-run.ts'
import { Device, random } from './device.ts'
import type { WrongMessage } from './wrong-m1.ts'

export type WrongM3 = WrongMessage<M3Parts>

export const wrongM3: Readonly<Record<string, WrongM3>> = {
  'of another suite than M1': { code: 'suite', wrapping: () => ({ suite: 1 }) },
  'whose body is one byte too short': { code: 'length', body: (right) => right.slice(0, -1) },
  'whose body is one byte too long': { code: 'length', body: (right) => Buffer.concat([right, Buffer.alloc(1)]) },
  'whose nonce does not open the commitment': { code: 'confirm', parts: () => ({ sasNonce: random(32) }) },
  'whose confirmation is made with another key': { code: 'confirm', parts: () => ({ confirmationKey: random(32) }) },
  "whose confirmation is made with the agent's key": {
    code: 'confirm',
    parts: ({ agentKey }) => ({ confirmationKey: agentKey }),
  },
  'whose confirmation and signature are both wrong': {
    code: 'confirm',
    parts: async ({ th }) => ({
      signature: await noble.sign(new Device().identitySeed, controllerSigned(th)),
      confirmationKey: random(32),
    }),
  },
  'whose transcript another key has signed': {
    code: 'auth-signature',
    parts: async ({ th }) => ({ signature: await noble.sign(new Device().identitySeed, controllerSigned(th)) }),
  },
  'whose signature is that of an agent': {
    code: 'auth-signature',
    parts: async ({ th, signer }) => ({ signature: await noble.sign(signer, agentSigned(th)) }),
  },
}
