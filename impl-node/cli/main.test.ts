import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { agentCommand } from './agent.ts'
import type { Command } from './command.ts'
import { controlCommand } from './control.ts'
import { demoCommand } from './demo.ts'
import { devicesCommand } from './devices.ts'
import { failureOf } from './failure.ts'
import { pairCommand } from './pair.ts'
import { relayCommand } from './relay.ts'
import { cleanEnv, runCli, temporaryFolder } from './testing/cli.ts'
import { VERSION } from './version.ts'

test('--help lists every command and every exit code', async (t) => {
  const { exitCode, stdout, stderr } = await runCli(['--help'], { folder: temporaryFolder(t) })
  assert.equal(exitCode, 0)
  assert.equal(stderr, '')
  for (const name of ['relay', 'agent', 'pair', 'control', 'devices', 'demo'])
    assert.match(stdout, new RegExp(`^  ${name} `, 'm'))
  for (const code of [0, 1, 2, 3, 4, 5, 6, 130]) assert.match(stdout, new RegExp(`\\b${code} `))
  for (const line of stdout.split('\n')) assert.ok(line.length <= 79, line)
})

test('what npm links starts the program, and an older Node is told what is needed', (t) => {
  const folder = temporaryFolder(t)
  const program = fileURLToPath(new URL('../bin/happy-remote.js', import.meta.url))
  const run = (...args: string[]) =>
    spawnSync(process.execPath, args, { cwd: folder, env: cleanEnv(folder), encoding: 'utf8' })
  assert.equal(run(program, '--version').stdout, `${VERSION}\n`)
  const older = `Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } }); await import(${JSON.stringify(program)})`
  const { status, stderr } = run('--input-type=module', '-e', older)
  assert.deepEqual([status, stderr], [2, 'happy-remote needs Node 24; run it with npx from the clone.\n'])
})

test('--version prints the version of the package', async (t) => {
  assert.deepEqual(await runCli(['--version'], { folder: temporaryFolder(t) }), {
    exitCode: 0,
    stdout: `${VERSION}\n`,
    stderr: '',
  })
})

test('what was compiled is kept in the own cache folder, and a folder that cannot be written is no failure', (t) => {
  const folder = temporaryFolder(t)
  const program = fileURLToPath(new URL('../bin/happy-remote.js', import.meta.url))
  const run = (cache: string) => {
    const env = { ...cleanEnv(folder), NODE_COMPILE_CACHE: '', XDG_CACHE_HOME: join(folder, cache) }
    const args = ['--disable-warning=ExperimentalWarning', program, 'relay', '--help']
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' })
    return [status, stderr]
  }
  assert.deepEqual(run('cache'), [0, ''])
  assert.equal(readdirSync(join(folder, 'cache/happy-remote')).length, 1)
  writeFileSync(join(folder, 'file'), '')
  assert.deepEqual(run('file'), [0, ''])
})

for (const command of [agentCommand, pairCommand, controlCommand, devicesCommand, demoCommand, relayCommand]) {
  test(`the help of ${command.name} tells usage, options and exit codes, and fits the screen`, () => {
    const { name, help } = command
    assert.match(help, new RegExp(`^happy-remote ${name}: `))
    assert.match(help, new RegExp(`^Usage: happy-remote ${name}`, 'm'))
    assert.match(help, /^ {2}--\w+/m)
    assert.match(help, /^Exit codes: 0 /m)
    for (const line of help.split('\n')) assert.ok(line.length <= 79, line)
  })
}

test('a sub-command of control has its own help', async (t) => {
  const { exitCode, stdout } = await runCli(['control', 'prompt', '--help'], { folder: temporaryFolder(t) })
  assert.equal(exitCode, 0)
  assert.match(stdout, /^happy-remote control prompt: /)
  assert.match(stdout, /--no-wait/)
})

test('wrong use is one sentence on standard error and exit code 2', async (t) => {
  const folder = temporaryFolder(t)
  assert.deepEqual(await runCli(['agnet'], { folder }), {
    exitCode: 2,
    stdout: '',
    stderr: 'There is no command "agnet". Did you mean "agent"? See happy-remote --help.\n',
  })
  assert.deepEqual(await runCli(['agent', '--realy', 'x'], { folder }), {
    exitCode: 2,
    stdout: '',
    stderr: 'There is no option --realy. Did you mean --relay? See happy-remote agent --help.\n',
  })
})

const mistakes: [command: Command, args: string[], sentence: RegExp][] = [
  [
    agentCommand,
    ['--relay', 'ws://example.com'],
    /^Cannot use the relay ws:\/\/example\.com: ws:\/\/ is for this machine/,
  ],
  [agentCommand, ['--relay', 'ws://10.1.2.3:99999'], /: the port 99999 is not one of 1 to 65535/],
  [agentCommand, ['--relay', 'example.com'], /^Cannot use the relay example\.com: a relay is written wss:/],
  [agentCommand, ['--assistant', 'acp'], /^The assistant "acp" needs its command/],
  [agentCommand, ['--assistant', 'hal'], /^There is no assistant "hal"; there are claude, acp, scripted and none/],
  [agentCommand, ['--grant', 'observe,root'], /^There is no capability "root"; there are observe, prompt/],
  [agentCommand, ['--workspace', '/no/such/folder'], /^The workspace \/no\/such\/folder is not a folder/],
  [agentCommand, ['--ttl', '601'], /^--ttl is "601": 1 to 600 seconds are needed/],
  [agentCommand, ['word'], /^"word" is one word too many/],
  [pairCommand, ['a', 'b'], /^This is not a whole pairing code/],
  [controlCommand, ['promt', 'x'], /^There is no sub-command "promt"; did you mean "prompt"\?/],
  [controlCommand, ['status', '--allow'], /^There is no option --allow for "control status"/],
  [controlCommand, ['status', '--on-question', 'leave'], /^There is no option --on-question for "control status"/],
  [controlCommand, ['status', '--timeout', 'soon'], /^--timeout is "soon"/],
  [devicesCommand, ['revoke'], /^devices revoke wants the name or id of a device\.$/],
  [devicesCommand, ['grant', 'phone'], /^devices grant wants its capabilities\.$/],
  [devicesCommand, ['sell'], /^There is no "devices sell"; there are list, rename, grant, revoke, audit\./],
  [demoCommand, ['--host', '8.8.8.8'], /^--host is "8\.8\.8\.8"/],
]

for (const [command, args, sentence] of mistakes) {
  test(`wrong use is told: ${command.name} ${args.join(' ')}`, async () => {
    const failure = await command.run(args).then(() => assert.fail('it ran'), failureOf)
    assert.match(failure.message, sentence)
    assert.equal(failure.exitCode, 2)
  })
}

test('an unknown member of the configuration file is named', async (t) => {
  const folder = temporaryFolder(t)
  const config = join(folder, 'config.json')
  writeFileSync(config, '{"relais":"ws://127.0.0.1"}')
  const { exitCode, stderr } = await runCli(['agent'], { folder, env: { HAPPY_REMOTE_CONFIG: config } })
  assert.equal(exitCode, 2)
  assert.match(stderr, /has the unknown member "relais"\. Did you mean "relay"\?/)
})

test('with nothing paired, control says what to do, with exit code 3, and makes no state', async (t) => {
  const folder = temporaryFolder(t)
  const { exitCode, stderr } = await runCli(['control', 'status', '--json'], { folder })
  assert.equal(exitCode, 3)
  assert.deepEqual(JSON.parse(stderr), {
    event: 'error',
    code: 'not-paired',
    message: 'No computer is paired here yet: start `happy-remote agent` there, then `happy-remote pair` here.',
  })
  assert.equal((await runCli(['devices'], { folder })).exitCode, 3)
})
