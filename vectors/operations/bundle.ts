// The M1 body: the controller's bundle.

import type { Suite } from '@happy-remote/schemas/constants.ts'
import { Prekeys } from '@happy-remote/schemas/pairing.ts'
import type { Static } from 'typebox'
import { type BundleSecrets, checkBundle, commit, makeBundle } from '../protocol/bundle.ts'
import { hex, unhex } from '../protocol/bytes.ts'
import { encodeCert } from '../protocol/identity.ts'
import { Pinned, pinnedOf } from './identity.ts'
import { Hex, operation, Shape, U8, U16, U32 } from './operation.ts'

export const ControllerSecrets = {
  identitySeed: Hex(32),
  dhPrivate: Hex(32),
  epoch: U32,
  supported: U16,
  routeId: Hex(16),
  sasNonce: Hex(32),
  spkId: U32,
  spkPrivate: Hex(32),
  opkId: U32,
  opkPrivate: Hex(32),
  kemSeed: Hex(),
}
const shape = Shape(ControllerSecrets)
export type ControllerInput = Static<typeof shape>

export function bundleSecrets(input: ControllerInput): BundleSecrets {
  const { supported, spkId, opkId, epoch } = input
  return {
    device: { identitySeed: unhex(input.identitySeed), dhPrivate: unhex(input.dhPrivate), epoch },
    supported,
    routeId: unhex(input.routeId),
    sasNonce: unhex(input.sasNonce),
    spkId,
    spkPrivate: unhex(input.spkPrivate),
    opkId,
    opkPrivate: unhex(input.opkPrivate),
    kemSeed: unhex(input.kemSeed),
  }
}

/** What an agent holds against a bundle; `from` is that of the routed frame. */
export const Expectation = { from: Hex(16), offered: U16, lastSuite: U8, ownDeviceId: Hex(16), pinned: Pinned }
const expectation = Shape(Expectation)

export function expectationOf(input: Static<typeof expectation>) {
  const { offered, lastSuite } = input
  return {
    from: unhex(input.from),
    offered,
    lastSuite,
    ownDeviceId: unhex(input.ownDeviceId),
    pinned: pinnedOf(input.pinned),
  }
}

export const bundle = (suite: Suite) => ({
  build: operation({
    input: ControllerSecrets,
    intermediate: { sasCommit: Hex(32), cert: Hex(132), prekeys: Hex(72), kemKey: Hex(), signedBytes: Hex() },
    output: { body: Hex() },
    async compute(backend, input) {
      const secrets = bundleSecrets(input)
      const made = await makeBundle(backend, suite, secrets)
      return {
        intermediate: {
          sasCommit: hex(await commit(backend, secrets.sasNonce)),
          cert: hex(encodeCert(made.cert)),
          prekeys: hex(Prekeys.encode(made.prekeys)),
          kemKey: hex(made.kemKey),
          signedBytes: hex(made.signedBytes),
        },
        output: { body: hex(made.body) },
      }
    },
  }),
  check: operation({
    input: { ...Expectation, body: Hex() },
    output: { deviceId: Hex(16), routeId: Hex(16), supported: U16, sasCommit: Hex(32), spk: Hex(32), opk: Hex(32) },
    async compute(backend, input) {
      const { bundle, deviceId } = await checkBundle(backend, suite, unhex(input.body), expectationOf(input))
      return {
        output: {
          deviceId: hex(deviceId),
          routeId: hex(bundle.routeId),
          supported: bundle.supported,
          sasCommit: hex(bundle.sasCommit),
          spk: hex(bundle.prekeys.spk),
          opk: hex(bundle.prekeys.opk),
        },
      }
    },
  }),
})
