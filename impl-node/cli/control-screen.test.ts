import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { widthOf } from './terminal/columns.ts'
import { runCli } from './testing/cli.ts'
import { control, pairUp, startWorld, type World } from './testing/pair.ts'
import { startScreen } from './testing/screen.ts'

const ASSISTANT = fileURLToPath(new URL('../../conformance/assistants/acp.ts', import.meta.url))
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
// biome-ignore lint/suspicious/noControlCharactersInRegex: what sets a style
const STYLE = /\u001b\[[0-9;]*m/

const count = (lines: readonly string[], pattern: RegExp) => lines.filter((line) => pattern.test(line)).length

/** An agent whose assistant says the same to everything. */
async function startEcho(t: TestContext): Promise<World> {
  const world = await startWorld(t)
  const script = join(world.folder, 'script.json')
  const otherwise = [{ do: 'text', text: 'It is done 世界 👋🏽.' }]
  writeFileSync(script, JSON.stringify({ name: 'Echo', replies: [], otherwise }))
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', ASSISTANT, '--script', script]
  await pairUp(t, world, '--assistant', 'acp', '--', ...command)
  return world
}

test('control on a screen', async (t) => {
  const world = await startEcho(t)
  for (const text of ['first', 'second']) assert.equal((await runCli(control('prompt', text), world)).exitCode, 0)
  const person = startScreen(t, control(), world.folder)

  await t.test('the newest page is there at the start, and what happens follows it, each thing once', async () => {
    await person.shows(/› second\n[\s\S]*It is done/)
    person.cli.type('third\r')
    const lines = await person.until('three answers', (all) => count(all, /It is done/) === 3)
    assert.deepEqual(
      lines.filter((line) => /^› \w/.test(line)),
      ['› first', '› second', '› third'],
    )
    assert.equal(count(lines, /new since/), 0)
  })

  await t.test('? shows the keys and commands at once, on a screen of 80x24', async () => {
    person.cli.type('?')
    const lines = await person.shows(/\/quit, Ctrl-D/)
    const begin = lines.findIndex((line) => line.startsWith('A line is a prompt'))
    const help = lines.slice(begin, -1)
    assert.ok(help.length < 24, `${help.length} lines`)
    for (const line of help) assert.ok(widthOf(line) < 80, line)
    assert.equal(lines.at(-1), '› ')
  })

  await t.test('files and git are at hand, by the code of the sub-commands', async () => {
    execFileSync('git', ['init', '--quiet', '--initial-branch=main', world.workspace])
    for (const [name, value] of [
      ['user.name', 'Ada'],
      ['user.email', 'a@b.c'],
      ['commit.gpgSign', 'false'],
    ] as const)
      execFileSync('git', ['-C', world.workspace, 'config', name, value])
    writeFileSync(join(world.folder, 'local.txt'), 'one\ntwo\n')
    person.cli.type('/put local.txt "a file.txt"\r')
    await person.shows(/a file\.txt: 8 B\./)
    person.cli.type('/put local.txt "a file.txt"\r')
    await person.shows(/a file\.txt is there already; --force/)
    person.cli.type('/cat "a file.txt"\r')
    await person.shows(/^one\ntwo$/m)
    person.cli.type('/git status\r')
    await person.shows(/On main, no commit yet\n\?\? a file\.txt/)
    person.cli.type('/git commit -m "a message" "a file.txt"\r')
    await person.shows(/Committed [0-9a-f]{8}\./)
    person.cli.type('/git log\r')
    await person.shows(/Ada: a message/)
    person.cli.type('/git fetch\r')
    await person.shows(/git wants one of status/)
    person.cli.type('/git "\r')
    await person.shows(/A quote is not closed\./)
    person.cli.type('/get "a file.txt" fetched.txt\r')
    await person.shows(/fetched\.txt: 8 B\./)
    assert.equal(readFileSync(join(world.folder, 'fetched.txt'), 'utf8'), 'one\ntwo\n')
    person.cli.type('/history --limit 1\r')
    await person.shows(/^\d+ {2}\d{4}-/m)
    person.cli.type('/info\r')
    await person.shows(/^Workspace {2}/m)
    person.cli.type('/ls --help\r')
    await person.shows(/^\/ls \[<folder>\]$/m)
  })

  await t.test('what is pasted is one prompt, whatever its size, and only Enter sends it', async () => {
    const line = `${'0123456789'.repeat(8)}\n`
    const answers = count(person.lines, /It is done/)
    person.cli.type(`\u001b[200~${line.repeat(506)}\u001b[201~`)
    await person.shows(/^› .*⏎$/m)
    assert.equal(count(person.lines, /It is done/), answers)
    person.cli.type('\r')
    const lines = await person.until('one answer more', (all) => count(all, /It is done/) > answers)
    assert.equal(count(lines, /… and 40,014 characters more/), 1)
    assert.equal(count(lines, /It is done/), answers + 1)
    person.cli.type(`${'long '.repeat(2_000)}\r`)
    await person.until('another one', (all) => count(all, /It is done/) === answers + 2)
  })

  await t.test('on another size of the screen the foot fits it', async () => {
    for (const [columns, rows] of [
      [40, 10],
      [20, 5],
      [100, 30],
      [80, 24],
    ] as const) {
      person.resize(columns, rows)
      person.cli.type(`/at${columns}\r`)
      const foot = columns === 20 ? /^[●○] desk · heard .*…$/ : /^[●○] desk · heard/
      await person.until(`the foot in ${columns} columns`, (lines) => {
        const [connection = '', line] = lines.slice(-2)
        const isAnswered = lines.join('').includes(`no /at${columns};`)
        return isAnswered && line === '› ' && foot.test(connection) && widthOf(connection) < columns
      })
    }
  })

  await t.test('Ctrl-C clears, says how to leave, and leaves; the terminal is as it was', async () => {
    person.cli.type('not to be sent')
    await person.shows(/^› not to be sent$/m)
    person.cli.type(CTRL_C)
    await person.until('an empty line', (lines) => lines.at(-1) === '› ')
    person.cli.type(CTRL_C)
    await person.shows(/Ctrl-C again leaves\./)
    person.cli.type(CTRL_C)
    assert.equal(await person.cli.exit(), 0)
    assert.ok(person.cli.output.lastIndexOf('\u001b[?2004l') > person.cli.output.lastIndexOf('\u001b[?2004h'))
    assert.ok(STYLE.test(person.cli.output))
  })

  await t.test('the next start shows what is new since, and without colours where none are wanted', async () => {
    assert.equal((await runCli(control('prompt', 'fourth'), world)).exitCode, 0)
    const plain = startScreen(t, control(), world.folder, { NO_COLOR: '1' })
    const lines = await plain.shows(/› fourth\n[\s\S]*It is done/)
    const marks = lines.filter((line) => /^(› \w|— )/.test(line))
    assert.deepEqual(marks.map((line) => line.slice(0, 27)).slice(-3), [
      '› long long long long long ',
      '— new since you were here —',
      '› fourth',
    ])
    plain.cli.type(CTRL_D)
    assert.equal(await plain.cli.exit(), 0)
    assert.ok(!STYLE.test(plain.cli.output))
  })
})
