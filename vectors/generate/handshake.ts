// handshake: whole runs, and each received message by itself.

import { label, SUITE_MLKEM, SUITE_X25519, SUITES, type Suite } from '@happy-remote/schemas/constants.ts'
import { HANDSHAKE_TYPES, M1Body, M2Body, M3Body } from '@happy-remote/schemas/pairing.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import { noble } from '../backend/noble.ts'
import type { ControllerInput } from '../operations/bundle.ts'
import { handshake } from '../operations/handshake.ts'
import { concat, hex, unhex } from '../protocol/bytes.ts'
import { encodePayload } from '../protocol/qr.ts'
import { confirmation, pairingSecretOf } from '../protocol/schedule.ts'
import { seal, wrapHeader } from '../protocol/wrap.ts'
import { badKeys } from './bad-keys.ts'
import { changeBundle } from './bundle.ts'
import type { Construction, GroupBuilder } from './file.ts'
import { basic, keyFlags, length, signatureFlags } from './flags.ts'
import { flip, forgeries, publicKeyOf } from './forge.ts'
import { signedCert } from './identity.ts'
import { agentOf, controllerOf, kemCiphertextFor, pinnedTo, saltsOf } from './people.ts'
import { secret } from './secret.ts'

const FILE = 'handshake'
const EXPIRY = 1_800_000_000
type Texts = Record<string, string>

const deviceOf = (seed: string) => sha256(concat(label('device-id'), unhex(publicKeyOf(seed)))).subarray(0, 16)

/** The code that the agent shows; it offers both suites, or the first alone. */
function qrFor(suites: number): string {
  return hex(
    encodePayload({
      flags: 0,
      suites,
      expiry: EXPIRY,
      deviceId: deviceOf(agentOf(FILE).identitySeed),
      routeId: unhex(secret(FILE, 'agent/route', 16)),
      pairingSecret: unhex(secret(FILE, 'ps', 16)),
      relay: 'relay.example.com',
    }),
  )
}

/** One message sealed under PS or PPK, with a salt from its own label. */
async function sealed(type: number, suite: number, secretHex: string, salt: string, body: string): Promise<string> {
  const header = wrapHeader(type, suite, unhex(secret(FILE, salt)))
  return hex((await seal(noble, unhex(secretHex), header, unhex(body))).frame)
}

const flags = {
  ...basic('pairing.transcript.hash'),
  ...length('pairing.wrap.length'),
  ...keyFlags,
  ...signatureFlags,
  Rekey: { kind: 'functional', description: 'Mode 2, under PPK.', requirement: 'pairing.transcript.ctx' },
  Upgrade: {
    kind: 'functional',
    description: 'A rekey to a higher suite.',
    requirement: 'pairing.rekey.suite',
  },
  Repeat: {
    kind: 'functional',
    description: 'The same M1 again: the same M2 answers it.',
    requirement: 'pairing.m1.repeat',
  },
  Wrap: {
    kind: 'auth-bypass',
    description: 'Does not open under the secret of the run.',
    requirement: 'pairing.wrap.open',
  },
  Version: { kind: 'structure', description: 'Another version.', requirement: 'pairing.wrap.version' },
  Type: { kind: 'structure', description: 'Not the type that is expected now.', requirement: 'pairing.wrap.type' },
  Suite: { kind: 'structure', description: 'Not the suite of this run.', requirement: 'pairing.wrap.suite' },
  Downgrade: {
    kind: 'structure',
    description: 'Not the highest common suite.',
    requirement: 'pairing.m1.downgrade',
  },
  LowerSuite: {
    kind: 'structure',
    description: 'A rekey to a lower suite than the pairing last used.',
    requirement: 'pairing.rekey.suite',
  },
  Busy: { kind: 'order', description: 'Another M1 used this code.', requirement: 'pairing.m1.single-use' },
  Expired: { kind: 'order', description: 'The code has expired.', requirement: 'pairing.m1.expired' },
  Route: { kind: 'auth-bypass', description: 'Another route.', requirement: 'pairing.m1.route' },
  Rollback: { kind: 'order', description: 'An older certificate.', requirement: 'pairing.identity.epoch' },
  Pinned: {
    kind: 'auth-bypass',
    description: 'Another identity than the pinned one.',
    requirement: 'pairing.identity.pinned',
  },
  Device: {
    kind: 'auth-bypass',
    description: 'Another agent than the code names.',
    requirement: 'pairing.m2.device',
  },
  Prekey: { kind: 'order', description: 'Echoes a prekey that is not held.', requirement: 'pairing.m2.prekeys' },
  SecondAnswer: { kind: 'order', description: 'A second M2 for one M1.', requirement: 'pairing.m2.once' },
  KemCiphertext: {
    kind: 'auth-bypass',
    description: 'A ciphertext for another key: implicit rejection.',
    requirement: 'pairing.m2.kem-ciphertext',
  },
  AnswerKey: {
    kind: 'key-agreement',
    description: 'A bad key in an M2 or R2.',
    requirement: 'pairing.m2.keys',
  },
  AnswerLength: { kind: 'structure', description: 'Not an M2 body.', requirement: 'pairing.m2.body' },
  FinishLength: { kind: 'structure', description: 'Not an M3 body.', requirement: 'pairing.m3.body' },
  AgentConfirmation: {
    kind: 'auth-bypass',
    description: 'The key confirmation of A does not match.',
    requirement: 'pairing.m2.confirm',
  },
  AgentSignature: {
    kind: 'auth-bypass',
    description: 'The transcript signature of A does not verify; the confirmation fits it.',
    requirement: 'pairing.m2.signature',
  },
  Commitment: {
    kind: 'auth-bypass',
    description: 'The nonce does not open the commitment.',
    requirement: 'pairing.m3.commitment',
  },
  ControllerConfirmation: {
    kind: 'auth-bypass',
    description: 'The key confirmation of C does not match.',
    requirement: 'pairing.m3.confirm',
  },
  ControllerSignature: {
    kind: 'auth-bypass',
    description: 'The transcript signature of C does not verify; the confirmation fits it.',
    requirement: 'pairing.m3.signature',
  },
  NotStored: {
    kind: 'order',
    description: 'No stored record: before the digits were typed.',
    requirement: 'pairing.rekey.stored',
  },
} as const

interface Played {
  readonly suite: Suite
  readonly secretHex: string
  readonly controller: ControllerInput
  readonly output: Texts
  readonly inner: Texts
}

/** The header's own mutations, which are the same for every message of a run. */
async function headerCases(group: GroupBuilder, from: string, type: number, frame: string, wrongSecret: object) {
  const refuse = (name: string, flag: string, mutation: string, input: object, code: 'decrypt') =>
    group.invalid(`${from}-${name}`, mutation, flag, { from, mutation, input: { ...input }, code })
  const framed = (bytes: string) => ({ frame: bytes })
  await refuse('version', 'Version', 'version = 2', framed(flip(flip(frame, 0, 0), 0, 1)), 'version' as 'decrypt')
  const swapped = type === HANDSHAKE_TYPES.M2 || type === HANDSHAKE_TYPES.R2 ? type + 1 : type + 2
  const typed = `01${hex(Uint8Array.of(swapped > 6 ? 2 : swapped))}${frame.slice(4)}`
  await refuse('type', 'Type', 'type of another step', framed(typed), 'type' as 'decrypt')
  await refuse('suite-flipped', 'Wrap', 'flip suite bit 0 and 1', framed(flip(flip(frame, 3, 0), 3, 1)), 'decrypt')
  await refuse('salt', 'Wrap', 'flip salt[0] bit 0', framed(flip(frame, 4)), 'decrypt')
  await refuse('tag', 'Wrap', 'flip frame[-1] bit 0', framed(flip(frame, -1)), 'decrypt')
  await refuse('secret', 'Wrap', 'another secret', wrongSecret, 'decrypt')
  await refuse('truncated', 'WrongLength', '51 bytes', framed(frame.slice(0, 102)), 'length' as 'decrypt')
}

const withSecret = (qrPayload: string, name: string): string => {
  const payload = unhex(qrPayload)
  payload.set(unhex(secret(FILE, name, 16)), 39)
  return hex(payload)
}

async function agentM1(group: GroupBuilder, played: Played, qrPayload: string): Promise<void> {
  const { suite, secretHex, controller, output, inner } = played
  const name = `m1-s${suite}`
  const frame = output.m1 as string
  const input = { from: controller.routeId, qrPayload, now: EXPIRY - 60, answered: null, pinned: null, frame }
  await group.valid(name, `accepted, suite ${suite}`, 'Basic', input)
  await group.valid(`${name}-repeat`, 'bit-identical again', 'Repeat', { ...input, answered: frame })
  await headerCases(group, name, 1, frame, { qrPayload: withSecret(qrPayload, 'other-ps') })
  const again = (body: string, suiteId: number = suite) => sealed(1, suiteId, secretHex, `${name}-salt`, body)
  const refuse = async (what: string, flag: string, mutation: string, change: object, code: string) =>
    group.invalid(`${name}-${what}`, mutation, flag, {
      from: name,
      mutation,
      input: { ...change },
      code: code as 'pair-busy',
    })
  const m1Body = inner.m1Body as string
  await refuse(
    'busy',
    'Busy',
    'answered = the same bundle under another salt',
    { answered: await again(m1Body) },
    'pair-busy',
  )
  await refuse('expired', 'Expired', 'now = expiry + 1', { now: EXPIRY + 1 }, 'pair-expired')
  await refuse('route', 'Route', 'from = another route', { from: secret(FILE, 'other/route', 16) }, 'route-mismatch')
  await refuse(
    'body-short',
    'WrongLength',
    'body one byte short',
    { frame: await again(m1Body.slice(0, -2)) },
    'length',
  )
  await refuse('body-long', 'WrongLength', 'body one byte long', { frame: await again(`${m1Body}00`) }, 'length')
  await refuse('suite-3', 'Suite', 'suite = 3; sealed again', { frame: await again(m1Body, 3) }, 'suite')
  const bad = M1Body[suite].decode(unhex(m1Body))
  const lowSpk = { prekeys: { ...bad.prekeys, spk: new Uint8Array(32) } }
  const lowFrame = await again(changeBundle(suite, m1Body, controller.identitySeed, lowSpk))
  await refuse('low-order', 'LowOrderKey', 'spk = 0; signed and sealed again', { frame: lowFrame }, 'key-low-order')
  const unsigned = changeBundle(suite, m1Body, controller.identitySeed, { signature: new Uint8Array(64) })
  await refuse(
    'unsigned',
    'SmallOrder',
    'prekey signature = 0; sealed again',
    { frame: await again(unsigned) },
    'prekey-signature',
  )
  if (suite === SUITE_X25519) {
    const both = changeBundle(suite, m1Body, controller.identitySeed, { supported: 3 })
    const change = { frame: await again(both), qrPayload: withSuites(qrPayload, 3) }
    await refuse('downgrade', 'Downgrade', 'supported = 3, offered = 3, suite = 1', change, 'suite-downgrade')
  }
}

const withSuites = (qrPayload: string, suites: number): string => {
  const payload = unhex(qrPayload)
  payload[2] = suites
  return hex(payload)
}

/** What differs between a pairing and a rekey in the judgement of an M2 or R2. */
interface AnswerCase {
  readonly name: string
  readonly type: number
  readonly input: Record<string, unknown>
  readonly wrongSecret: object
}

async function answerCases(group: GroupBuilder, played: Played, at: AnswerCase): Promise<void> {
  const { suite, secretHex, inner, output } = played
  const { name } = at
  const frame = output.m2 as string
  await group.valid(name, `accepted, suite ${suite}`, at.type === 2 ? 'Basic' : 'Rekey', { ...at.input, frame })
  await headerCases(group, name, at.type, frame, at.wrongSecret)
  const m2 = M2Body[suite].decode(unhex(inner.m2Body as string))
  const again = (body: string, suiteId: number = suite) => sealed(at.type, suiteId, secretHex, `${name}-salt`, body)
  const change = async (changes: Partial<M2Body>) => ({
    frame: await again(hex(M2Body[suite].encode({ ...m2, ...changes }))),
  })
  const refuse = async (what: string, flag: string | string[], mutation: string, input: object, code: string) =>
    group.invalid(`${name}-${what}`, mutation, flag, {
      from: name,
      mutation,
      input: { ...input },
      code: code as 'confirm',
    })
  const body = inner.m2Body as string
  await refuse('body-short', 'AnswerLength', 'body one byte short', { frame: await again(body.slice(0, -2)) }, 'length')
  await refuse('body-long', 'AnswerLength', 'body one byte long', { frame: await again(`${body}00`) }, 'length')
  await refuse('other-suite', 'Suite', 'suite = 3; sealed again', { frame: await again(body, 3) }, 'suite')
  await refuse('spk-id', 'Prekey', 'spkId + 1', await change({ spkId: (m2.spkId + 1) >>> 0 }), 'prekey-unknown')
  await refuse('opk-id', 'Prekey', 'opkId + 1', await change({ opkId: (m2.opkId + 1) >>> 0 }), 'prekey-unknown')
  const keys = badKeys(hex(m2.ephemeralKey))
  // One key of each kind in suite 2, whose messages are four times as long.
  for (const bad of suite === SUITE_MLKEM ? keys.slice(4, 6) : keys) {
    for (const place of ['ephemeralKey', 'ratchetKey'] as const) {
      const mutation = `${place} = ${bad.mutation}; sealed again`
      await refuse(
        `${place}-${bad.name}`,
        ['AnswerKey', bad.flag],
        mutation,
        await change({ [place]: unhex(bad.key) }),
        bad.code,
      )
    }
    const cert = unhex(signedCert(agentOf(FILE).identitySeed, bad.key))
    const changed = hex(concat(cert, unhex(body).subarray(cert.length)))
    const mutation = `cert.dhKey = ${bad.mutation}; signed and sealed again`
    await refuse(`ikd-${bad.name}`, ['AnswerKey', bad.flag], mutation, { frame: await again(changed) }, bad.code)
  }
  const flipped = m2.confirmation.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
  await refuse(
    'confirmation',
    'AgentConfirmation',
    'flip conf_A[0] bit 0',
    await change({ confirmation: flipped }),
    'confirm',
  )
  const th = unhex(inner.th as string)
  const signed = (name: 'auth-agent' | 'auth-controller') => concat(label(name), th)
  const others = forgeries(
    agentOf(FILE).identitySeed,
    signed('auth-agent'),
    signed('auth-controller'),
    played.controller.identitySeed,
  )
  const kcA = unhex((inner.okm as string).slice(64, 128))
  for (const { name: what, mutation, signature, flag } of others) {
    const forged = unhex(signature)
    const confirm = await confirmation(noble, kcA, th, forged)
    const named = flag === 'BadSignature' ? 'AgentSignature' : flag
    const input = await change({ signature: forged, confirmation: confirm })
    await refuse(`signature-${what}`, named, `sig_A: ${mutation}; conf_A made again`, input, 'auth-signature')
  }
  if (suite === SUITE_MLKEM) {
    const foreign = unhex(kemCiphertextFor(FILE, secret(FILE, 'other/kem-seed', 64)))
    const input = await change({ kemCiphertext: foreign })
    await refuse('kem-ciphertext', 'KemCiphertext', 'kemCt made for another key', input, 'confirm')
  }
}

interface FinishCase {
  readonly name: string
  readonly type: number
  readonly secret: object
  readonly wrongSecret: object
}

async function finishCases(group: GroupBuilder, played: Played, at: FinishCase): Promise<void> {
  const { suite, secretHex, inner, output, controller } = played
  const { name } = at
  const okm = inner.okm as string
  const kcC = okm.slice(128, 192)
  const shared = { suite, th: inner.th, kcC, sask: okm.slice(192, 256), m1Body: inner.m1Body }
  const input = { ...shared, ...at.secret, frame: output.m3 as string }
  await group.valid(name, `accepted, suite ${suite}`, at.type === 3 ? 'Basic' : 'Rekey', input)
  await headerCases(group, name, at.type, output.m3 as string, at.wrongSecret)
  const m3 = M3Body.decode(unhex(inner.m3Body as string))
  const again = (body: string) => sealed(at.type, suite, secretHex, `${name}-salt`, body)
  const change = async (changes: Partial<M3Body>) => ({ frame: await again(hex(M3Body.encode({ ...m3, ...changes }))) })
  const refuse = async (what: string, flag: string, mutation: string, changed: object, code: string) =>
    group.invalid(`${name}-${what}`, mutation, flag, {
      from: name,
      mutation,
      input: { ...changed },
      code: code as 'confirm',
    })
  const body = inner.m3Body as string
  await refuse('body-short', 'FinishLength', 'body one byte short', { frame: await again(body.slice(0, -2)) }, 'length')
  await refuse('body-long', 'FinishLength', 'body one byte long', { frame: await again(`${body}00`) }, 'length')
  const nonce = unhex(secret(FILE, 'other/sas-nonce'))
  await refuse('commitment', 'Commitment', 'another sasNonce', await change({ sasNonce: nonce }), 'confirm')
  const flipped = m3.confirmation.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
  await refuse(
    'confirmation',
    'ControllerConfirmation',
    'flip conf_C[0] bit 0',
    await change({ confirmation: flipped }),
    'confirm',
  )
  const th = unhex(inner.th as string)
  const signed = (name: 'auth-agent' | 'auth-controller') => concat(label(name), th)
  const others = forgeries(
    controller.identitySeed,
    signed('auth-controller'),
    signed('auth-agent'),
    agentOf(FILE).identitySeed,
  )
  for (const { name: what, mutation, signature, flag } of others) {
    const forged = unhex(signature)
    const confirm = await confirmation(noble, unhex(kcC), th, forged)
    const named = flag === 'BadSignature' ? 'ControllerSignature' : flag
    const changed = await change({ signature: forged, confirmation: confirm })
    await refuse(`signature-${what}`, named, `sig_C: ${mutation}; conf_C made again`, changed, 'auth-signature')
  }
}

async function agentR1(group: GroupBuilder, played: Played, name: string, lastSuite: number): Promise<void> {
  const { suite, controller, output, secretHex, inner } = played
  const pinned = pinnedTo(controller)
  const ownDeviceId = hex(deviceOf(agentOf(FILE).identitySeed))
  const offered = suite === SUITE_MLKEM ? 3 : 1
  const held = { from: controller.routeId, offered, lastSuite, ownDeviceId, pinned, ppk: secretHex, stored: true }
  await group.valid(name, `accepted, suite ${suite} after ${lastSuite}`, lastSuite < suite ? 'Upgrade' : 'Rekey', {
    ...held,
    frame: output.m1 as string,
  })
  await headerCases(group, name, HANDSHAKE_TYPES.R1, output.m1 as string, { ppk: secret(FILE, 'other/ppk') })
  const refuse = async (what: string, flag: string, mutation: string, input: object, code: string) =>
    group.invalid(`${name}-${what}`, mutation, flag, {
      from: name,
      mutation,
      input: { ...input },
      code: code as 'ignored',
    })
  await refuse('not-stored', 'NotStored', 'stored = false', { stored: false }, 'ignored')
  const other = { ...pinned, identityKey: publicKeyOf(secret(FILE, 'other/iks')) }
  await refuse('identity', 'Pinned', 'another IKs is pinned', { pinned: other }, 'identity-mismatch')
  await refuse('epoch', 'Rollback', 'pinned at epoch 2', { pinned: { ...pinned, epoch: 2 } }, 'epoch-rollback')
  await refuse('route', 'Route', 'from = another route', { from: secret(FILE, 'other/route', 16) }, 'route-mismatch')
  if (suite === SUITE_X25519) await refuse('lower', 'LowerSuite', 'lastSuite = 2', { lastSuite: 2 }, 'suite-downgrade')
  const m1Body = inner.m1Body as string
  const zero = changeBundle(suite, m1Body, controller.identitySeed, { signature: new Uint8Array(64) })
  const frame = await sealed(HANDSHAKE_TYPES.R1, suite, secretHex, `${name}-salt`, zero)
  await refuse('unsigned', 'SmallOrder', 'prekey signature = 0; sealed again', { frame }, 'prekey-signature')
}

export const handshakeFile: Construction = {
  construction: 'handshake',
  header: [
    'pairing and rekey play both sides from their secrets; the other groups give one received message.',
    'A rekey pairs the devices of the pairing of its suite: its ppk and pairingId are ppk and sid there.',
    'Encapsulation is randomised, so kemCiphertext is an input; it was made with m = SHA-256("vectors/handshake/agent/kem-m").',
    'After a refusal nothing is stored or sent, except an HS_ERROR where the registry of errors allows one.',
  ],
  flags,
  operations: handshake,
  async build(group) {
    const pairing = group('pairing')
    const rekey = group('rekey')
    const agent = agentOf(FILE)
    const runs: Played[] = []
    const rekeys: { played: Played; name: string; last: number; pairingId: string }[] = []
    const play = async (name: string, suite: Suite, last: Suite | 0, from?: Played): Promise<Played> => {
      const run = from ? `/${name}` : ''
      const controller = controllerOf(FILE, suite, run)
      const kemCiphertext = kemCiphertextFor(FILE, controller.kemSeed)
      const parties = { suite, agent: agentOf(FILE, run), controller, kemCiphertext, salts: saltsOf(FILE, `/${name}`) }
      const inputs = from
        ? { ...parties, ppk: from.output.ppk as string, pairingId: from.output.sid as string }
        : { ...parties, qrPayload: qrFor(suite === SUITE_MLKEM ? 3 : 1) }
      const builder = from ? rekey : pairing
      const flag = from ? (suite > last ? 'Upgrade' : 'Rekey') : 'Basic'
      const output = (await builder.valid(name, comments[name] as string, flag, inputs)) as Texts
      const operation = from ? handshake.rekey : handshake.pairing
      const inner = (await operation.compute(noble, inputs)).intermediate as Texts
      const secretHex = from ? (from.output.ppk as string) : hex(pairingSecretOf(unhex(qrFor(1))))
      return { suite, secretHex, controller, output, inner }
    }
    for (const suite of SUITES) {
      const paired = await play(`pair-s${suite}`, suite, 0)
      runs.push(paired)
    }
    const [first, second] = runs as [Played, Played]
    for (const [name, suite, from] of [
      ['rekey-s1', SUITE_X25519, first],
      ['rekey-s2', SUITE_MLKEM, second],
      ['rekey-upgrade', SUITE_MLKEM, first],
    ] as const) {
      const played = await play(name, suite, from.suite, from)
      rekeys.push({ played, name, last: from.suite, pairingId: from.output.sid as string })
    }

    const m1 = group('agent-m1')
    for (const run of runs) await agentM1(m1, run, qrFor(run.suite === SUITE_MLKEM ? 3 : 1))
    const m2 = group('controller-m2')
    for (const run of runs) {
      const name = `m2-s${run.suite}`
      const qrPayload = qrFor(run.suite === SUITE_MLKEM ? 3 : 1)
      const { suite, controller } = run
      const input = { suite, controller, m1Body: run.inner.m1Body, pinned: null, qrPayload, accepted: false }
      const wrongSecret = { qrPayload: withSecret(qrPayload, 'other-ps') }
      await answerCases(m2, run, { name, type: HANDSHAKE_TYPES.M2, input, wrongSecret })
      const foreign = unhex(qrPayload)
      foreign.set(deviceOf(secret(FILE, 'other/iks')), 7)
      await m2.invalid(`${name}-device`, 'another agent answers', 'Device', {
        from: name,
        mutation: 'deviceId of the code = another device',
        input: { qrPayload: hex(foreign) },
        code: 'identity-mismatch',
      })
      await m2.invalid(`${name}-second`, 'one M2 was accepted', 'SecondAnswer', {
        from: name,
        mutation: 'accepted = true',
        input: { accepted: true },
        code: 'ignored',
      })
    }
    const m3 = group('agent-m3')
    for (const run of runs) {
      const names = {
        secret: { pairingSecret: run.secretHex },
        wrongSecret: { pairingSecret: secret(FILE, 'other-ps', 16) },
      }
      await finishCases(m3, run, { name: `m3-s${run.suite}`, type: HANDSHAKE_TYPES.M3, ...names })
    }
    const r1 = group('agent-r1')
    for (const { played, name, last } of rekeys) await agentR1(r1, played, `r1-${name}`, last)
    const r2 = group('controller-r2')
    const r3 = group('agent-r3')
    const { played, pairingId } = rekeys[0] as (typeof rekeys)[0]
    const { suite, controller, secretHex } = played
    const held = { suite, controller, m1Body: played.inner.m1Body, pinned: pinnedTo(agent), ppk: secretHex, pairingId }
    const wrongSecret = { ppk: secret(FILE, 'other/ppk') }
    await answerCases(r2, played, { name: 'r2-s1', type: HANDSHAKE_TYPES.R2, input: held, wrongSecret })
    await r2.invalid('r2-s1-identity', 'another agent answers', 'Pinned', {
      from: 'r2-s1',
      mutation: 'another IKs is pinned',
      input: { pinned: { ...pinnedTo(agent), identityKey: publicKeyOf(secret(FILE, 'other/iks')) } },
      code: 'identity-mismatch',
    })
    await r2.invalid('r2-s1-epoch', 'an older certificate', 'Rollback', {
      from: 'r2-s1',
      mutation: 'pinned at epoch 2',
      input: { pinned: { ...pinnedTo(agent), epoch: 2 } },
      code: 'epoch-rollback',
    })
    await finishCases(r3, played, {
      name: 'r3-s1',
      type: HANDSHAKE_TYPES.R3,
      secret: { ppk: secretHex },
      wrongSecret,
    })
  },
}

const comments: Record<string, string> = {
  'pair-s1': 'pairing, suite 0x0001',
  'pair-s2': 'pairing, suite 0x0002',
  'rekey-s1': 'rekey, suite 0x0001',
  'rekey-s2': 'rekey, suite 0x0002',
  'rekey-upgrade': 'rekey from suite 0x0001 to 0x0002',
}
