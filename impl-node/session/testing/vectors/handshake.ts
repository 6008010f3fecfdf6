// Bundles, whole runs, and each received message by itself.

import type { Suite } from '@happy-remote/schemas/constants.ts'
import { M1Body } from '@happy-remote/schemas/pairing.ts'
import { generateIdentity, type Identity } from '../../../crypto/identity.ts'
import { kemKeyPairFrom } from '../../../crypto/mlkem.ts'
import { type Random, uint } from '../../../crypto/primitives.ts'
import { dhKeyPairFrom, generateDhKeyPair } from '../../../crypto/x25519.ts'
import { type AnsweredRun, answerM1, completeRun, openM1 } from '../../initiator.ts'
import { type AcceptedM2, acceptM2, type Bundle, createBundle, type ExpectedAgent } from '../../responder.ts'
import type { RunSecret } from '../../schedule.ts'
import { unwrap, wrap } from '../../wrap.ts'
import { drawing, hex, unhex } from '../deterministic.ts'
import { identityOf, pinnedOf } from './identity.ts'
import { NO_BYTES, namedKeys, pairingRunOf } from './pairing.ts'
import type { Construction, Input } from './vector-file.ts'

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

/** Opens and judges an M1 or R1; what the agent answers is not compared. */
function answering(input: Input, run: RunSecret, frame: Uint8Array, offered: number, ownDeviceId: Uint8Array) {
  const pinned = pinnedOf(input)
  const identity: Identity = { ...someone, deviceId: ownDeviceId }
  const leastSuite = input.number<Suite>('lastSuite') ?? 0
  const options = { identity, from: input.bytes('from'), offered, ...(pinned && { pinned }), leastSuite }
  const opened = openM1(run, frame)
  const answered = answerM1(opened, options)
  const { supported, prekeys, sasCommit } = M1Body[answered.suite].decode(opened.bytes)
  const { spkId, opkId, spk, opk } = prekeys
  return {
    ...{ suite: answered.suite, supported, spkId, opkId },
    ...{ routeId: hex(answered.peerRoute), sasCommit: hex(sasCommit), spk: hex(spk), opk: hex(opk) },
  }
}

export const bundle = (suite: Suite): Construction => {
  const run: RunSecret = { mode: 'pairing', secret: ZERO, context: NO_BYTES }
  return {
    build: (input) => ({ body: hex(bundleOf(run, suite, input).body) }),
    check(input) {
      const frame = wrap(run.secret, 'M1', suite, input.bytes('body'))
      const {
        suite: _,
        spkId,
        opkId,
        ...rest
      } = answering(input, run, frame, input.number('offered'), input.bytes('ownDeviceId'))
      return rest
    },
  }
}

/** What the controller's end of a run shows of the keys. */
const shownBy = (accepted: AcceptedM2) => ({
  th: hex(accepted.ratchet.state.associatedData),
  ppk: hex(accepted.pairingKey),
  sid: hex(accepted.sessionId),
  htA: hex(accepted.ratchet.state.headerReceive),
  htC: hex(accepted.ratchet.state.headerSend),
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

/**
 * A whole run. The controller's end makes M1 and M3 and accepts the given M2. The agent's end makes M2
 * where nothing in it is random but what is given, which an ML-KEM ciphertext is not.
 */
function played(input: Input, run: RunSecret, expected: Readonly<Record<string, unknown>>) {
  const suite = input.number<Suite>('suite')
  const [agent, controller] = [input.inner('agent'), input.inner('controller')]
  const [salt1, salt2, salt3] = input.list('salts').map((salt) => salt.bytes('value')) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const made = bundleOf(run, suite, controller, salt1)
  const identity = identityOf(agent)
  const expectedAgent: ExpectedAgent = run.mode === 'pairing' ? { deviceId: identity.deviceId } : identity.cert
  const m2 = unhex(expected.m2 as string)
  const accepted = acceptM2(made, m2, identityOf(controller), expectedAgent, drawing(FIXED, salt3))
  const ofController = {
    m1: hex(made.frame),
    m2: hex(m2),
    m3: hex(accepted.frame),
    ...shownBy(accepted),
    digits: accepted.digits,
  }
  if (suite === 2) return ofController
  const answered = answerM1(openM1(run, made.frame), {
    ...{ identity, from: controller.bytes('routeId'), offered: controller.number('supported') },
    random: drawing(agent.bytes('ephemeralPrivate'), agent.bytes('ratchetPrivate'), salt2),
  })
  const { digits } = completeRun(answered, accepted.frame)
  return { ...ofController, m2: hex(answered.frame), th: hex(answered.transcript), ...namedKeys(answered.keys), digits }
}

export const handshake: Construction = {
  pairing: (input, expected) => played(input, pairingRunOf(input.bytes('qrPayload')).run, expected),
  rekey(input, expected) {
    const { ppk: _, digits, ...rest } = played(input, rekeyRun(input.bytes('ppk'), input.bytes('pairingId')), expected)
    return rest
  },
  'agent-m1'(input) {
    const { run, payload } = pairingRunOf(input.bytes('qrPayload'))
    const { suite, routeId, spkId, opkId } = answering(
      input,
      run,
      input.bytes('frame'),
      payload.suites,
      payload.deviceId,
    )
    return { suite, routeId, spkId, opkId }
  },
  'controller-m2'(input) {
    const { run, payload } = pairingRunOf(input.bytes('qrPayload'))
    const held = heldBundle(run, input.number<Suite>('suite'), input.inner('controller'), input.bytes('m1Body'))
    const pinned = pinnedOf(input)
    const expected = { deviceId: payload.deviceId, ...(pinned && { known: () => pinned }) }
    const accepted = acceptM2(held, input.bytes('frame'), identityOf(input.inner('controller')), expected)
    return { ...shownBy(accepted), digits: accepted.digits, deviceId: hex(payload.deviceId) }
  },
  'agent-m3': (input) => finishing({ mode: 'pairing', secret: input.bytes('pairingSecret'), context: NO_BYTES }, input),
  'agent-r1'(input) {
    const run = rekeyRun(input.bytes('ppk'), NO_BYTES)
    const offered = input.number('offered')
    const answered = answering(input, run, input.bytes('frame'), offered, input.bytes('ownDeviceId'))
    const { suite, routeId, spkId, opkId } = answered
    return { suite, routeId, spkId, opkId }
  },
  'controller-r2'(input) {
    const run = rekeyRun(input.bytes('ppk'), input.bytes('pairingId'))
    const held = heldBundle(run, input.number<Suite>('suite'), input.inner('controller'), input.bytes('m1Body'))
    const identity = identityOf(input.inner('controller'))
    const { ppk: _, ...shown } = shownBy(
      acceptM2(held, input.bytes('frame'), identity, pinnedOf(input) as ExpectedAgent),
    )
    return shown
  },
  'agent-r3'(input) {
    const { digits: _, ...shown } = finishing(rekeyRun(input.bytes('ppk'), NO_BYTES), input)
    return shown
  },
}
