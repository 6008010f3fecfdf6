import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QrPayload } from '@happy-remote/schemas/pairing.ts'
import { formatPairingCode } from '../session/pairing-code.ts'
import { EXIT } from './command.ts'
import { Failure } from './failure.ts'
import { isBeginning, readCode } from './pair.ts'
import { runCli, startCli, temporaryFolder } from './testing/cli.ts'
import { pairArgs, startAgent, startWorld } from './testing/pair.ts'
import { startPty } from './testing/pty.ts'

const NOW = 1_800_000_000_000

const payload = (more: Partial<QrPayload> & { host?: string } = {}): QrPayload => ({
  flags: 0,
  suites: 0b11,
  expiry: NOW / 1_000 + 60,
  deviceId: new Uint8Array(16).fill(1),
  routeId: new Uint8Array(16).fill(2),
  pairingSecret: new Uint8Array(16).fill(3),
  relay: new TextEncoder().encode(more.host ?? 'relay.example.com'),
  ...more,
})
const code = (more: Parameters<typeof payload>[0] = {}) => formatPairingCode(payload(more))
const good = code()

const bad: [what: string, text: string, exitCode: number, sentence: RegExp][] = [
  [
    'nothing of the kind',
    'https://example.com/happy/path',
    EXIT.usage,
    /is not a whole pairing code: it is damaged, or not one/,
  ],
  ['damaged', good.replace('HAPPY://A', 'HAPPY://1'), EXIT.usage, /is not a whole pairing code: it is damaged/],
  ['cut off', good.slice(0, -8), EXIT.usage, /is not a whole pairing code/],
  ['of another version', good.replace('HAPPY://AE', 'HAPPY://AI'), EXIT.usage, /is of another version of the protocol/],
  ['expired', code({ expiry: NOW / 1_000 - 301 }), EXIT.refused, /has expired\. Make a new one on the computer/],
  ['insecure', code({ flags: 1 }), EXIT.refused, /asks for an unencrypted connection to a public relay/],
  ['of unknown suites', code({ suites: 0b100 }), EXIT.refused, /offers no cipher suite that this program has/],
]

for (const [what, text, exitCode, sentence] of bad) {
  test(`a code that is ${what} has a sentence of its own`, () => {
    assert.throws(
      () => readCode(text, NOW),
      (error) => {
        assert.ok(error instanceof Failure)
        assert.match(error.message, sentence)
        assert.equal(error.exitCode, exitCode)
        assert.ok(!error.message.includes(text.slice(20)), 'a secret has no place in a message')
        return true
      },
    )
  })
}

test('a good code is read: lower case, with spaces around, as a link', () => {
  for (const text of [good, ` ${good.toLowerCase()}\n`, good.replace('HAPPY://', 'https://example.com/pair#')]) {
    assert.equal(readCode(text, NOW).relay.origin, 'wss://relay.example.com:443')
  }
})

test('a code in several lines is read on until it is whole, and nothing else is', () => {
  for (let length = 0; length < good.length; length++) {
    const beginning = good.slice(0, length)
    assert.equal(isBeginning(beginning), length === 0 || length >= 'HAPPY://'.length, beginning)
  }
  assert.equal(isBeginning(good), false)
  assert.equal(isBeginning('tree'), false)
})

test('pair takes a code in several lines and in several words', async (t) => {
  const folder = temporaryFolder(t)
  const text = code({ expiry: 1_000_000_000 })
  const [first, second] = [text.slice(0, 80), text.slice(80)]
  const expired = 'This pairing code has expired. Make a new one on the computer.\n'
  for (const [words, stdin] of [
    [['-'], `\n${first}\n  ${second}\n`],
    [[first, second], ''],
  ] as const) {
    assert.equal((await runCli(['pair', '--yes', ...words], { folder, stdin })).stderr, expired)
  }
  const person = startPty(t, ['pair'], folder)
  await person.shown(/The code that the computer shows/)
  person.type(`${first}\r${second}\r`)
  await person.shown(/This pairing code has expired/)
  assert.equal(await person.exit(), EXIT.refused)
})

test('pair ends with the exit code of what is wrong with the code, and makes no state', async (t) => {
  const folder = temporaryFolder(t)
  const expired = code({ expiry: 1_000_000_000 })
  const { exitCode, stdout, stderr } = await runCli(['pair', '--json', '--yes', '-'], { folder, stdin: `${expired}\n` })
  assert.deepEqual(
    { exitCode, stdout, error: JSON.parse(stderr) },
    {
      exitCode: EXIT.refused,
      stdout: '',
      error: {
        event: 'error',
        code: 'qr-expired',
        message: 'This pairing code has expired. Make a new one on the computer.',
      },
    },
  )
})

test('a person is told of an expired code before being asked whether to pair', async (t) => {
  const folder = temporaryFolder(t)
  const person = startPty(t, ['pair', code({ expiry: Math.floor(Date.now() / 1_000) - 5 })], folder)
  await person.shown(/This code has expired \(by the clock of this device\)\. Make a new one\./)
  assert.equal(await person.exit(), EXIT.refused)
  assert.ok(!person.text.includes('[y/N]'))
})

test('without anybody to ask, pair needs --yes', async (t) => {
  const text = code({ expiry: Math.floor(Date.now() / 1_000) + 60 })
  const { exitCode, stderr } = await runCli(['pair', text], { folder: temporaryFolder(t) })
  assert.equal(exitCode, EXIT.usage)
  assert.match(stderr, /--yes says that you mean it/)
})

test('wrong digits, three times, end the attempt on both sides', async (t) => {
  const world = await startWorld(t)
  const { agent, uri } = await startAgent(t, world)
  const phone = startCli(t, pairArgs(uri), world)
  const { digits } = await phone.event('digits')
  await agent.event('digits')
  const wrong = digits === '000000' ? '111111' : '000000'
  agent.type(`${wrong}\n${wrong}\n${wrong}\n`)
  assert.equal((await agent.event('pairing-failed')).reason, 'sas-mismatch')
  assert.deepEqual(
    agent.events.filter(({ event }) => event === 'wrong-digits').map(({ triesLeft }) => triesLeft),
    [2, 1],
  )
  assert.equal(await phone.exit(), EXIT.refused)
  assert.match(phone.stderr, /The digits were not typed correctly on the computer/)
})

test('a code that its agent has given up is not answered', async (t) => {
  const world = await startWorld(t)
  const { agent, uri } = await startAgent(t, world, '--ttl', '1')
  assert.equal((await agent.event('pairing-failed')).reason, 'pair-expired')
  const phone = startCli(t, pairArgs(uri), world)
  assert.equal(await phone.exit(), EXIT.unreachable)
  assert.match(phone.stderr, /No answer, or somebody else used this code/)
})

test('whoever types the digits is told that the device will see history, where it will', async (t) => {
  for (const [grant, history] of [
    ['observe,prompt', true],
    ['prompt', false],
  ] as const) {
    const world = await startWorld(t)
    const { agent, uri } = await startAgent(t, world, '--grant', grant)
    startCli(t, pairArgs(uri), world)
    assert.equal((await agent.event('digits')).history, history)
  }
})
