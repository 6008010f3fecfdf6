// handshake: whole runs, and each received message by itself.

import { SUITE_MLKEM, SUITE_X25519, SUITES, type Suite } from '@happy-remote/schemas/constants.ts'
import { HANDSHAKE_TYPES } from '@happy-remote/schemas/pairing.ts'
import { noble } from '../backend/noble.ts'
import { handshake } from '../operations/handshake.ts'
import { hex, unhex } from '../protocol/bytes.ts'
import { pairingSecretOf } from '../protocol/schedule.ts'
import type { Construction } from './file.ts'
import { publicKeyOf } from './forge.ts'
import { answerCases } from './handshake-answer.ts'
import { finishCases } from './handshake-finish.ts'
import { agentM1, agentR1 } from './handshake-first.ts'
import { flags } from './handshake-flags.ts'
import { deviceOf, FILE, type Played, qrFor, type Texts, withSecret } from './handshake-played.ts'
import { agentOf, controllerOf, kemCiphertextFor, pinnedTo, saltsOf } from './people.ts'
import { secret } from './secret.ts'

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
