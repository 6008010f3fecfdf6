import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runCli, startCli } from './testing/cli.ts'
import { agentArgs, control, pairUp, startWorld } from './testing/pair.ts'
import { startPty } from './testing/pty.ts'

const conformance = (path: string) => fileURLToPath(new URL(`../../conformance/assistants/${path}`, import.meta.url))
const ASSISTANT = ['--assistant', 'acp', '--', process.execPath, conformance('acp.ts')]
const SCRIPT = ['--script', conformance('demo.script.json')]
const ESC = '\u001b'

test('prompts for a computer that is away wait, can be changed, and are sent when it is back', async (t) => {
  const world = await startWorld(t)
  const agent = await pairUp(t, world, ...ASSISTANT, ...SCRIPT)
  agent.child.kill()
  await agent.exit()
  const run = (...words: string[]) => runCli(control(...words), world)
  const json = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await run(...words, '--json')
    assert.equal(exitCode, 0, stderr)
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
  const give = async (text: string) => {
    const [queued] = await json('prompt', '--queue', '--timeout', '1', text)
    assert.equal(queued?.event, 'queued')
    return queued as { id: string; position: number }
  }

  const one = await give('one')
  const two = await give(`two${ESC}[2J`)
  const three = await give('three')
  assert.deepEqual([one.position, two.position, three.position], [1, 2, 3])

  await t.test('what is wrong is said, and changes nothing', async () => {
    assert.equal((await run('queue', 'eat', one.id)).exitCode, 2)
    assert.equal((await run('queue', 'move', one.id)).exitCode, 2)
    assert.equal((await run('queue', 'cancel')).exitCode, 2)
    assert.equal((await run('queue', 'cancel', 'zzzz')).exitCode, 1)
    assert.equal((await run('prompt', '--queue', '--allow', 'x')).exitCode, 2)
    assert.equal((await run('queue', 'send', '--timeout', '1')).exitCode, 4)
  })

  await t.test('edit, move and cancel', async () => {
    await json('queue', 'edit', one.id.slice(0, 8), 'one,', 'better')
    await json('queue', 'move', three.id, '1')
    const [gone] = await json('queue', 'cancel', one.id)
    assert.equal(gone?.state, 'cancelled')
    const [again] = await json('queue', 'again', one.id)
    assert.notEqual(again?.id, one.id)
    const list = await json('queue')
    assert.deepEqual(
      list.map(({ position, state, params }) => [position, state, (params as { prompt: string }).prompt]),
      [
        [1, 'pending', 'three'],
        [0, 'cancelled', 'one, better'],
        [2, 'pending', `two${ESC}[2J`],
        [3, 'pending', 'one, better'],
      ],
    )
  })

  await t.test('the list is for people, without what would move their cursor', async () => {
    const { stdout } = await run('queue')
    assert.match(stdout, /^ {2}1 {2}\w{8} {2}pending {5}.* three$/m)
    assert.ok(!stdout.includes(ESC))
  })

  await t.test('send waits for the computer, and tells the end of each', async () => {
    startCli(t, agentArgs(world, '--json', ...ASSISTANT, ...SCRIPT), world)
    const sent = await json('queue', 'send', '--timeout', '30')
    assert.deepEqual(
      sent.map(({ state, params }) => [state, (params as { prompt: string }).prompt.slice(0, 5)]),
      [
        ['completed', 'three'],
        ['completed', `two${ESC}[`],
        ['completed', 'one, '],
      ],
    )
    assert.equal((await run('queue', 'send')).stdout, 'Nothing is queued for "desk".\n')
  })

  await t.test('with --queue a prompt for a computer that is there is accepted at once', async () => {
    const [accepted] = await json('prompt', '--queue', 'four')
    assert.equal(accepted?.event, 'accepted')
  })
})

test('at a terminal a prompt for a computer that is away is queued, shown, and sent when it is back', async (t) => {
  const world = await startWorld(t)
  const agent = await pairUp(t, world, ...ASSISTANT, ...SCRIPT)
  agent.child.kill()
  await agent.exit()
  const person = startPty(t, control(), world.folder)
  await person.shown(/Type a prompt/)
  person.type('remember the milk\r')
  await person.shown(/Queued, place 1: it goes out when the computer is back/)
  await person.shown(/· 1 queued/)
  person.type('/queue move x 1\r')
  await person.shown(/There is no such command in the queue/)
  person.type('/queue eat\r')
  await person.shown(/There is no "eat" in the queue/)
  person.type('/queue\r')
  await person.shown(/ 1 {2}\w{8} {2}pending .* remember the milk/)
  startCli(t, agentArgs(world, '--json', ...ASSISTANT, ...SCRIPT), world)
  await person.shown(/The assistant asks: /)
  person.type('/queue\r')
  await person.shown(/· {2}\w{8} {2}completed .* remember the milk/)
  person.type('/quit\r')
  assert.equal(await person.exit(), 0)
})
