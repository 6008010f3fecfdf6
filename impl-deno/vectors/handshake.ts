// Vectors of pairing codes, the handshake and its messages, in session/.

import assert from 'node:assert/strict'
import { HANDSHAKE_TYPES, M2_PROOF_SIZE, REKEY_REASONS, type RekeyReason } from '@happy-remote/schemas/pairing.ts'
import { deviceIdOf } from '../crypto/identity.ts'
import { kemKeyFromSeed } from '../crypto/mlkem768.ts'
import { agree, importDhKey } from '../crypto/x25519.ts'
import { PairingAttempt } from '../session/attempt.ts'
import { type BundleKeys, buildBundle, checkBundle } from '../session/bundle.ts'
import type { Established } from '../session/handshake.ts'
import { type AgentRun, answerBundle, checkFinish } from '../session/handshake-agent.ts'
import { acceptAnswer, type ControllerRun } from '../session/handshake-controller.ts'
import { readHsError, sealHsError } from '../session/hs-error.ts'
import { decodePairingCode, encodePairingCode, pairingCodeText } from '../session/pairing-code.ts'
import { HonouredSalts, sealRekeyAsk } from '../session/rekey-ask.ts'
import { relayUrl } from '../session/relay-url.ts'
import { pairingRun, pskOf, type Run, rekeyRun } from '../session/run.ts'
import {
  checkCommitment,
  checkConfirmation,
  confirmation,
  deriveKeys,
  type SessionKeys,
  sasCommitment,
  sasDigits,
  shownDigits,
  transcriptHash,
} from '../session/schedule.ts'
import type { Suite } from '../session/suite.ts'
import { openHandshake, sealHandshake } from '../session/wrap.ts'
import { identityOf, knownPeer } from './crypto.ts'
import { defineVectors, hex, Ignored, type Input } from './operation.ts'

defineVectors('qr', {
  encode: (input) => {
    const scheme = input.flags === 1 ? 'ws' : 'wss'
    const { url, origin } = relayUrl(scheme, input.relay)
    const [deviceId, routeId] = [hex(input.deviceId), hex(input.routeId)]
    const payload = encodePairingCode({
      ...{ suites: input.suites, expiry: input.expiry, relay: input.relay, scheme },
      ...{ deviceId, routeId, pairingSecret: hex(input.pairingSecret) },
    })
    return { payload, uri: pairingCodeText(payload), url, origin }
  },
  decode: ({ uri, now, suites }) => {
    const code = decodePairingCode(uri, now, suites)
    const { url, origin, scheme } = code.relay
    const relay = new TextDecoder().decode(code.payload.subarray(56))
    return { ...code, flags: scheme === 'ws' ? 1 : 0, relay, url, origin }
  },
})

defineVectors('wrap', {
  seal: async ({ type, suite, secret, salt, body }) => ({
    frame: await sealHandshake(type, suite, hex(secret), hex(body), hex(salt)),
  }),
  open: async ({ secret, types, frame }) => openHandshake(hex(frame), hex(secret), types),
})

defineVectors('transcript', {
  hash: ({ suite, mode, ctx, m1Body, m2Part }) => ({
    th: transcriptHash(suite, { mode, context: hex(ctx) }, hex(m1Body), hex(m2Part)),
  }),
})

const named = (keys: SessionKeys) => ({
  ...{ rk0: keys.rootKey, kcA: keys.confirmAgent, kcC: keys.confirmController, sask: keys.sasKey },
  ...{ ppk: keys.pairingKey, sid: keys.sessionId, htA: keys.headerAgent, htC: keys.headerController },
})

const pairingRunOf = (qrPayload: string): Run => pairingRun(hex(qrPayload), hex(qrPayload).slice(39, 55))

const runOf = (input: Input): Run =>
  input.qrPayload ? pairingRunOf(input.qrPayload) : rekeyRun(hex(input.ppk), hex(input.pairingId ?? '00'.repeat(16)))

/** Both sides agree on each of the four by their own private keys. */
async function schedule(input: Input) {
  const run = runOf(input)
  const [ikdA, ek] = await Promise.all([
    importDhKey(hex(input.agent.dhPrivate)),
    importDhKey(hex(input.agent.ephemeralPrivate)),
  ])
  const { dhPrivate, spkPrivate, opkPrivate } = input.controller
  const [ikdC, spk, opk] = await Promise.all([
    importDhKey(hex(dhPrivate)),
    importDhKey(hex(spkPrivate)),
    importDhKey(hex(opkPrivate)),
  ])
  const agent = [
    agree(ikdA, spk.publicKey),
    agree(ek, ikdC.publicKey),
    agree(ek, spk.publicKey),
    agree(ek, opk.publicKey),
  ]
  const controller = [
    agree(spk, ikdA.publicKey),
    agree(ikdC, ek.publicKey),
    agree(spk, ek.publicKey),
    agree(opk, ek.publicKey),
  ]
  const [dh1, dh2, dh3, dh4] = (await Promise.all(agent)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  assert.deepEqual(await Promise.all(controller), [dh1, dh2, dh3, dh4])
  const ss = input.kemSeed
    ? await (await kemKeyFromSeed(hex(input.kemSeed))).decapsulate(hex(input.kemCiphertext))
    : undefined
  const keys = await deriveKeys(run, ss ? [dh1, dh2, dh3, dh4, ss] : [dh1, dh2, dh3, dh4], hex(input.th))
  return { ...named(keys), dh1, dh2, dh3, dh4, ss: ss ?? '', psk: await pskOf(run), ctx: run.context }
}
defineVectors('schedule-pair', { keys: schedule })
defineVectors('schedule-rekey', { keys: schedule })

defineVectors('confirm', {
  mac: ({ kc, th, signature }) => ({ confirmation: confirmation(hex(kc), hex(th), hex(signature)) }),
  check: (input) => {
    checkConfirmation(hex(input.kc), hex(input.th), hex(input.signature), hex(input.confirmation))
    return { matched: true }
  },
})

defineVectors('sas-commit', {
  commit: ({ sasNonce }) => ({ sasCommit: sasCommitment(hex(sasNonce)) }),
  open: ({ sasCommit, sasNonce }) => {
    checkCommitment(hex(sasCommit), hex(sasNonce))
    return { opened: true }
  },
})

defineVectors('sas', {
  digits: ({ sask, th, sasNonce }) => {
    const digits = sasDigits(hex(sask), hex(th), hex(sasNonce))
    return { digits, shown: shownDigits(digits) }
  },
})

const bundleKeys = async (input: Input): Promise<BundleKeys> => ({
  sasNonce: hex(input.sasNonce),
  spkId: input.spkId,
  spk: await importDhKey(hex(input.spkPrivate)),
  opkId: input.opkId,
  opk: await importDhKey(hex(input.opkPrivate)),
  kem: input.kemSeed ? await kemKeyFromSeed(hex(input.kemSeed)) : null,
})

const policyOf = (input: Input) => ({
  from: hex(input.from),
  offered: input.offered,
  lastSuite: input.lastSuite,
  ownDeviceId: hex(input.ownDeviceId),
  known: () => knownPeer(input.pinned),
})

for (const suite of [1, 2] as Suite[]) {
  defineVectors(`bundle-s${suite}`, {
    build: async (input) => ({
      body: await buildBundle(
        suite,
        input.supported,
        hex(input.routeId),
        await identityOf(input),
        await bundleKeys(input),
      ),
    }),
    check: (input) => checkBundle(suite, hex(input.body), policyOf(input)),
  })
}

/** A whole run, each side judging what the other made. */
async function wholeRun(input: Input) {
  const { suite, agent, controller, salts } = input
  const run = runOf(input)
  const [identityA, identityC] = await Promise.all([identityOf(agent), identityOf(controller)])
  const keys = await bundleKeys(controller)
  const routeId = hex(controller.routeId)
  const body = await buildBundle(suite, controller.supported, routeId, identityC, keys)
  const m1 = await sealHandshake(run.types[0], suite, run.secret, body, hex(salts[0]))
  const started: ControllerRun = { run, suite, identity: identityC, body, keys, request: m1 }

  const opened = await openHandshake(m1, run.secret, [run.types[0]])
  const policy = {
    from: routeId,
    offered: controller.supported,
    lastSuite: 0,
    ownDeviceId: identityA.deviceId,
    known: () => null,
  }
  const bundle = await checkBundle(opened.suite, opened.body, policy)
  const [ephemeral, ratchet] = await Promise.all([
    importDhKey(hex(agent.ephemeralPrivate)),
    importDhKey(hex(agent.ratchetPrivate)),
  ])
  const ciphertext = hex(input.kemCiphertext)
  const encapsulation = keys.kem && { ciphertext, sharedSecret: await keys.kem.decapsulate(ciphertext) }
  const answered = await answerBundle(run, bundle, identityA, { ephemeral, ratchet, encapsulation }, hex(salts[1]))

  const expected = { deviceId: identityA.deviceId, known: null }
  const m2 = await openHandshake(answered.answer, run.secret, [run.types[1]])
  const { finish, established } = await acceptAnswer(started, m2, expected, hex(salts[2]))
  const m3 = await openHandshake(finish, run.secret, [run.types[2]])
  const proven = await checkFinish(answered, m3)
  assert.deepEqual(named(proven.keys), named(established.keys))
  assert.equal(proven.digits, established.digits)
  const m2Part = m2.body.subarray(0, -M2_PROOF_SIZE)
  return {
    ...{ m1, m2: answered.answer, m3: finish, m1Body: body, m2Body: m2.body, m3Body: m3.body, m2Part },
    ...shown(established),
  }
}

const shown = ({ keys, transcript, digits, peer }: Established) => ({
  ...named(keys),
  th: transcript,
  digits,
  deviceId: deviceIdOf(peer.identityKey),
})

async function agentM1(input: Input) {
  const payload = hex(input.qrPayload)
  const clock = { monotonic: () => 0, wall: () => input.now * 1_000 }
  const view = new DataView(payload.buffer)
  // The code's agent: any identity does, because M1 is judged without its private keys.
  const identity = await identityOf({ identitySeed: '11'.repeat(32), dhPrivate: '22'.repeat(32), epoch: 1 })
  const offer = {
    payload,
    pairingSecret: payload.slice(39, 55),
    expiry: view.getUint32(3),
    suites: view.getUint8(2),
    identity,
  }
  const attempt = new PairingAttempt({ ...offer, known: () => knownPeer(input.pinned) }, clock)
  const from = hex(input.from)
  if (input.answered) assert.equal((await attempt.receive(hex(input.answered), from)).kind, 'answered')
  const step = await attempt.receive(hex(input.frame), from)
  if (step.kind === 'refused') throw step.error
  assert.equal(step.kind, 'answered')
  const { run, repeated } = step as Extract<typeof step, { kind: 'answered' }>
  return { ...run.bundle, repeat: repeated }
}

async function controllerAnswer(input: Input) {
  const run = runOf(input)
  if (input.accepted) throw new Ignored('a second M2')
  const opened = await openHandshake(hex(input.frame), run.secret, [run.types[1]])
  const [identity, keys] = await Promise.all([identityOf(input.controller), bundleKeys(input.controller)])
  const started = { run, suite: input.suite, identity, body: hex(input.m1Body), keys, request: new Uint8Array() }
  const known = knownPeer(input.pinned)
  const deviceId = input.qrPayload
    ? hex(input.qrPayload).slice(7, 23)
    : deviceIdOf((known as { identityKey: Uint8Array }).identityKey)
  return shown((await acceptAnswer(started, opened, { deviceId, known })).established)
}

async function agentFinish(input: Input) {
  const run = input.pairingSecret
    ? pairingRun(new Uint8Array(57), hex(input.pairingSecret))
    : rekeyRun(hex(input.ppk), new Uint8Array(16))
  const opened = await openHandshake(hex(input.frame), run.secret, [run.types[2]])
  // What the agent keeps of the bundle, as far as M3 needs it.
  const bundle = {
    suite: input.suite,
    sasCommit: hex(input.m1Body).slice(18, 50),
    cert: { identityKey: hex(input.m1Body).slice(50, 82) },
  }
  const keys = { confirmController: hex(input.kcC), sasKey: hex(input.sask) }
  const kept = { run, bundle, transcript: hex(input.th), keys } as unknown as AgentRun
  const { digits } = await checkFinish(kept, opened)
  return { digits, sasNonce: opened.body.subarray(0, 32) }
}

defineVectors('handshake', {
  pairing: wholeRun,
  rekey: wholeRun,
  'agent-m1': agentM1,
  'controller-m2': controllerAnswer,
  'agent-m3': agentFinish,
  'agent-r1': async (input) => {
    // pairing.rekey.stored
    if (!input.stored) {
      await openHandshake(hex(input.frame), hex(input.ppk), [HANDSHAKE_TYPES.R1])
      throw new Ignored('no stored record')
    }
    const opened = await openHandshake(hex(input.frame), hex(input.ppk), [HANDSHAKE_TYPES.R1])
    return checkBundle(opened.suite, opened.body, policyOf(input))
  },
  'controller-r2': controllerAnswer,
  'agent-r3': agentFinish,
})

defineVectors('hs-error', {
  seal: async ({ suite, secret, salt, code, answered }) => {
    const names: Record<number, string> = { 4: 'suite', 5: 'suite-downgrade', 11: 'pair-busy', 13: 'length' }
    const more: Record<number, string> = { 24: 'identity-mismatch', 25: 'epoch-rollback', 28: 'sas-mismatch' }
    const frame = await sealHsError(hex(answered), { ...names, ...more }[code] as string, hex(secret), hex(salt))
    assert.equal(frame[3], suite)
    return { frame }
  },
  receive: async ({ secret, outstanding, frame }) => {
    const opened = await openHandshake(hex(frame), hex(secret), [HANDSHAKE_TYPES.HS_ERROR])
    const heard = readHsError(opened, outstanding.map(hex))
    if (!heard) throw new Ignored('it answers nothing')
    return { code: heard.code, outstanding: heard.index }
  },
})

defineVectors('rekey-ask', {
  seal: async ({ suite, ppk, salt, reason }) => {
    const name = (Object.keys(REKEY_REASONS) as RekeyReason[]).find((known) => REKEY_REASONS[known] === reason)
    return { frame: await sealRekeyAsk(suite, hex(ppk), name as RekeyReason, hex(salt)) }
  },
  receive: async ({ ppk, seenSalts, frame }) => {
    const opened = await openHandshake(hex(frame), hex(ppk), [HANDSHAKE_TYPES.REKEY_ASK])
    return { reason: new HonouredSalts(seenSalts.map(hex)).honour(opened) }
  },
})
