import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { statPath } from './files.ts'
import { Uploads } from './uploads.ts'
import { FileWriter, type FileWriterOptions } from './write-file.ts'

const hashOf = (text: string | Buffer) => createHash('sha256').update(text).digest('base64url')

const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected

function scene(t: TestContext, hooks: Pick<FileWriterOptions, 'checked' | 'ready'> = {}) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'write-file-')))
  const workspace = join(folder, 'workspace')
  const outside = join(folder, 'outside')
  for (const each of [workspace, outside]) mkdirSync(each)
  let now = 0
  const uploads = new Uploads(() => now)
  t.after(async () => {
    await uploads.close()
    rmSync(folder, { recursive: true })
  })
  return {
    workspace,
    outside,
    uploads,
    writer: new FileWriter({ workspace, uploads, ...hooks }),
    at: (name: string) => join(workspace, name),
    pass: (ms: number) => {
      now += ms
    },
  }
}

test('write() puts text or bytes in place, and tells the hash and the version of that', async (t) => {
  const { workspace, writer, at } = scene(t)
  const told = await writer.write({ path: 'notes', content: 'ü\u0000\n', expectedHash: null }, 'a')
  assert.equal(readFileSync(at('notes'), 'utf8'), 'ü\u0000\n')
  assert.equal(told.sha256, hashOf('ü\u0000\n'))
  assert.equal(told.version, (await statPath(workspace, { path: 'notes' })).version)
  await writer.write({ path: 'notes', content: '_wA', encoding: 'base64url' }, 'a')
  assert.deepEqual([...readFileSync(at('notes'))], [0xff, 0])
  assert.deepEqual(readdirSync(workspace), ['notes'])
})

for (const [fault, expected] of [
  ['EDQUOT', 'too-large'],
  ['EACCES', 'forbidden'],
  ['EROFS', 'forbidden'],
] as const) {
  for (const when of ['checked', 'ready'] as const) {
    test(`write() that meets ${fault} ${when === 'ready' ? 'behind' : 'before'} the new file is ${expected}, and leaves all as it was`, async (t) => {
      let fails = true
      const hook = () => {
        if (fails) throw Object.assign(new Error('of the system'), { code: fault })
      }
      const { workspace, writer, at } = scene(t, { [when]: hook })
      writeFileSync(at('notes'), 'old')
      await assert.rejects(writer.write({ path: 'notes', content: 'new' }, 'a'), (error: ProtocolError) => {
        assert.deepEqual([error.code, error.data], [expected, undefined])
        return true
      })
      assert.deepEqual([readdirSync(workspace), readFileSync(at('notes'), 'utf8')], [['notes'], 'old'])
      fails = false
      await writer.write({ path: 'notes', content: 'new' }, 'a')
      assert.equal(readFileSync(at('notes'), 'utf8'), 'new')
    })
  }
}

test('an upload for which no folder could be made begins when one can', async (t) => {
  const { outside, uploads } = scene(t)
  const before = process.env.TMPDIR
  t.after(() => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  })
  const piece = { upload: randomUUID(), offset: 0, data: '_wA' }
  process.env.TMPDIR = join(outside, 'missing')
  await assert.rejects(uploads.accept('a', piece), ProtocolError)
  process.env.TMPDIR = outside
  assert.deepEqual(await uploads.accept('a', piece), { offset: 2 })
})

test('write() refuses content that is not of its encoding, both content and upload, and neither', async (t) => {
  const { workspace, writer } = scene(t)
  for (const params of [
    { content: 'a=', encoding: 'base64url' as const },
    { content: 'half \ud83d' },
    { content: 'x', upload: randomUUID() },
    {},
  ]) {
    await assert.rejects(writer.write({ path: 'notes', ...params }, 'a'), code('invalid-params'))
  }
  assert.deepEqual(readdirSync(workspace), [])
})

test('write() gives the new file the permission bits of the old, and a new one those of the umask', async (t) => {
  const { writer, at } = scene(t)
  writeFileSync(at('script'), 'old')
  chmodSync(at('script'), 0o741)
  await writer.write({ path: 'script', content: 'new' }, 'a')
  assert.equal(statSync(at('script')).mode & 0o777, 0o741)
  await writer.write({ path: 'other', content: 'new' }, 'a')
  assert.equal(statSync(at('other')).mode & 0o777, 0o666 & ~process.umask())
})

test('write() compares the hash when the new content is ready, and changes nothing where it is another', async (t) => {
  let change = () => {}
  const { workspace, writer, at } = scene(t, { ready: () => change() })
  writeFileSync(at('notes'), 'old')
  change = () => writeFileSync(at('notes'), 'changed meanwhile')
  await assert.rejects(
    writer.write({ path: 'notes', content: 'new', expectedHash: hashOf('old') }, 'a'),
    (error: ProtocolError) => {
      assert.deepEqual(error.data, { sha256: hashOf('changed meanwhile') })
      return code('conflict')(error)
    },
  )
  assert.equal(readFileSync(at('notes'), 'utf8'), 'changed meanwhile')
  assert.deepEqual(readdirSync(workspace), ['notes'])
})

test('of many writes at once that expect the same, one succeeds', async (t) => {
  const { writer, at } = scene(t)
  writeFileSync(at('notes'), 'old')
  const expectedHash = hashOf('old')
  const all = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => writer.write({ path: 'notes', content: `${i}`, expectedHash }, 'a')),
  )
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('write() refuses what is protected, however it is spelt, and where it is moved to meanwhile', async (t) => {
  let move = () => {}
  const { writer, at } = scene(t, { ready: () => move() })
  mkdirSync(at('.git'))
  mkdirSync(at('folder'))
  symlinkSync('.git', at('alias'))
  const paths = ['.git/x', '.GIT', 'folder/.gIt/x', 'alias/x', '.git./x', '.git /x', '.g\u200cit/x', 'git~1/x']
  const others = ['.claude/x', '.Claude', '.mcp.json', 'folder/.MCP.JSON', '.git::$INDEX_ALLOCATION/x', '\uff0egit/x']
  for (const path of [...paths, ...others]) {
    await assert.rejects(writer.write({ path, content: 'x' }, 'a'), code('forbidden'), path)
  }
  move = () => renameSync(at('folder'), at('.git/folder'))
  await assert.rejects(writer.write({ path: 'folder/x', content: 'x' }, 'a'), code('forbidden'))
  assert.deepEqual(readdirSync(at('.git/folder')), [])
  move = () => {}
  for (const path of ['.gitignore', 'git', '.mcp.json5']) await writer.write({ path, content: 'x' }, 'a')
})

test('write() writes nothing outside when a folder above becomes a link, or the folder is moved out', async (t) => {
  let exchange = () => {}
  const { outside, writer, at } = scene(t, { checked: () => exchange() })
  mkdirSync(at('above/folder'), { recursive: true })
  mkdirSync(join(outside, 'folder'))
  exchange = () => {
    renameSync(at('above'), at('aside'))
    symlinkSync(outside, at('above'))
  }
  await assert.rejects(writer.write({ path: 'above/folder/x', content: 'x' }, 'a'), code('path-outside-workspace'))
  assert.deepEqual(readdirSync(join(outside, 'folder')), [])
  const moved = scene(t, { ready: () => renameSync(moved.at('folder'), join(moved.outside, 'folder')) })
  mkdirSync(moved.at('folder'))
  const write = moved.writer.write({ path: 'folder/x', content: 'x' }, 'a')
  await assert.rejects(write, code('path-outside-workspace'))
  assert.deepEqual(readdirSync(join(moved.outside, 'folder')), [])
})

test('write() goes through a link that stays inside, and refuses what is no regular file', async (t) => {
  const { writer, at } = scene(t)
  mkdirSync(at('folder'))
  writeFileSync(at('folder/notes'), 'old')
  symlinkSync('folder/notes', at('alias'))
  symlinkSync('nothing', at('broken'))
  await writer.write({ path: 'alias', content: 'new' }, 'a')
  assert.ok(lstatSync(at('alias')).isSymbolicLink())
  assert.equal(readFileSync(at('folder/notes'), 'utf8'), 'new')
  for (const path of ['.', 'folder', 'broken']) {
    await assert.rejects(writer.write({ path, content: 'x' }, 'a'), code('not-a-file'), path)
  }
  await assert.rejects(writer.write({ path: 'no/file', content: 'x' }, 'a'), code('not-found'))
})

test('an upload takes pieces in their order, each once, and is put in place as a whole', async (t) => {
  const { writer, uploads, at } = scene(t)
  const upload = randomUUID()
  const piece = (offset: number, text: string, device = 'a') =>
    uploads.accept(device, { upload, offset, data: Buffer.from(text).toString('base64url') })
  // Without waiting: they may not cross.
  const [first, second] = await Promise.all([piece(0, 'hello '), piece(6, 'world')])
  assert.deepEqual([first, second], [{ offset: 6 }, { offset: 11 }])
  for (const offset of [0, 6, 12]) {
    await assert.rejects(piece(offset, 'again'), (error: ProtocolError) => {
      assert.deepEqual(error.data, { offset: 11 })
      return code('conflict')(error)
    })
  }
  await assert.rejects(writer.write({ path: 'notes', upload }, 'b'), code('not-found'))
  await assert.rejects(writer.write({ path: 'notes', upload, expectedHash: hashOf('x') }, 'a'), code('conflict'))
  assert.equal((await writer.write({ path: 'notes', upload }, 'a')).size, 11)
  assert.equal(readFileSync(at('notes'), 'utf8'), 'hello world')
  await assert.rejects(writer.write({ path: 'notes', upload }, 'a'), code('not-found'))
})

test('uploads are given up after an hour without a piece, and a ninth of a controller has to wait', async (t) => {
  const { uploads, pass } = scene(t)
  const begin = (device: string) => uploads.accept(device, { upload: randomUUID(), offset: 0, data: 'aGk' })
  for (let i = 0; i < 8; i++) await begin('a')
  await assert.rejects(begin('a'), code('busy'))
  await begin('b')
  pass(limits.uploadKept + 1)
  await begin('a')
})

test('a disk that is full is too-large, leaves the old file and nothing else, and accepts nothing of the piece', (t) => {
  const { workspace, at } = scene(t)
  writeFileSync(at('notes'), 'old')
  // A limit of the size of files stands for the disk: the system refuses in the same place, in the midst of writing.
  const program = `
    import { Uploads } from ${JSON.stringify(fileURLToPath(new URL('uploads.ts', import.meta.url)))}
    import { FileWriter } from ${JSON.stringify(fileURLToPath(new URL('write-file.ts', import.meta.url)))}
    const uploads = new Uploads()
    const writer = new FileWriter({ workspace: ${JSON.stringify(workspace)}, uploads })
    const piece = (offset, size) => ({ upload: '${randomUUID()}', offset, data: 'AAAA'.repeat(size / 3) })
    const said = ({ code }) => console.log(code)
    await writer.write({ path: 'notes', content: 'x'.repeat(600_000) }, 'a').catch(said)
    await uploads.accept('a', piece(0, 300)).then(({ offset }) => console.log(offset))
    await uploads.accept('a', piece(300, 390_000)).catch(said)
    await uploads.accept('a', piece(300, 30)).then(({ offset }) => console.log(offset))
    await uploads.close()`
  const script = `trap '' XFSZ; ulimit -f 64; exec "$0" --input-type=module-typescript -e "$1"`
  const { stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath, program], { encoding: 'utf8' })
  assert.deepEqual(stdout.trim().split('\n'), ['too-large', '300', 'too-large', '330'], stderr)
  assert.equal(readFileSync(at('notes'), 'utf8'), 'old')
  assert.deepEqual(readdirSync(workspace), ['notes'])
})
