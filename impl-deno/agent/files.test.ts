import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { Files } from './files.ts'
import { openWorkspace, refusalOf } from './workspace.ts'

const secret = 'what is outside'

/** A workspace with a file `notes`, beside a folder with a file of the same name. */
async function scene(run: (scene: { files: Files; at: (name: string) => string; outside: string }) => Promise<void>) {
  const folder = await Deno.makeTempDir()
  const [workspace, outside] = [`${folder}/workspace`, `${folder}/outside`]
  for (const each of [workspace, outside]) await Deno.mkdir(each)
  await Deno.writeTextFile(`${outside}/notes`, secret)
  await Deno.writeTextFile(`${workspace}/notes`, 'inside')
  try {
    await run({ files: new Files(openWorkspace(workspace)), at: (name) => `${workspace}/${name}`, outside })
  } finally {
    await Deno.remove(folder, { recursive: true })
  }
}

const coded = (code: string) => (error: unknown) => {
  ok(error instanceof ProtocolError, String(error))
  equal(error.code, code)
  return true
}

/** Files whose use of a path comes after `exchange`, which happens once. */
const meanwhile = (at: (name: string) => string, exchange: () => void) => new Files(openWorkspace(at('.')), exchange)

Deno.test('read() gives pieces that make the whole file, each with its hash', () =>
  scene(async ({ files, at }) => {
    const bytes = Buffer.alloc(1_100_000, Buffer.from([0xff, 0, 0x1b, 10]))
    await Deno.writeFile(at('large'), bytes)
    let read = Buffer.alloc(0)
    let version: string | undefined
    while (read.length < bytes.length) {
      const piece = files.read({ path: 'large', offset: read.length, ...(version !== undefined && { version }) })
      const content = Buffer.from(piece.content, 'base64url')
      equal(piece.sha256, createHash('sha256').update(content).digest('base64url'))
      equal(piece.size, bytes.length)
      version = piece.version
      read = Buffer.concat([read, content])
    }
    ok(read.equals(bytes))
    equal(files.read({ path: 'large', offset: bytes.length }).content, '')
  }))

Deno.test('read() gives a file of 100 MB in pieces of no more than the limit, each with its hash', () =>
  scene(async ({ files, at }) => {
    const size = 100_000_000
    await Deno.writeTextFile(at('large'), 'beginning')
    await Deno.truncate(at('large'), size)
    await Deno.writeTextFile(at('large'), 'end', { append: true })
    const sizes: number[] = []
    let [read, end] = [0, '']
    let version: string | undefined
    while (read < size + 3) {
      const piece = files.read({ path: 'large', offset: read, ...(version !== undefined && { version }) })
      const content = Buffer.from(piece.content, 'base64url')
      equal(piece.sha256, createHash('sha256').update(content).digest('base64url'))
      version = piece.version
      read += content.length
      sizes.push(content.length)
      end = content.subarray(-3).toString()
    }
    deepEqual([read, end, Math.max(...sizes), sizes.length], [size + 3, 'end', 524_288, 191])
  }))

Deno.test('read() takes no more than its piece: of a file that no memory could hold, it is there at once', () =>
  scene(async ({ files, at }) => {
    const size = 100 * 2 ** 30
    await Deno.writeTextFile(at('vast'), '')
    await Deno.truncate(at('vast'), size)
    await Deno.writeTextFile(at('vast'), 'end', { append: true })
    const { content } = files.read({ path: 'vast', offset: size - 1, length: 100 })
    equal(Buffer.from(content, 'base64url').toString(), '\0end')
  }))

Deno.test('read() refuses another version with the present one, which stat() tells as well', () =>
  scene(async ({ files, at }) => {
    const { version } = files.read({ path: 'notes' })
    await Deno.writeTextFile(at('notes'), '!', { append: true })
    const present = files.stat({ path: 'notes' })
    throws(
      () => files.read({ path: 'notes', version }),
      (error) => coded('conflict')(error) && present.version === (error as { data: { version: string } }).data.version,
    )
  }))

Deno.test('read() refuses a file that has changed between check and use', () =>
  scene(async ({ files, at }) => {
    const { version } = files.read({ path: 'notes' })
    const changing = meanwhile(at, () => writeFileSync(at('notes'), 'longer than before'))
    throws(() => changing.read({ path: 'notes', version }), coded('conflict'))
  }))

Deno.test('read() follows no link that takes the place of a file or of its folder meanwhile', () =>
  scene(async ({ at, outside }) => {
    await Deno.mkdir(at('folder'))
    await Deno.writeTextFile(at('folder/notes'), 'inside')
    const link = meanwhile(at, () => {
      Deno.removeSync(at('folder/notes'))
      Deno.symlinkSync(`${outside}/notes`, at('folder/notes'))
    })
    throws(() => link.read({ path: 'folder/notes' }), coded('not-found'))
    await Deno.remove(at('folder/notes'))
    await Deno.writeTextFile(at('folder/notes'), 'inside')
    const door = meanwhile(at, () => {
      Deno.renameSync(at('folder'), at('aside'))
      Deno.symlinkSync(outside, at('folder'))
    })
    throws(() => door.read({ path: 'folder/notes' }), coded('path-outside-workspace'))
  }))

Deno.test('list() follows no link that takes the place of a folder meanwhile', () =>
  scene(async ({ at, outside }) => {
    await Deno.mkdir(at('above/folder'), { recursive: true })
    await Deno.mkdir(`${outside}/folder`)
    const door = meanwhile(at, () => {
      Deno.renameSync(at('above'), at('aside'))
      Deno.symlinkSync(outside, at('above'))
    })
    await rejects(door.list({ path: 'above/folder', limit: 9 }), coded('path-outside-workspace'))
  }))

Deno.test('read() does not wait for a fifo that takes the place of a file', () =>
  scene(async ({ at }) => {
    const pipe = meanwhile(at, () => {
      Deno.removeSync(at('notes'))
      new Deno.Command('mkfifo', { args: [at('notes')] }).outputSync()
    })
    throws(() => pipe.read({ path: 'notes' }), coded('not-a-file'))
    await Promise.resolve()
  }))

Deno.test('what leads out is refused whether something is there or not', () =>
  scene(async ({ files, at, outside }) => {
    await Deno.symlink(outside, at('out'))
    await Deno.symlink('/no/such/thing', at('dangling'))
    for (const path of ['..', '/', `${outside}/notes`, 'out', 'out/notes', 'out/no', 'out/notes/no', 'dangling']) {
      throws(() => files.stat({ path }), coded('path-outside-workspace'))
      throws(() => files.read({ path }), coded('path-outside-workspace'))
    }
    for (const path of ['no', 'notes/no']) throws(() => files.read({ path }), coded('not-found'))
    throws(() => files.read({ path: '.' }), coded('not-a-file'))
    await rejects(files.list({ path: 'notes', limit: 9 }), coded('not-found'))
  }))

Deno.test('list() gives every entry once, by the bytes of its name, in pages', () =>
  scene(async ({ files, at }) => {
    const names = ['B', 'a', 'a\nb', '\uff5e', '\u{1f600}']
    await Deno.mkdir(at('many'))
    for (const name of names) await Deno.writeTextFile(at(`many/${name}`), '')
    const first = await files.list({ path: 'many', limit: 3 })
    const second = await files.list({ path: 'many', limit: 3, after: 'a\nb' })
    deepEqual(
      [...first.entries, ...second.entries].map(({ name }) => name),
      names,
    )
    deepEqual([first.more, second.more], [true, false])
  }))

Deno.test('list() shows a name that is not UTF-8 once, and as out of reach', () =>
  scene(async ({ files, at }) => {
    await Deno.mkdir(at('latin'))
    const touch = 'touch "$1/$(printf "caf\\350")" "$1/$(printf "caf\\351")"'
    const { success } = await new Deno.Command('sh', { args: ['-c', touch, 'sh', at('latin')] }).output()
    ok(success)
    const { entries } = await files.list({ path: 'latin', limit: 9 })
    deepEqual(entries, [{ name: 'caf\ufffd', type: 'unreachable' }])
    throws(() => files.read({ path: 'latin/caf\ufffd' }), coded('not-found'))
  }))

Deno.test('refusalOf() gives codes of the registry, and leaves alone what nobody foresaw', () => {
  const of = (code: string) => refusalOf(Object.assign(new Error('of the system'), { code }))
  for (const code of ['EACCES', 'EPERM', 'EROFS']) coded('forbidden')(of(code))
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) coded('too-large')(of(code))
  for (const code of ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']) coded('not-found')(of(code))
  equal(of('EIO') instanceof ProtocolError, false)
})
