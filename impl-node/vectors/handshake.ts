// Bundles, whole runs, and each received message by itself.

import assert from 'node:assert/strict'
import type { Suite } from '@happy-remote/schemas/constants.ts'
import { M1Body } from '@happy-remote/schemas/pairing.ts'
import { deviceIdOf, generateIdentity, type Identity } from '../crypto/identity.ts'
import { decapsulate, kemKeyPairFrom } from '../crypto/mlkem.ts'
import { type Random, uint } from '../crypto/primitives.ts'
import { dhKeyPairFrom, generateDhKeyPair } from '../crypto/x25519.ts'
import { type AnsweredRun, answerM1, completeRun, openM1 } from '../session/initiator.ts'
import { type AcceptedM2, acceptM2, type Bundle, createBundle, type ExpectedAgent } from '../session/responder.ts'
import type { RunSecret } from '../session/schedule.ts'
import { unwrap, wrap } from '../session/wrap.ts'
import { drawing, hex } from './deterministic.ts'
import { identityOf, pinnedOf } from './identity.ts'
import { type Construction, Ignored, type Input } from './operation.ts'
import { NO_BYTES, namedKeys, pairingRunOf } from './pairing.ts'
import { firstM1, shownByBundle } from './runs.ts'

const ZERO = new Uint8Array(32)
/** A ratchet key that does not enter what is compared. */
const FIXED = new Uint8Array(32).fill(7)
const someone = generateIdentity()

function bundleDraws(controller: Input, salt: Uint8Array): Random {
  const kemSeed = controller.bytes('kemSeed')
  return drawing(
    controller.bytes('sasNonce'),
    uint(32, controller.number('spkId')),
    controller.bytes('spkPrivate'),
    uint(32, controller.number('opkId')),
    controller.bytes('opkPrivate'),
    ...(kemSeed.length > 0 ? [kemSeed] : []),
    salt,
  )
}

const bundleOf = (run: RunSecret, suite: Suite, controller: Input, salt: Uint8Array = ZERO): Bundle =>
  createBundle(
    run,
    suite,
    identityOf(controller),
    controller.bytes('routeId'),
    bundleDraws(controller, salt),
    controller.number('supported'),
  )

/** The bundle behind a given M1 body, which the secrets alone need not give. */
function heldBundle(run: RunSecret, suite: Suite, controller: Input, body: Uint8Array): Bundle {
  const kemSeed = controller.bytes('kemSeed')
  return {
    ...{ run, suite, body, frame: NO_BYTES, sasNonce: controller.bytes('sasNonce') },
    ...{ spkId: controller.number('spkId'), opkId: controller.number('opkId') },
    spk: dhKeyPairFrom(controller.bytes('spkPrivate')),
    opk: dhKeyPairFrom(controller.bytes('opkPrivate')),
    kem: kemSeed.length > 0 ? kemKeyPairFrom(kemSeed) : null,
  }
}

const rekeyRun = (ppk: Uint8Array, context: Uint8Array): RunSecret => ({ mode: 'rekey', secret: ppk, context })

/** Judges an M1 or R1; what the agent answers is not compared. */
function answering(input: Input, run: RunSecret, frame: Uint8Array) {
  const pinned = pinnedOf(input)
  const identity: Identity = { ...someone, deviceId: input.bytes('ownDeviceId') }
  const leastSuite = input.number<Suite>('lastSuite')
  const offered = input.number('offered')
  const opened = openM1(run, frame)
  answerM1(opened, { identity, from: input.bytes('from'), offered, ...(pinned && { pinned }), leastSuite })
  return shownByBundle(opened)
}

export const bundle = (suite: Suite): Construction => {
  const run: RunSecret = { mode: 'pairing', secret: ZERO, context: NO_BYTES }
  return {
    build: (input) => ({ body: hex(bundleOf(run, suite, input).body) }),
    check: (input) => answering(input, run, wrap(run.secret, 'M1', suite, input.bytes('body'))),
  }
}

/** What the controller's end of a run shows. */
const shownBy = ({ ratchet, keys, digits, peer }: AcceptedM2) => ({
  ...{ th: hex(ratchet.state.associatedData), ...namedKeys(keys), digits },
  deviceId: hex(deviceIdOf(peer.identityKey)),
})

/** A run that waits for M3 or R3, from what the agent must have kept. */
function waitingRun(run: RunSecret, suite: Suite, input: Input): AnsweredRun {
  const { cert, routeId, sasCommit, prekeys } = M1Body[suite].decode(input.bytes('m1Body'))
  return {
    ...{ run, suite, frame: NO_BYTES, peer: cert, peerRoute: routeId, sasCommit, transcript: input.bytes('th') },
    keys: {
      ...{ rootKey: ZERO, confirmAgent: ZERO, pairingKey: ZERO, sessionId: ZERO.subarray(16) },
      ...{ headerAgent: ZERO, headerController: ZERO },
      confirmController: input.bytes('kcC'),
      sas: input.bytes('sask'),
    },
    ratchetKey: generateDhKeyPair(),
    spk: prekeys.spk,
  }
}

function finishing(run: RunSecret, input: Input) {
  const frame = input.bytes('frame')
  const { digits } = completeRun(waitingRun(run, input.number<Suite>('suite'), input), frame)
  return { digits, sasNonce: hex(unwrap(run.secret, frame).subarray(0, 32)) }
}

/** A whole run, in which each end judges what the other made. */
function played(input: Input, run: RunSecret) {
  const suite = input.number<Suite>('suite')
  const [agent, controller] = [input.inner('agent'), input.inner('controller')]
  const [salt1, salt2, salt3] = input.list('salts').map((salt) => salt.bytes('value')) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const made = bundleOf(run, suite, controller, salt1)
  const identity = identityOf(agent)
  const ciphertext = input.bytes('kemCiphertext')
  const { kem } = made
  const answered = answerM1(openM1(run, made.frame), {
    ...{ identity, from: controller.bytes('routeId'), offered: controller.number('supported') },
    random: drawing(agent.bytes('ephemeralPrivate'), agent.bytes('ratchetPrivate'), salt2),
    ...(kem && { encapsulate: () => ({ ciphertext, sharedSecret: decapsulate(kem, ciphertext) }) }),
  })
  const expected: ExpectedAgent = run.mode === 'pairing' ? { deviceId: identity.deviceId } : identity.cert
  const accepted = acceptM2(made, answered.frame, identityOf(controller), expected, drawing(FIXED, salt3))
  const { digits } = completeRun(answered, accepted.frame)
  assert.equal(digits, accepted.digits)
  assert.deepEqual(answered.keys, accepted.keys)
  const frames = { m1: hex(made.frame), m2: hex(answered.frame), m3: hex(accepted.frame) }
  return { ...frames, ...shownBy(accepted) }
}

// pairing.m2.once: a bundle is forgotten with the M2 that it accepted, so a second one finds nothing.
function accepting(input: Input, run: RunSecret, expected: ExpectedAgent) {
  const controller = input.inner('controller')
  const held = heldBundle(run, input.number<Suite>('suite'), controller, input.bytes('m1Body'))
  if (input.values.accepted === true) throw new Ignored()
  return shownBy(acceptM2(held, input.bytes('frame'), identityOf(controller), expected))
}

export const handshake: Construction = {
  pairing: (input) => played(input, pairingRunOf(input.bytes('qrPayload')).run),
  rekey: (input) => played(input, rekeyRun(input.bytes('ppk'), input.bytes('pairingId'))),
  'agent-m1': firstM1,
  'controller-m2'(input) {
    const { run, payload } = pairingRunOf(input.bytes('qrPayload'))
    const pinned = pinnedOf(input)
    return accepting(input, run, { deviceId: payload.deviceId, ...(pinned && { known: () => pinned }) })
  },
  'agent-m3': (input) => finishing({ mode: 'pairing', secret: input.bytes('pairingSecret'), context: NO_BYTES }, input),
  'agent-r1'(input) {
    const run = rekeyRun(input.bytes('ppk'), NO_BYTES)
    // pairing.rekey.stored: without a record there is no route on which an R1 could come
    if (!input.flag('stored')) throw new Ignored()
    return answering(input, run, input.bytes('frame'))
  },
  'controller-r2'(input) {
    const run = rekeyRun(input.bytes('ppk'), input.bytes('pairingId'))
    return accepting(input, run, pinnedOf(input) as ExpectedAgent)
  },
  'agent-r3': (input) => finishing(rekeyRun(input.bytes('ppk'), NO_BYTES), input),
}
