// The secrets of one pairing, derived from a file's labels, in the shape of the operations' inputs.

import { SUITE_MLKEM, type Suite } from '@happy-remote/schemas/constants.ts'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { ControllerInput } from '../operations/bundle.ts'
import { hex, unhex } from '../protocol/bytes.ts'
import { publicKeyOf } from './forge.ts'
import { dhKeyOf } from './identity.ts'
import { secret } from './secret.ts'

const integer = (file: string, name: string): number => Number.parseInt(secret(file, name, 4), 16)

export function controllerOf(file: string, suite: Suite, run = ''): ControllerInput {
  const own = (name: string, size = 32) => secret(file, `controller/${name}${run}`, size)
  return {
    identitySeed: secret(file, 'controller/iks'),
    dhPrivate: secret(file, 'controller/ikd'),
    epoch: 1,
    supported: suite === SUITE_MLKEM ? 3 : 1,
    routeId: secret(file, 'controller/route', 16),
    sasNonce: own('sas-nonce'),
    spkId: integer(file, `controller/spk-id${run}`),
    spkPrivate: own('spk'),
    opkId: integer(file, `controller/opk-id${run}`),
    opkPrivate: own('opk'),
    kemSeed: suite === SUITE_MLKEM ? own('kem-seed', 64) : '',
  }
}

export const agentOf = (file: string, run = '') => ({
  identitySeed: secret(file, 'agent/iks'),
  dhPrivate: secret(file, 'agent/ikd'),
  epoch: 1,
  ephemeralPrivate: secret(file, `agent/ek${run}`),
  ratchetPrivate: secret(file, `agent/ratchet${run}`),
})

/** ML-KEM.Encaps_internal with m from a label; empty in suite 0x0001. */
export function kemCiphertextFor(file: string, kemSeed: string, name = 'agent/kem-m'): string {
  if (kemSeed === '') return ''
  const { publicKey } = ml_kem768.keygen(unhex(kemSeed))
  return hex(ml_kem768.encapsulate(publicKey, unhex(secret(file, name))).cipherText)
}

export const saltsOf = (file: string, run = ''): string[] => [1, 2, 3].map((i) => secret(file, `salt${i}${run}`))

/** What a receiver pins of a device whose secrets these are. */
export const pinnedTo = (device: { identitySeed: string; dhPrivate: string; epoch: number }) => ({
  identityKey: publicKeyOf(device.identitySeed),
  dhKey: dhKeyOf(device.dhPrivate),
  epoch: device.epoch,
})
