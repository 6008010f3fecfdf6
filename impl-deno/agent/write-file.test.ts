import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { utf8 } from '../crypto/bytes.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import { Files } from './files.ts'
import { Uploads } from './uploads.ts'
import { openWorkspace } from './workspace.ts'
import { FileWriter, type WriteHooks } from './write-file.ts'

interface Scene {
  readonly writer: FileWriter
  readonly files: Files
  readonly uploads: Uploads
  readonly timers: ManualTimers
  readonly hooks: { -readonly [K in keyof WriteHooks]: WriteHooks[K] }
  readonly outside: string
  readonly at: (name: string) => string
}

/** A workspace with a file `notes` that says "old"; the hooks can be set at any time. */
async function scene(run: (scene: Scene) => Promise<void>) {
  const folder = await Deno.makeTempDir()
  const [workspace, outside] = [`${folder}/workspace`, `${folder}/outside`]
  for (const each of [workspace, outside]) await Deno.mkdir(each)
  await Deno.writeTextFile(`${workspace}/notes`, 'old')
  const timers = new ManualTimers()
  const uploads = new Uploads(timers)
  const hooks: Scene['hooks'] = {}
  const real = openWorkspace(workspace)
  const writer = new FileWriter(real, uploads, { checked: () => hooks.checked?.(), ready: () => hooks.ready?.() })
  const files = new Files(real)
  try {
    await run({ writer, files, uploads, timers, hooks, outside, at: (name) => `${workspace}/${name}` })
  } finally {
    uploads.close()
    await Deno.remove(folder, { recursive: true })
  }
}

const coded = (code: string, data?: unknown) => (error: unknown) => {
  ok(error instanceof ProtocolError, String(error))
  equal(error.code, code)
  if (data !== undefined) deepEqual(error.data, data)
  return true
}
const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url')
const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort()

for (const [fault, expected] of [
  ['EDQUOT', 'too-large'],
  ['EACCES', 'forbidden'],
  ['EROFS', 'forbidden'],
] as const) {
  for (const hook of ['checked', 'ready'] as const) {
    Deno.test(`write() that fails by ${fault} once it is ${hook} is ${expected}, and nothing has changed`, () =>
      scene(async ({ writer, hooks, at }) => {
        hooks[hook] = () => {
          throw Object.assign(new Error('of the system'), { code: fault })
        }
        await rejects(writer.write({ path: 'notes', content: 'new' }, 'a'), (error) => {
          equal((error as ProtocolError).data, undefined)
          return coded(expected)(error)
        })
        deepEqual([namesIn(at('.')), await Deno.readTextFile(at('notes'))], [['notes'], 'old'])
        delete hooks[hook]
        await writer.write({ path: 'notes', content: 'new' }, 'a')
        equal(await Deno.readTextFile(at('notes')), 'new')
      }))
  }
}

Deno.test('write() puts text and bytes in place as a whole, and tells their hash and version', () =>
  scene(async ({ writer, files, at }) => {
    const told = await writer.write({ path: 'other', content: 'ü\n\u0000', expectedHash: null }, 'a')
    equal(await Deno.readTextFile(at('other')), 'ü\n\u0000')
    equal(told.sha256, hashOf('ü\n\u0000'))
    equal(told.version, files.stat({ path: 'other' }).version)
    await Deno.link(at('notes'), at('second-name'))
    await writer.write({ path: 'notes', content: '_wA', encoding: 'base64url' }, 'a')
    deepEqual([...(await Deno.readFile(at('notes')))], [0xff, 0])
    equal(await Deno.readTextFile(at('second-name')), 'old')
    deepEqual(namesIn(at('.')), ['notes', 'other', 'second-name'])
  }))

Deno.test('write() refuses params that contradict themselves', () =>
  scene(async ({ writer, at }) => {
    const upload = crypto.randomUUID()
    const wrong = [
      {},
      { content: 'x', upload },
      { content: 'a=', encoding: 'base64url' as const },
      { content: '\ud83d' },
    ]
    for (const params of wrong) await rejects(writer.write({ path: 'x', ...params }, 'a'), coded('invalid-params'))
    deepEqual(namesIn(at('.')), ['notes'])
  }))

Deno.test('write() keeps the permission bits of the file whose place it takes', () =>
  scene(async ({ writer, at }) => {
    await Deno.chmod(at('notes'), 0o741)
    await writer.write({ path: 'notes', content: 'new' }, 'a')
    equal(((await Deno.stat(at('notes'))).mode ?? 0) & 0o777, 0o741)
  }))

Deno.test('write() looks at the hash last, and leaves what is another', () =>
  scene(async ({ writer, hooks, at }) => {
    hooks.ready = () => Deno.writeTextFileSync(at('notes'), 'meanwhile')
    const write = writer.write({ path: 'notes', content: 'new', expectedHash: hashOf('old') }, 'a')
    await rejects(write, coded('conflict', { sha256: hashOf('meanwhile') }))
    hooks.ready = () => {}
    await rejects(
      writer.write({ path: 'no', content: '', expectedHash: hashOf('old') }, 'a'),
      coded('conflict', { sha256: null }),
    )
    await rejects(writer.write({ path: 'notes', content: '', expectedHash: null }, 'a'), coded('conflict'))
    deepEqual(namesIn(at('.')), ['notes'])
    equal(await Deno.readTextFile(at('notes')), 'meanwhile')
  }))

Deno.test('one of many writes at once that expect the same succeeds', () =>
  scene(async ({ writer }) => {
    const expectedHash = hashOf('old')
    const all = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => writer.write({ path: 'notes', content: `${i}`, expectedHash }, 'a')),
    )
    equal(all.filter(({ status }) => status === 'fulfilled').length, 1)
  }))

Deno.test('write() refuses the protected names in every spelling that some file system takes for them', () =>
  scene(async ({ writer, at }) => {
    await Deno.mkdir(at('.git'))
    await Deno.symlink('.git', at('alias'))
    const spelt = [
      '.git',
      '.GIT/x',
      'x/.gIt/y',
      'alias/x',
      '.git./x',
      '.g\u200cit',
      'git~1',
      '.git::$DATA',
      '\uff0egit',
    ]
    for (const path of [...spelt, '.claude/x', '.CLAUDE', '.mcp.json', 'x/.Mcp.Json']) {
      await rejects(writer.write({ path, content: 'x' }, 'a'), coded('forbidden'), path)
    }
    deepEqual(namesIn(at('.git')), [])
    for (const path of ['.gitignore', 'git', 'x.mcp.json']) await writer.write({ path, content: 'x' }, 'a')
  }))

Deno.test('write() writes nothing outside, nor to what is protected, when folders are exchanged or moved meanwhile', () =>
  scene(async ({ writer, hooks, outside, at }) => {
    for (const folder of ['above/folder', 'moved', '.git']) await Deno.mkdir(at(folder), { recursive: true })
    await Deno.mkdir(`${outside}/folder`)
    hooks.checked = () => {
      Deno.renameSync(at('above'), at('aside'))
      Deno.symlinkSync(outside, at('above'))
    }
    await rejects(writer.write({ path: 'above/folder/x', content: 'x' }, 'a'), coded('path-outside-workspace'))
    deepEqual(namesIn(`${outside}/folder`), [])
    hooks.checked = () => {}
    hooks.ready = () => Deno.renameSync(at('moved'), `${outside}/moved`)
    await rejects(writer.write({ path: 'moved/x', content: 'x' }, 'a'), coded('path-outside-workspace'))
    deepEqual(namesIn(`${outside}/moved`), [])
    hooks.ready = () => Deno.renameSync(at('aside'), at('.git/aside'))
    await rejects(writer.write({ path: 'aside/x', content: 'x' }, 'a'), coded('forbidden'))
    deepEqual(namesIn(at('.git/aside')), ['folder'])
  }))

Deno.test('write() says what is in the way', () =>
  scene(async ({ writer, at }) => {
    await Deno.mkdir(at('folder'))
    await Deno.symlink('nothing', at('broken'))
    for (const path of ['.', 'folder', 'broken']) {
      await rejects(writer.write({ path, content: 'x' }, 'a'), coded('not-a-file'), path)
    }
    for (const path of ['no/file', 'notes/file']) {
      await rejects(writer.write({ path, content: 'x' }, 'a'), coded('not-found'), path)
    }
    await rejects(writer.write({ path: '../x', content: 'x' }, 'a'), coded('path-outside-workspace'))
  }))

Deno.test('an upload takes each piece once and in order, and becomes a file of the controller that began it', () =>
  scene(async ({ writer, uploads, at }) => {
    const id = crypto.randomUUID()
    equal(uploads.take('a', id, 0, utf8('hello ')), 6)
    equal(uploads.take('a', id, 6, utf8('world')), 11)
    for (const offset of [0, 6, 12]) {
      throws(() => uploads.take('a', id, offset, utf8('again')), coded('conflict', { offset: 11 }))
    }
    await rejects(writer.write({ path: 'x', upload: id }, 'b'), coded('not-found'))
    await rejects(writer.write({ path: 'x', upload: id, expectedHash: hashOf('y') }, 'a'), coded('conflict'))
    equal((await writer.write({ path: 'x', upload: id }, 'a')).size, 11)
    equal(await Deno.readTextFile(at('x')), 'hello world')
    await rejects(writer.write({ path: 'x', upload: id }, 'a'), coded('not-found'))
  }))

Deno.test('uploads end an hour after their last piece, and there are eight of a controller at most', () =>
  scene(async ({ uploads, timers }) => {
    const begin = (device: string) => uploads.take(device, crypto.randomUUID(), 0, utf8('hi'))
    for (let i = 0; i < 8; i++) begin('a')
    throws(() => begin('a'), coded('busy'))
    begin('b')
    timers.advance(limits.uploadKept + 1)
    equal(begin('a'), 2)
    await Promise.resolve()
  }))

Deno.test('a disk that is full is too-large, leaves the old file, and accepts nothing of a piece', () =>
  scene(async ({ at }) => {
    const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
    const program = `
      import { FileWriter } from ${module('write-file.ts')}
      import { Uploads } from ${module('uploads.ts')}
      const uploads = new Uploads({ monotonic: () => 0 })
      const writer = new FileWriter(Deno.realPathSync(${JSON.stringify(at('.'))}), uploads)
      await writer.write({ path: 'notes', content: 'x'.repeat(600_000) }, 'a').catch(({ code }) => console.log(code))
      const take = (offset, size) => {
        try {
          console.log(uploads.take('a', 'one', offset, new Uint8Array(size)))
        } catch ({ code }) {
          console.log(code)
        }
      }
      for (const [offset, size] of [[0, 300], [300, 400_000], [300, 30]]) take(offset, size)
      uploads.close()`
    const file = await Deno.makeTempFile({ suffix: '.ts' })
    await Deno.writeTextFile(file, program)
    // A limit of the size of files stands for the disk: the system refuses in the same place.
    const config = new URL('../deno.json', import.meta.url).pathname
    const script = `trap '' XFSZ; ulimit -f 64; exec "$0" run --no-check --quiet --allow-all -c "$1" "$2"`
    const { stdout, stderr } = await new Deno.Command('sh', {
      args: ['-c', script, Deno.execPath(), config, file],
    }).output()
    await Deno.remove(file)
    const said = new TextDecoder().decode(stdout).trim().split('\n')
    deepEqual(said, ['too-large', '300', 'too-large', '330'], new TextDecoder().decode(stderr))
    equal(await Deno.readTextFile(at('notes')), 'old')
    deepEqual(namesIn(at('.')), ['notes'])
  }))
