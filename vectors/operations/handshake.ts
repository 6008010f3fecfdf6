// Whole runs of pairing and rekey, and each received message by itself.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { HANDSHAKE_TYPES } from '@happy-remote/schemas/pairing.ts'
import { type Static, Type } from 'typebox'
import type { Backend } from '../backend/backend.ts'
import { checkBundle, makeBundle } from '../protocol/bundle.ts'
import { equal, hex, unhex } from '../protocol/bytes.ts'
import { acceptAnswer, acceptFinish, answer, finish, type Run, sealStep } from '../protocol/handshake.ts'
import { Ignored } from '../protocol/notice.ts'
import { decodePayload } from '../protocol/qr.ts'
import { digits, kemSecret, type Mode, PAIRING, pairingContext, pairingSecretOf, REKEY } from '../protocol/schedule.ts'
import { open } from '../protocol/wrap.ts'
import { bundleSecrets, ControllerSecrets, Expectation, expectationOf } from './bundle.ts'
import { Pinned, pinnedOf } from './identity.ts'
import { Hex, Nullable, operation, Shape, Suite, U32 } from './operation.ts'
import { hexKeys, KeyShapes } from './schedule.ts'

const AgentSecrets = {
  identitySeed: Hex(32),
  dhPrivate: Hex(32),
  epoch: U32,
  ephemeralPrivate: Hex(32),
  ratchetPrivate: Hex(32),
}
const Parties = {
  suite: Suite,
  agent: Shape(AgentSecrets),
  controller: Shape(ControllerSecrets),
  kemCiphertext: Hex(),
  salts: Type.Array(Hex(32), { minItems: 3, maxItems: 3 }),
}
const parties = Shape(Parties)

const Intermediate = {
  m1Body: Hex(),
  m2Part: Hex(),
  th: Hex(32),
  psk: Hex(32),
  dh1: Hex(32),
  dh2: Hex(32),
  dh3: Hex(32),
  dh4: Hex(32),
  ss: Hex(),
  ikm: Hex(),
  okm: Hex(240),
  signatureA: Hex(64),
  confirmationA: Hex(32),
  m2Body: Hex(),
  signatureC: Hex(64),
  confirmationC: Hex(32),
  m3Body: Hex(128),
}
const Frames = { m1: Hex(), m2: Hex(), m3: Hex() }

/** Plays both sides; each message is also opened and judged by the other side. */
async function play(backend: Backend, mode: Mode, secret: Uint8Array, ctx: Uint8Array, input: Static<typeof parties>) {
  const { suite, agent, salts } = input
  const [salt1, salt2, salt3] = salts.map(unhex) as [Uint8Array, Uint8Array, Uint8Array]
  const bundle = bundleSecrets(input.controller)
  const { body: m1Body } = await makeBundle(backend, suite, bundle)
  const run: Run = { mode, suite, secret, ctx, m1Body }
  const ss = await kemSecret(backend, suite, bundle.kemSeed, unhex(input.kemCiphertext))
  const answered = await answer(backend, run, {
    device: { identitySeed: unhex(agent.identitySeed), dhPrivate: unhex(agent.dhPrivate), epoch: agent.epoch },
    ephemeralPrivate: unhex(agent.ephemeralPrivate),
    ratchetPrivate: unhex(agent.ratchetPrivate),
    kemCiphertext: unhex(input.kemCiphertext),
    kemSharedSecret: ss,
  })
  const m2 = await sealStep(backend, run, 2, salt2, answered.body)
  const accepted = await acceptAnswer(backend, run, bundle, { deviceId: null, pinned: null }, m2)
  if (!equal(accepted.th, answered.th)) throw new Error('The two sides disagree')
  const finished = await finish(backend, accepted.th, accepted.keys, bundle)
  const m3 = await sealStep(backend, run, 3, salt3, finished.body)
  const { digits } = await acceptFinish(backend, run, answered.th, answered.keys, m3)
  const [dh1, dh2, dh3, dh4] = answered.dhs.map(hex) as [string, string, string, string]
  return {
    intermediate: {
      m1Body: hex(m1Body),
      m2Part: hex(answered.m2Part),
      th: hex(answered.th),
      psk: hex(answered.psk),
      dh1,
      dh2,
      dh3,
      dh4,
      ss: hex(ss),
      ikm: hex(answered.ikm),
      okm: hex(answered.okm),
      signatureA: hex(answered.signature),
      confirmationA: hex(answered.confirmation),
      m2Body: hex(answered.body),
      signatureC: hex(finished.signature),
      confirmationC: hex(finished.confirmation),
      m3Body: hex(finished.body),
    },
    frames: { m1: hex(await sealStep(backend, run, 1, salt1, m1Body)), m2: hex(m2), m3: hex(m3) },
    keys: hexKeys(accepted.keys),
    digits,
  }
}

const { ppk: _, ...RekeyKeys } = KeyShapes
const Digits = Type.String({ pattern: '^[0-9]{6}$' })
const { offered: _offered, lastSuite: _lastSuite, ownDeviceId: _own, ...PairingExpectation } = Expectation
const Bundled = { suite: Suite, deviceId: Hex(16), routeId: Hex(16), spkId: U32, opkId: U32 }

async function openBundle(
  backend: Backend,
  mode: Mode,
  secret: Uint8Array,
  frame: string,
  expect: Parameters<typeof checkBundle>[3],
) {
  const type = mode === PAIRING ? HANDSHAKE_TYPES.M1 : HANDSHAKE_TYPES.R1
  const { suite, body } = await open(backend, secret, unhex(frame), [type])
  const checked = await checkBundle(backend, suite, body, expect)
  const { routeId, prekeys } = checked.bundle
  const { spkId, opkId } = prekeys
  return { suite: checked.suite, deviceId: hex(checked.deviceId), routeId: hex(routeId), spkId, opkId }
}

const Answered = { suite: Suite, controller: Shape(ControllerSecrets), m1Body: Hex(), pinned: Pinned, frame: Hex() }
const Finish = { suite: Suite, th: Hex(32), kcC: Hex(32), sask: Hex(32), m1Body: Hex(), frame: Hex() }

export const handshake = {
  pairing: operation({
    input: { ...Parties, qrPayload: Hex() },
    intermediate: Intermediate,
    output: { ...Frames, ...KeyShapes, digits: Digits },
    async compute(backend, input) {
      const payload = unhex(input.qrPayload)
      const secret = pairingSecretOf(payload)
      const played = await play(backend, PAIRING, secret, pairingContext(payload), input)
      return {
        intermediate: played.intermediate,
        output: { ...played.frames, ...played.keys, digits: played.digits },
      }
    },
  }),
  rekey: operation({
    input: { ...Parties, ppk: Hex(32), pairingId: Hex(16) },
    intermediate: Intermediate,
    output: { ...Frames, ...RekeyKeys },
    async compute(backend, input) {
      const played = await play(backend, REKEY, unhex(input.ppk), unhex(input.pairingId), input)
      const { ppk: _, ...keys } = played.keys
      return { intermediate: played.intermediate, output: { ...played.frames, ...keys } }
    },
  }),
  'agent-m1': operation({
    input: {
      ...PairingExpectation,
      qrPayload: Hex(),
      now: U32,
      answered: Nullable(Hex(undefined, 'the M1 that this code has already answered')),
      frame: Hex(),
    },
    output: { ...Bundled, repeat: Type.Boolean({ description: 'the M2 already made is sent again' }) },
    async compute(backend, input) {
      const payload = unhex(input.qrPayload)
      const { suites, expiry, deviceId } = decodePayload(payload)
      // PS is erased when the code expires: nothing is left to open an M1 with.
      if (input.now > expiry) throw new ProtocolError('pair-expired')
      const expect = { ...input, offered: suites, lastSuite: 0, ownDeviceId: hex(deviceId) }
      const secret = pairingSecretOf(payload)
      if (input.answered !== null && input.answered !== input.frame) {
        await open(backend, secret, unhex(input.frame), [HANDSHAKE_TYPES.M1])
        throw new ProtocolError('pair-busy')
      }
      const opened = await openBundle(backend, PAIRING, secret, input.frame, expectationOf(expect))
      return { output: { ...opened, repeat: input.answered !== null } }
    },
  }),
  'controller-m2': operation({
    input: {
      ...Answered,
      qrPayload: Hex(),
      accepted: Type.Boolean({ description: 'an M2 for this M1 was accepted before' }),
    },
    output: { deviceId: Hex(16), th: Hex(32), ...KeyShapes, digits: Digits },
    async compute(backend, input) {
      if (input.accepted) throw new Ignored('second M2')
      const payload = unhex(input.qrPayload)
      const run = {
        mode: PAIRING,
        suite: input.suite,
        secret: pairingSecretOf(payload),
        ctx: pairingContext(payload),
        m1Body: unhex(input.m1Body),
      } as const
      const expect = { deviceId: decodePayload(payload).deviceId, pinned: pinnedOf(input.pinned) }
      const bundle = bundleSecrets(input.controller)
      const { deviceId, th, keys } = await acceptAnswer(backend, run, bundle, expect, unhex(input.frame))
      const shown = await digits(backend, keys.sask, th, bundle.sasNonce)
      return { output: { deviceId: hex(deviceId), th: hex(th), ...hexKeys(keys), digits: shown.digits } }
    },
  }),
  'agent-m3': operation({
    input: { ...Finish, pairingSecret: Hex(16) },
    output: { sasNonce: Hex(32), digits: Digits },
    async compute(backend, input) {
      const secret = unhex(input.pairingSecret)
      const opened = await receiveFinish(backend, PAIRING, secret, input)
      return { output: { sasNonce: hex(opened.m3.sasNonce), digits: opened.digits } }
    },
  }),
  'agent-r1': operation({
    input: {
      ...Expectation,
      ppk: Hex(32),
      stored: Type.Boolean({ description: 'the agent has a stored record of this pairing' }),
      frame: Hex(),
    },
    output: Bundled,
    async compute(backend, input) {
      if (!input.stored) throw new Ignored('R1 without a stored record')
      return { output: await openBundle(backend, REKEY, unhex(input.ppk), input.frame, expectationOf(input)) }
    },
  }),
  'controller-r2': operation({
    input: { ...Answered, ppk: Hex(32), pairingId: Hex(16) },
    output: { th: Hex(32), ...RekeyKeys },
    async compute(backend, input) {
      const { suite } = input
      const secrets = { secret: unhex(input.ppk), ctx: unhex(input.pairingId), m1Body: unhex(input.m1Body) }
      const run: Run = { mode: REKEY, suite, ...secrets }
      const expect = { deviceId: null, pinned: pinnedOf(input.pinned) }
      const { th, keys } = await acceptAnswer(backend, run, bundleSecrets(input.controller), expect, unhex(input.frame))
      const { ppk: _, ...rest } = hexKeys(keys)
      return { output: { th: hex(th), ...rest } }
    },
  }),
  'agent-r3': operation({
    input: { ...Finish, ppk: Hex(32) },
    output: { sasNonce: Hex(32) },
    async compute(backend, input) {
      const { m3 } = await receiveFinish(backend, REKEY, unhex(input.ppk), input)
      return { output: { sasNonce: hex(m3.sasNonce) } }
    },
  }),
}

const finishShape = Shape(Finish)
function receiveFinish(backend: Backend, mode: Mode, secret: Uint8Array, input: Static<typeof finishShape>) {
  const run: Run = { mode, suite: input.suite, secret, ctx: new Uint8Array(), m1Body: unhex(input.m1Body) }
  const keys = { kcC: unhex(input.kcC), sask: unhex(input.sask) }
  return acceptFinish(backend, run, unhex(input.th), keys, unhex(input.frame))
}
