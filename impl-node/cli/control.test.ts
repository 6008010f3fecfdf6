import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runCli, startCli } from './testing/cli.ts'
import { agentArgs, control, pairArgs, pairUp, startWorld } from './testing/pair.ts'

const ASSISTANT = fileURLToPath(new URL('../../conformance/assistants/acp.ts', import.meta.url))
const ESC = '\u001b'

/** Says and asks with escape sequences in every place that takes text. */
const hostile = {
  name: `Evil${ESC}[2J`,
  replies: [
    {
      when: '^which$',
      steps: [
        {
          do: 'question',
          message: `Which${ESC}[2J branch?`,
          schema: {
            properties: {
              branch: { type: 'string', title: `The${ESC}[8m branch`, minLength: 2 },
              kind: { type: 'string', oneOf: [{ const: 'new', title: `A${ESC}[1A new one` }] },
            },
            required: ['branch'],
          },
          on: { accept: [{ do: 'text', text: 'given {values}' }], decline: [{ do: 'text', text: 'declined' }] },
        },
      ],
    },
  ],
  otherwise: [
    { do: 'thought', text: `thinking${ESC}[31m red` },
    { do: 'text', text: `before${ESC}]0;owned\u0007 after\u009b2J` },
    { do: 'tool', call: 'c', title: `ls${ESC}[1A`, kind: 'execute', status: 'pending', input: { command: 'ls' } },
    {
      do: 'permission',
      call: 'c',
      title: `List${ESC}[2K files`,
      tool: 'Bash',
      options: [
        { id: 'yes', name: `Allow${ESC}[8m once`, kind: 'allow_once' },
        { id: 'no', name: 'Deny', kind: 'reject_once' },
      ],
      on: {
        yes: [{ do: 'text', text: 'was allowed' }],
        no: [{ do: 'text', text: 'was denied' }],
      },
    },
  ],
}

const hasControls = (text: string) => /[^\P{Cc}\n\t]/u.test(text)
const isAlive = (pid: number) => existsSync(`/proc/${pid}`)
const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)

test('a paired controller gets along without a terminal, and nothing is left when the agent ends', async (t) => {
  const world = await startWorld(t)
  const script = join(world.folder, 'script.json')
  writeFileSync(script, JSON.stringify(hostile))
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', ASSISTANT, '--script', script]
  const agent = await pairUp(t, world, '--assistant', 'acp', '--', ...command)
  assert.equal((await agent.event('paired')).name, 'phone')

  await t.test('status --json is one object', async () => {
    const { exitCode, stdout } = await runCli(control('status', '--json'), world)
    assert.equal(exitCode, 0)
    const { event, agent, state, pending } = JSON.parse(stdout)
    assert.deepEqual({ event, agent, state, pending }, { event: 'status', agent: 'desk', state: 'idle', pending: [] })
  })

  await t.test(
    'prompt streams the words, shows the exact input, and takes the answer from standard input',
    async () => {
      const { exitCode, stdout, stderr } = await runCli(control('prompt', 'please', 'list'), { ...world, stdin: 'y\n' })
      assert.equal(exitCode, 0)
      assert.equal(stdout, 'before after\nwas allowed\n')
      assert.match(stderr, /^The assistant asks: List files$/m)
      assert.match(stderr, /^ {2}input {2}\{"tool":"Bash","input":\{"command":"ls"\}\}$/m)
      assert.match(stderr, /^ {2}1 {2}Allow once$/m)
      assert.ok(!hasControls(stdout + stderr), 'no escape sequence of the assistant reaches the screen')
    },
  )

  await t.test(
    'a prompt that nobody answers is left with its question, approve answers it, and says when somebody was faster',
    async () => {
      const left = await runCli(control('prompt', 'x'), world)
      assert.deepEqual([left.exitCode, left.stdout], [6, 'before after\n'])
      assert.match(left.stderr, /^The assistant waits for an answer: give it with happy-remote control approve; /m)
      const first = await runCli(control('approve', '--deny', '--json'), world)
      assert.equal(first.exitCode, 0, first.stderr)
      const { event, option, outcome, inputText } = JSON.parse(first.stdout)
      assert.deepEqual(
        { event, option, outcome, inputText },
        { event: 'answered', option: 'no', outcome: 'denied', inputText: '{"tool":"Bash","input":{"command":"ls"}}' },
      )
      const second = await runCli(control('approve', '--yes'), world)
      assert.equal(second.exitCode, 1)
      assert.equal(second.stderr, 'Nothing waits for an answer.\n')
    },
  )

  await t.test('--on-question deny answers as --deny does, also where input could', async () => {
    const denied = await runCli(control('prompt', 'x', '--on-question', 'deny'), { ...world, stdin: 'y\n' })
    assert.deepEqual([denied.exitCode, denied.stdout], [0, 'before after\nwas denied\n'])
  })

  await t.test('what wants values is shown, left, and answered by name, whole or not at all', async () => {
    // Neither a flag nor a line of input answers it.
    const left = await runCli(control('prompt', 'which', '--allow'), { ...world, stdin: 'y\n' })
    assert.equal(left.exitCode, 6, left.stderr)
    assert.match(left.stderr, /^The assistant wants to know: Which branch\?\n {2}branch {2}The branch: a text/m)
    assert.match(left.stderr, /give it with happy-remote control answer; /)
    const status = await runCli(control('status'), world)
    assert.match(status.stdout, /Which branch\?[\s\S]* 1 {2}A new one\n[\s\S]*control answer answers it/)
    assert.ok(!hasControls(left.stderr + status.stdout))
    const refused = []
    for (const words of [['main'], ['branch=m'], ['kind=new'], ['branch=main', 'kind=old'], []]) {
      const { exitCode, stderr } = await runCli(control('answer', ...words), world)
      refused.push([exitCode, stderr.split('\n')[0]?.replace(/ See happy-remote .*/, '')])
    }
    assert.deepEqual(refused, [
      [2, '"main" is for no field; there are branch=… kind=….'],
      [1, 'Cannot answer: a value is too short or too long.'],
      [1, 'Cannot answer: a value is missing.'],
      [2, 'kind takes one of these, and "old" is none.'],
      [2, 'Say the answers, <name>=<value> each, or --decline.'],
    ])
    const done = await runCli(control('answer', 'branch=main', 'kind=1', '--json'), world)
    const { event, outcome, answers } = JSON.parse(done.stdout)
    assert.deepEqual([done.exitCode, event, outcome], [0, 'answered', 'answered'], done.stderr)
    assert.deepEqual(answers, [
      { name: 'branch', value: 'main' },
      { name: 'kind', value: 'new' },
    ])
    const late = await runCli(control('answer', 'branch=main'), world)
    assert.deepEqual([late.exitCode, late.stderr], [1, 'Nothing waits for an answer.\n'])
    const denied = await runCli(control('prompt', 'which', '--deny'), world)
    assert.deepEqual([denied.exitCode, denied.stdout], [0, 'declined\n'])
  })

  await t.test('term passes input, output and exit code through', async () => {
    const echo = await runCli(control('term', '--', 'sh', '-c', 'read line; echo "got $line"; exit 7'), {
      ...world,
      stdin: 'hello\n',
    })
    assert.equal(echo.exitCode, 7)
    assert.match(echo.stdout, /got hello/)
  })

  await t.test('history shows the newest entries, the newest last', async () => {
    const all = await runCli(control('history', '--json'), world)
    const entries = all.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual([all.exitCode, entries.length], [0, 20])
    assert.ok(entries.every(({ seq }, i) => seq === entries[0].seq + i))
    const last = await runCli(control('history', '--limit', '2'), world)
    assert.deepEqual(
      last.stdout.match(/^\d+(?= )/gm),
      entries.slice(-2).map(({ seq }) => String(seq)),
    )
    assert.equal((await runCli(control('history', '--limit', '0'), world)).exitCode, 2)
  })

  await t.test('a state in use is a sentence, for a second agent and for devices', async () => {
    const second = await runCli(agentArgs(world), world)
    assert.equal(second.exitCode, 1)
    assert.match(second.stderr, /^An agent already runs with this state: /)
    const devices = await runCli(['devices', '--state', 'state'], world)
    assert.deepEqual([devices.exitCode, devices.stdout], [1, ''])
  })

  await t.test('SIGTERM ends the agent and everything that it has started', async () => {
    const shell = startCli(t, control('term', '--', 'sh', '-c', 'echo "pid $$."; exec sleep 1000'), world)
    const pid = Number((await shell.printed(/pid (\d+)\./))[1])
    const agentPid = agent.child.pid as number
    const assistants = process.platform === 'linux' ? childrenOf(agentPid).filter((child) => child !== pid) : []
    assert.ok(process.platform !== 'linux' || assistants.length > 0, 'the assistant runs')
    agent.child.kill('SIGTERM')
    assert.equal(await agent.exit(), 0)
    assert.equal(agent.events.at(-1)?.event, 'stopped')
    assert.equal(agent.stderr, '')
    for (const child of process.platform === 'linux' ? [pid, ...assistants] : []) {
      assert.ok(!isAlive(child), `${child} is left`)
    }
    shell.child.kill('SIGTERM')
    assert.equal(await shell.exit(), 130)
  })

  await t.test('without the agent, control says so in its time, with exit code 4', async () => {
    const { exitCode, stderr } = await runCli(control('status', '--timeout', '1'), world)
    assert.equal(exitCode, 4)
    assert.match(stderr, /^"desk" does not answer\. Is happy-remote agent running there, with a network\? .*--local/)
  })

  await t.test('devices lists, names, grants and revokes what is paired, and a revoked device is gone', async () => {
    const list = await runCli(['devices', '--state', 'state', '--json'], world)
    const { event, name, capabilities } = JSON.parse(list.stdout)
    assert.deepEqual([event, name, capabilities.includes('admin')], ['device', 'phone', false])
    const unknown = await runCli(['devices', 'revoke', 'tablet', '--state', 'state'], world)
    assert.deepEqual([unknown.exitCode, unknown.stderr], [3, 'No device "tablet" is paired here.\n'])
    const devices = (...words: string[]) => runCli(['devices', ...words, '--state', 'state'], world)
    assert.equal((await devices('rename', 'phone', 'old tablet')).exitCode, 0)
    assert.equal((await devices('grant', 'old tablet', 'observe,admin')).exitCode, 0)
    assert.match((await devices()).stdout, /^old tablet .* observe, admin\n$/)
    assert.deepEqual(
      [(await devices('grant', 'old tablet', 'all')).exitCode, (await devices('rename', 'x')).exitCode],
      [2, 2],
    )
    assert.equal((await devices('revoke', 'old', 'tablet')).exitCode, 2)
    assert.equal((await devices('revoke', 'old tablet')).exitCode, 0)
    const audit = await devices('audit', '--json')
    const acts = audit.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual([audit.exitCode, acts.at(-1).broken, acts.at(-1).rows], [0, null, acts.length - 1])
    assert.deepEqual(
      acts.filter(({ deviceId }) => deviceId === 'local').map(({ method }) => method),
      ['pair', 'device.rename', 'device.grant', 'session.revoke'],
    )
    assert.ok(acts.some(({ method, outcome }) => method === 'claude.sendMessage' && outcome === 'ok'))
    assert.match((await devices('audit')).stdout, /the record is whole\. Its last hash: [0-9a-f]{64}\n$/)
    assert.equal((await runCli(['devices', '--state', 'state'], world)).stdout, 'No device is paired.\n')
  })
})

test('a device names itself, and may not say what it may do', async (t) => {
  const world = await startWorld(t)
  await pairUp(t, world)
  const renamed = await runCli(control('rename', 'my phone', '--json'), world)
  assert.deepEqual([renamed.exitCode, JSON.parse(renamed.stdout).name], [0, 'my phone'])
  assert.match((await runCli(control('devices'), world)).stdout, /^my phone /)
  const granted = await runCli(control('grant', 'my phone', 'observe,admin'), world)
  assert.deepEqual([granted.exitCode, /admin/.test(granted.stderr)], [5, true])
  const wrong = await runCli(control('grant', 'my phone', 'everything'), world)
  assert.deepEqual([wrong.exitCode, wrong.stderr.includes('There is no capability "everything"')], [2, true])
  assert.equal((await runCli(control('rename', 'tablet', 'x'), world)).exitCode, 3)
})

test('a pairing is ended from either side, and the other is told', async (t) => {
  const world = await startWorld(t)
  const agent = await pairUp(t, world)
  const ended = await runCli(control('revoke', '--yes', '--json'), world)
  assert.deepEqual([ended.exitCode, JSON.parse(ended.stdout).event], [0, 'revoked'])
  assert.equal((await runCli(control('status'), world)).exitCode, 3)

  agent.type('pair\n')
  const { uri } = await agent.event('offer', 1)
  const phone = startCli(t, pairArgs(String(uri)), world)
  const { digits } = await phone.event('digits')
  await agent.event('digits', 1)
  agent.type(`${digits}\n`)
  assert.equal(await phone.exit(), 0)

  const shell = startCli(t, control('term', '--', 'sh', '-c', 'echo ready; exec sleep 1000'), world)
  await shell.printed(/ready/)
  agent.type('revoke phone\n')
  assert.equal(await shell.exit(), 5)
  assert.equal(shell.stderr, '"desk" has ended this pairing; pair again to come back.\n')
  assert.equal((await runCli(control('status'), world)).exitCode, 3)
})

test('a pause from a controller or at the agent holds for everybody until somebody resumes', async (t) => {
  const world = await startWorld(t)
  const agent = await pairUp(t, world)
  const paused = await runCli(control('pause', '--json'), world)
  const { event, pauseId } = JSON.parse(paused.stdout)
  assert.deepEqual([paused.exitCode, event], [0, 'paused'])
  assert.equal((await agent.event('paused')).pauseId, pauseId)
  assert.match((await runCli(control('status'), world)).stdout, /^Paused .*; control resume ends it$/m)
  const refused = await runCli(control('term', '--', 'true'), world)
  assert.deepEqual([refused.exitCode, /the agent is paused/.test(refused.stderr)], [5, true])
  agent.type('resume\n')
  await agent.event('resumed')
  const none = await runCli(control('resume'), world)
  assert.deepEqual([none.exitCode, none.stderr], [1, 'The computer is not paused.\n'])
  agent.type('pause\n')
  assert.equal((await agent.event('paused', 1)).by, 'local')
  assert.deepEqual([(await runCli(control('resume'), world)).stdout], ['Resumed.\n'])
  await agent.event('resumed', 1)
})

test('another conversation is opened, for every device, and the first taken up again', async (t) => {
  const world = await startWorld(t)
  await pairUp(t, world, '--assistant', 'scripted')
  const run = (...words: string[]) => runCli(control(...words), world)
  const list = async () => {
    const { stdout } = await run('conversations', '--json')
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }
  assert.equal((await run('conversations')).stdout, 'There is no conversation yet.\n')
  await run('prompt', 'hello', '--allow')
  const opened = await run('open', '--new', '--json')
  assert.deepEqual([opened.exitCode, opened.stderr], [0, ''])
  await run('prompt', 'hello again', '--allow')
  const [second, first] = await list()
  assert.deepEqual(
    [second.title, second.open, second.conversationId, first.title, first.open],
    ['hello again', true, JSON.parse(opened.stdout).conversationId, 'hello', false],
  )
  assert.equal((await run('open', first.conversationId.slice(0, 8))).exitCode, 0)
  assert.deepEqual(
    (await list()).map(({ open }) => open),
    [false, true],
  )
  assert.match((await run('conversations')).stdout, /^\* [0-9a-f]{8} .* hello$/m)
  const unknown = await run('open', 'nothing')
  assert.deepEqual([unknown.exitCode, unknown.stderr], [1, 'There is no such conversation.\n'])
  for (const wrong of [['open'], ['open', 'a', '--new'], ['conversations', '--limit', 'x']]) {
    assert.equal((await run(...wrong)).exitCode, 2)
  }
})

test('git tells, commits and pushes, and says what git says where it refuses', async (t) => {
  const world = await startWorld(t)
  const run = (...words: string[]) => runCli(control('git', ...words), world)
  await pairUp(t, world, '--grant', 'observe,git')
  const git = (...args: string[]) => execFileSync('git', ['-C', world.workspace, ...args], { stdio: 'pipe' }).toString()
  assert.deepEqual([(await run('status')).exitCode, (await run('fetch')).exitCode], [1, 2])
  git('init', '--quiet', '--initial-branch=main')
  for (const [name, value] of [
    ['user.name', 'Ada'],
    ['user.email', 'a@b.c'],
    ['commit.gpgSign', 'false'],
    ['core.hooksPath', '.git/hooks'],
  ] as const)
    git('config', name, value)
  writeFileSync(join(world.workspace, '.git/info/exclude'), '*\n!odd*\n')
  const odd = `odd${ESC}[2J\nname`
  writeFileSync(join(world.workspace, odd), `${ESC}]0;owned\u0007text\n`)
  const status = await run('status')
  assert.equal(status.stdout, 'On main, no commit yet\n?? odd\\u001b[2J\\u000aname\n')
  const committed = await run('commit', '--message=-x', '--json', '--', odd)
  assert.deepEqual([committed.exitCode, JSON.parse(committed.stdout).sha], [0, git('rev-parse', 'HEAD').trim()])
  const again = await run('commit', '-m', 'again')
  assert.deepEqual([again.exitCode, /nothing to commit/.test(again.stderr)], [1, true])
  writeFileSync(join(world.workspace, odd), `${ESC}[31mother\n`)
  const { stdout } = await run('diff')
  assert.match(stdout, /^\+other$/m)
  assert.ok(!hasControls(stdout))
  const [commit] = (await run('log', '--json', '--limit', '1')).stdout.split('\n')
  assert.partialDeepStrictEqual(JSON.parse(commit ?? ''), { event: 'commit', author: 'Ada', message: '-x\n' })
  const { sha } = JSON.parse(commit ?? '') as { sha: string }
  const shown = await run('show', sha.slice(0, 8))
  assert.match(shown.stdout, /^\+.*text$/m)
  assert.ok(!hasControls(shown.stdout))
  assert.partialDeepStrictEqual(JSON.parse((await run('show', '--json', sha, '--', odd)).stdout), {
    event: 'show',
    sha,
  })
  for (const wrong of [[], ['HEAD'], ['HEAD; rm'], [sha, 'one', 'two']]) {
    assert.equal((await run('show', ...wrong)).exitCode, 2, wrong.join(' '))
  }
  const pushed = await run('push')
  assert.deepEqual([pushed.exitCode, /git\.push/.test(pushed.stderr)], [5, true])
})
