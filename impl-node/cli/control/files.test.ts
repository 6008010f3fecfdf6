import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cleanEnv, NODE_ARGS, runCli } from '../testing/cli.ts'
import { control, pairUp, startWorld } from '../testing/pair.ts'
import { startPty } from '../testing/pty.ts'

/** Standard output as bytes. */
function bytesOf(args: string[], folder: string): Promise<Buffer> {
  const child = spawn(process.execPath, [...NODE_ARGS, ...args], { cwd: folder, env: cleanEnv(folder) })
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  return new Promise((resolve) => child.once('close', () => resolve(Buffer.concat(parts))))
}

test('files of the workspace are listed, shown, fetched and put', async (t) => {
  const world = await startWorld(t)
  const { workspace, folder } = world
  await pairUp(t, world)
  const bytes = Buffer.alloc(1_300_000, Buffer.from([0xff, 0x1b, 0, 10, 13, 7, 1]))
  writeFileSync(join(workspace, 'large.bin'), bytes)
  writeFileSync(join(workspace, 'a\n\u001b[2Jb'), 'x')
  mkdirSync(join(workspace, 'folder'))
  symlinkSync('large.bin', join(workspace, 'link'))

  await t.test('ls shows every name in one line and without what a terminal obeys', async () => {
    const { exitCode, stdout } = await runCli(control('ls'), world)
    assert.equal(exitCode, 0)
    const names = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(29))
    assert.deepEqual(names, ['a\\u000a\\u001b[2Jb', 'folder/', 'large.bin', 'link@'])
    const json = await runCli(control('ls', 'folder', '--json'), world)
    assert.deepEqual([json.exitCode, json.stdout], [0, ''])
  })

  await t.test('cat is the bytes of the file, and with --json its pieces', async () => {
    assert.ok((await bytesOf(control('cat', 'large.bin'), folder)).equals(bytes))
    const { stdout } = await runCli(control('cat', 'link', '--json'), world)
    const pieces = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      pieces.map(({ event, offset, size }) => [event, offset, size]),
      [
        ['piece', 0, bytes.length],
        ['piece', 524_288, bytes.length],
        ['piece', 1_048_576, bytes.length],
      ],
    )
  })

  await t.test('get fetches a file, and puts it over another only when it is told to', async () => {
    const first = await runCli(control('get', 'large.bin', '--json'), world)
    assert.deepEqual(JSON.parse(first.stdout), {
      event: 'fetched',
      path: 'large.bin',
      file: 'large.bin',
      size: bytes.length,
    })
    assert.ok(readFileSync(join(folder, 'large.bin')).equals(bytes))
    writeFileSync(join(folder, 'large.bin'), 'mine')
    const second = await runCli(control('get', 'large.bin'), world)
    assert.equal(second.exitCode, 1)
    assert.match(second.stderr, /--force/)
    assert.equal(readFileSync(join(folder, 'large.bin'), 'utf8'), 'mine')
    assert.equal((await runCli(control('get', 'large.bin', '--force'), world)).exitCode, 0)
    assert.ok(readFileSync(join(folder, 'large.bin')).equals(bytes))
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.part')),
      [],
    )
  })

  await t.test('put uploads a file of several pieces, and puts it over another only when it is told to', async () => {
    const put = (...args: string[]) => runCli(control('put', 'large.bin', ...args), world)
    const { exitCode, stdout } = await put('folder/', '--json')
    assert.equal(exitCode, 0)
    const { event, path, size } = JSON.parse(stdout)
    assert.deepEqual([event, path, size], ['written', 'folder/large.bin', bytes.length])
    assert.ok(readFileSync(join(workspace, 'folder/large.bin')).equals(bytes))
    const again = await put('folder/large.bin')
    assert.equal(again.exitCode, 1)
    assert.match(again.stderr, /--force/)
    assert.equal((await put('folder/large.bin', '--force')).exitCode, 0)
    writeFileSync(join(folder, 'small'), 'few')
    assert.equal((await runCli(control('put', 'small', 'few words'), world)).exitCode, 0)
    assert.equal(readFileSync(join(workspace, 'few words'), 'utf8'), 'few')
  })

  await t.test('on a terminal cat gives nothing that it would obey, and get tells how far it is', async () => {
    writeFileSync(join(workspace, 'hostile'), 'before\u001b]0;owned\u0007 after\u009b2J\n')
    const cat = startPty(t, control('cat', 'hostile'), folder)
    assert.equal(await cat.exit(), 0)
    assert.match(cat.output, /before after/)
    assert.doesNotMatch(cat.output, /owned|\u009b/)
    const get = startPty(t, control('get', 'large.bin', 'other'), folder)
    assert.equal(await get.exit(), 0)
    assert.match(get.output, /large\.bin {2}1\.3 MB of 1\.3 MB {2}100 %/)
  })

  await t.test('what is refused ends with a sentence and an exit code', async () => {
    for (const [args, exitCode, said] of [
      [['cat', 'no-such-thing'], 1, /there is no such thing/],
      [['cat', '../state'], 1, /leaves the workspace/],
      [['cat', 'folder'], 1, /no regular file/],
      [['put', 'small', '.git/config'], 5, /Cannot write/],
      [['put', 'no-such-thing', 'x'], 1, /no such file/],
      [['cat'], 2, /wants a file/],
      [['ls', 'a', 'b'], 2, /one word too many/],
    ] as const) {
      const ran = await runCli(control(...args), world)
      assert.equal(ran.exitCode, exitCode, `${args}: ${ran.stderr}`)
      assert.match(ran.stderr, said)
    }
  })
})
