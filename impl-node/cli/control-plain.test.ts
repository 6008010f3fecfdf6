import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCli, startCli } from './testing/cli.ts'
import { control, pairUp, startWorld } from './testing/pair.ts'
import { startPty } from './testing/pty.ts'

const ESC = '\u001b'

test('control by itself without a screen: lines in, lines out', async (t) => {
  const world = await startWorld(t)
  await pairUp(t, world, '--assistant', 'scripted')

  await t.test('from a pipe each line is done before the next, and the end of the input ends it', async () => {
    const lines = ['y', '/status', '/git "', '/term echo from-the-other-side', '/history --limit 1']
    const { exitCode, stdout, stderr } = await runCli(control(), { ...world, stdin: `${lines.join('\n')}\n` })
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /^Nothing waits for an answer\.[\s\S]*^Assistant: idle/m)
    assert.match(stdout, /^A quote is not closed\.$[\s\S]*^from-the-other-side\r?$[\s\S]*^\d+ {2}\d{4}-/m)
    assert.ok(!stdout.includes(ESC))
  })

  await t.test('an end of the input that comes while a terminal runs ends it behind that', async () => {
    const program = startCli(t, control(), world)
    program.type('/term cat\n/status\n')
    await program.printed(/Ctrl-\] comes back here/)
    program.child.stdin.end()
    assert.equal(await program.exit(), 0)
    assert.match(program.stdout, /^Assistant: idle/m)
  })

  await t.test('from a pipe in which there is nothing it shows what happened, and ends', async () => {
    const { exitCode, stdout } = await runCli(control(), { ...world, stdin: '' })
    assert.equal(exitCode, 0)
    assert.match(stdout, /^phone was paired\.\nTerminal \w{8} has ended with 0\.$/m)
  })

  await t.test('a prompt that is too large is refused in a sentence', async () => {
    const { exitCode, stderr } = await runCli(control('prompt', '-'), { ...world, stdin: 'x'.repeat(1_048_576) })
    const said = /^Cannot send claude\.sendMessage: it has 1,048,589 bytes, and at most 1,048,576 can be sent\.$/m
    assert.match(stderr, said)
    assert.equal(exitCode, 1)
  })

  await t.test('at a terminal that cannot draw, too', async () => {
    const person = startPty(t, control(), world.folder, { TERM: 'dumb' })
    await person.shown(/"desk" is there\./)
    person.type('hello\n')
    await person.shown(/The assistant asks: /)
    person.type('n\n')
    await person.shown(/Denied, so nothing was run\./)
    person.type('which way?\n')
    await person.shown(/The assistant wants to know: Where shall the work go\?[\s\S]*2 {2}The quick ones: In a minute/)
    person.type('/answer branch=main tests=3\n')
    await person.shown(/tests takes one of these, and "3" is none\./)
    person.type('/answer "branch=a b" tests=2\n')
    await person.shown(/You have said \{"branch":"a b","tests":"quick"\}/)
    person.type('?\n')
    await person.shown(/\/quit, Ctrl-D/)
    person.type('/quit\n')
    assert.equal(await person.exit(), 0)
    assert.ok(!person.output.includes(ESC))
  })

  await t.test('--no-color leaves the colours out', async () => {
    const person = startPty(t, control('--no-color'), world.folder)
    await person.shown(/desk · heard \d+ s ago · idle/)
    person.type('/quit\r')
    assert.equal(await person.exit(), 0)
    assert.ok(!/\[\d+m/.test(person.output))
  })
})
