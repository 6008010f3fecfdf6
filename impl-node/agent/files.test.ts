import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { listFolder, readPiece, statPath } from './files.ts'
import { refusal } from './workspace.ts'

/** A workspace, and beside it a folder that nobody may look into. */
function scene(t: TestContext) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'files-')))
  t.after(() => rmSync(folder, { recursive: true }))
  const workspace = join(folder, 'workspace')
  const outside = join(folder, 'outside')
  for (const each of [workspace, outside]) mkdirSync(each)
  writeFileSync(join(outside, 'notes'), 'secret')
  const put = (name: string, content: string | Buffer) => writeFileSync(join(workspace, name), content)
  return { workspace, outside, put, at: (name: string) => join(workspace, name) }
}

const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected

/** As the user who owns nothing, where the tests run as root, whom nothing is denied. */
async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  const user = process.geteuid?.()
  if (user !== 0) return run()
  process.seteuid?.(65_534)
  try {
    return await run()
  } finally {
    process.seteuid?.(0)
  }
}

test('readPiece() reads a file of any bytes in pieces that make it whole again', async (t) => {
  const { workspace, put } = scene(t)
  const bytes = Buffer.alloc(1_200_000, Buffer.from([0, 0xff, 0x1b, 0x0a, 7]))
  put('any', bytes)
  const parts: Buffer[] = []
  let version: string | undefined
  for (let offset = 0; offset < bytes.length; ) {
    const piece = await readPiece(workspace, { path: 'any', offset, ...(version !== undefined && { version }) })
    const content = Buffer.from(piece.content, 'base64url')
    assert.equal(piece.sha256, createHash('sha256').update(content).digest('base64url'))
    assert.equal(piece.size, bytes.length)
    version = piece.version
    parts.push(content)
    offset += content.length
  }
  assert.deepEqual(
    parts.map(({ length }) => length),
    [524_288, 524_288, 151_424],
  )
  assert.ok(Buffer.concat(parts).equals(bytes))
})

test('readPiece() reads of a file of 100 MB each byte once, and never more than a piece at a time', async (t) => {
  const { workspace, put, at } = scene(t)
  const size = 100_000_000
  put('large', 'beginning')
  truncateSync(at('large'), size)
  appendFileSync(at('large'), 'end')
  const handle = await open(at('large'))
  const reads = t.mock.method(Object.getPrototypeOf(handle) as FileHandle, 'read')
  await handle.close()
  let version: string | undefined
  let [offset, last] = [0, '']
  for (let isWhole = false; !isWhole; isWhole = offset === size + 3) {
    const piece = await readPiece(workspace, { path: 'large', offset, ...(version !== undefined && { version }) })
    version = piece.version
    const content = Buffer.from(piece.content, 'base64url')
    assert.equal(piece.sha256, createHash('sha256').update(content).digest('base64url'))
    offset += content.length
    last = content.subarray(-3).toString()
  }
  assert.equal(last, 'end')
  const asked = reads.mock.calls.map((call) => Number((call.arguments as unknown[])[2]))
  assert.ok(Math.max(...asked) <= 524_288)
  const got = await Promise.all(reads.mock.calls.map(async ({ result }) => (await result)?.bytesRead ?? 0))
  assert.equal(
    got.reduce((sum, bytes) => sum + bytes, 0),
    size + 3,
  )
})

test('readPiece() needs no room for a file: a piece of one that no memory could hold is there at once', async (t) => {
  const { workspace, put, at } = scene(t)
  put('vast', '')
  truncateSync(at('vast'), 100 * 2 ** 30)
  appendFileSync(at('vast'), 'end')
  const piece = await readPiece(workspace, { path: 'vast', offset: 100 * 2 ** 30 - 1, length: 100 })
  assert.deepEqual(Buffer.from(piece.content, 'base64url').toString(), '\0end')
})

test('readPiece() refuses a version that is not the present one, and tells that', async (t) => {
  const { workspace, put, at } = scene(t)
  put('notes', 'before')
  const { version } = await readPiece(workspace, { path: 'notes' })
  appendFileSync(at('notes'), '!')
  const now = await statPath(workspace, { path: 'notes' })
  await assert.rejects(readPiece(workspace, { path: 'notes', version }), (error: ProtocolError) => {
    assert.equal(error.code, 'conflict')
    assert.deepEqual(error.data, { version: now.version })
    return true
  })
})

for (const [change, apply] of [
  ['grows', (path: string) => appendFileSync(path, '!')],
  ['shrinks', (path: string) => truncateSync(path, 1)],
] as const) {
  test(`readPiece() refuses the version of a file that ${change} between check and use`, async (t) => {
    const { workspace, put, at } = scene(t)
    put('notes', 'before')
    const { version } = await readPiece(workspace, { path: 'notes' })
    await assert.rejects(
      readPiece(workspace, { path: 'notes', version }, () => apply(at('notes'))),
      code('conflict'),
    )
  })
}

test('readPiece() reads nothing through a link that takes the place of the file, or of its folder', async (t) => {
  const { workspace, outside, put, at } = scene(t)
  mkdirSync(at('folder'))
  put('folder/notes', 'inside')
  const link = () => {
    rmSync(at('folder/notes'))
    symlinkSync(join(outside, 'notes'), at('folder/notes'))
  }
  await assert.rejects(readPiece(workspace, { path: 'folder/notes' }, link), code('not-found'))
  rmSync(at('folder/notes'))
  put('folder/notes', 'inside')
  const door = () => {
    renameSync(at('folder'), at('aside'))
    symlinkSync(outside, at('folder'))
  }
  await assert.rejects(readPiece(workspace, { path: 'folder/notes' }, door), code('path-outside-workspace'))
})

test('listFolder() lists nothing through a link that takes the place of the folder', async (t) => {
  const { workspace, outside, at } = scene(t)
  mkdirSync(at('above'))
  mkdirSync(at('above/folder'))
  mkdirSync(join(outside, 'folder'))
  const exchange = () => {
    renameSync(at('above'), at('aside'))
    symlinkSync(outside, at('above'))
  }
  const list = listFolder(workspace, { path: 'above/folder', limit: 9 }, exchange)
  await assert.rejects(list, code('path-outside-workspace'))
})

test('a fifo that takes the place of a file is not waited for', async (t) => {
  const { workspace, put, at } = scene(t)
  put('notes', 'inside')
  const { execFileSync } = await import('node:child_process')
  const exchange = () => {
    rmSync(at('notes'))
    execFileSync('mkfifo', [at('notes')])
  }
  await assert.rejects(readPiece(workspace, { path: 'notes' }, exchange), code('not-a-file'))
})

test('what the user of the agent may not read is forbidden, without data', async (t) => {
  const { workspace, put, at } = scene(t)
  put('notes', 'inside')
  mkdirSync(at('folder'))
  put('folder/notes', 'inside')
  for (const name of ['notes', 'folder']) chmodSync(at(name), 0)
  chmodSync(join(workspace, '..'), 0o755)
  await asNobody(async () => {
    for (const request of [
      () => readPiece(workspace, { path: 'notes' }),
      () => readPiece(workspace, { path: 'folder/notes' }),
      () => statPath(workspace, { path: 'folder/notes' }),
      () => listFolder(workspace, { path: 'folder', limit: 9 }),
    ]) {
      await assert.rejects(request(), (error: ProtocolError) => code('forbidden')(error) && error.data === undefined)
    }
  })
})

test('refusal() takes what the system says for a code of the registry, and hides the rest as internal', () => {
  const of = (name: string) => refusal(Object.assign(new Error('of the system'), { code: name }), 'notes')
  for (const [name, expected] of [
    ['ENOENT', 'not-found'],
    ['ENAMETOOLONG', 'not-found'],
    ['EROFS', 'forbidden'],
    ['ENOSPC', 'too-large'],
    ['EDQUOT', 'too-large'],
  ] as const) {
    assert.ok(code(expected)(of(name)), name)
  }
  assert.equal(of('EIO') instanceof ProtocolError, false)
})

test('statPath() follows links inside, and tells the same version as readPiece()', async (t) => {
  const { workspace, put, at } = scene(t)
  put('notes', 'inside')
  symlinkSync('notes', at('alias'))
  const { type, size, version } = await statPath(workspace, { path: 'alias' })
  assert.deepEqual([type, size], ['file', 6])
  assert.equal(version, (await readPiece(workspace, { path: 'notes' })).version)
  assert.equal((await statPath(workspace, { path: '.' })).type, 'folder')
})

test('listFolder() pages through a large folder without a hole and without a repetition', async (t) => {
  const { workspace, put } = scene(t)
  const names = Array.from({ length: 1_234 }, (_, i) => `file ${i}`)
  for (const name of names) put(name, '')
  const seen: string[] = []
  for (let more = true; more; ) {
    const after = seen.at(-1)
    const page = await listFolder(workspace, { path: '.', limit: 500, ...(after !== undefined && { after }) })
    seen.push(...page.entries.map(({ name }) => name))
    more = page.more
  }
  assert.deepEqual(seen, names.sort())
})

test('listFolder() shows a name that is not UTF-8, which no path reaches', async (t) => {
  const { workspace } = scene(t)
  writeFileSync(Buffer.concat([Buffer.from(`${workspace}/caf`), Buffer.from([0xe9])]), '')
  const { entries } = await listFolder(workspace, { path: '.', limit: 9 })
  assert.deepEqual(entries, [{ name: 'caf\ufffd', type: 'unreachable' }])
  await assert.rejects(readPiece(workspace, { path: 'caf\ufffd' }), code('not-found'))
})
