// Steps about files: what is in the workspace, and what an agent tells of it.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DataTable, Given, Then, When } from '@cucumber/cucumber'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { Failed } from '../shim/trouble.ts'
import { doorOf, makeDoor } from './rpc-door.ts'
import { type Caller, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

type Listed = Result<'file.list'>
const LIMIT = 100

/** A path of the workspace, as the suite sees it. */
export const placeOf = async (world: SuiteWorld, path: string): Promise<string> =>
  join((await sceneOf(world).caller('controller').rpc.call('agent.info')).workspace, path)

/** Bytes that are different everywhere in a file. */
export const someBytes = (length: number): Buffer => {
  const parts: Buffer[] = []
  for (let i = 0; i * 32 < length; i++) parts.push(createHash('sha256').update(`${i}`).digest())
  return Buffer.concat(parts).subarray(0, length)
}

const known = new WeakMap<SuiteWorld, string>()

Given(
  'there is a file {string} of {bytes} bytes in the workspace',
  async function (this: SuiteWorld, path: string, length: number) {
    writeFileSync(await placeOf(this, path), someBytes(length))
  },
)

Given('there is a fifo {string} in the workspace', async function (this: SuiteWorld, path: string) {
  execFileSync('mkfifo', [await placeOf(this, path)])
})

// Reading.

When('{caller} calls "file.read" for {string}', async function (this: SuiteWorld, caller: Caller, path: string) {
  await caller.ask('file.read', { path })
})

When(
  '{caller} calls "file.read" for {string} from {int}',
  async function (this: SuiteWorld, caller: Caller, path: string, offset: number) {
    await caller.ask('file.read', { path, offset })
  },
)

When(
  '{caller} calls "file.read" for {string} from {int}, {int} bytes of it',
  async function (this: SuiteWorld, caller: Caller, path: string, offset: number, length: number) {
    await caller.ask('file.read', { path, offset, length })
  },
)

Given(
  '{caller} has read a piece of {string} by "file.read"',
  async function (this: SuiteWorld, caller: Caller, path: string) {
    await caller.ask('file.read', { path })
    known.set(this, (await caller.result<Result<'file.read'>>()).version)
  },
)

When(
  '{caller} calls "file.read" for {string} from {int} in the version that it knows',
  async function (this: SuiteWorld, caller: Caller, path: string, offset: number) {
    await caller.ask('file.read', { path, offset, version: known.get(this) })
  },
)

Then(
  '{caller} gets the bytes from {int} up to {int} of {string}',
  async function (this: SuiteWorld, caller: Caller, from: number, end: number, path: string) {
    const { content, sha256, size } = await caller.result<Result<'file.read'>>()
    const all = readFileSync(await placeOf(this, path))
    const bytes = Buffer.from(content, 'base64url')
    const expected = all.subarray(from, end)
    if (!bytes.equals(expected)) {
      throw new Failed(`The content is ${bytes.length} bytes, and not the ${expected.length} from ${from} on`)
    }
    if (sha256 !== createHash('sha256').update(expected).digest('base64url')) {
      throw new Failed('The sha256 is not that of the content')
    }
    if (size !== all.length) throw new Failed(`The size is ${size}, expected ${all.length}`)
  },
)

Then(
  '{caller} is answered with the error "conflict" and the version that "file.stat" tells',
  async function (this: SuiteWorld, caller: Caller) {
    const { data } = await caller.refusal('conflict')
    const { version } = await caller.rpc.call('file.stat', caller.last.params as Params<'file.stat'>)
    const told = (data as { version?: unknown } | undefined)?.version
    if (told !== version) throw new Failed(`The error tells the version ${told}, "file.stat" tells ${version}`)
    if (version === known.get(this)) throw new Failed('The version is the one from before the change')
  },
)

// Changing.

When('{string} in the workspace becomes one byte longer', async function (this: SuiteWorld, path: string) {
  const place = await placeOf(this, path)
  const { atime, mtime } = statSync(place)
  appendFileSync(place, '!')
  utimesSync(place, atime, mtime)
})

When(
  '{string} in the workspace gets other content of the same length, a second later',
  async function (this: SuiteWorld, path: string) {
    const place = await placeOf(this, path)
    const { atime, mtime, size } = statSync(place)
    writeFileSync(place, Buffer.alloc(size, 'x'))
    utimesSync(place, atime, new Date(mtime.getTime() + 1_000))
  },
)

When(
  '{string} in the workspace gives its place to another file, as large and as old',
  async function (this: SuiteWorld, path: string) {
    const place = await placeOf(this, path)
    const { atime, mtime, size } = statSync(place)
    writeFileSync(`${place}.other`, Buffer.alloc(size, 'x'))
    utimesSync(`${place}.other`, atime, mtime)
    renameSync(`${place}.other`, place)
  },
)

// A path that changes meanwhile.

Given(
  'a folder {string} in the workspace that is exchanged for a link out of it, again and again',
  async function (this: SuiteWorld, name: string) {
    makeDoor(this, await placeOf(this, name))
  },
)

Then(
  '{int} "file.read" and {int} "file.list" through {string} tell nothing of what is outside',
  async function (this: SuiteWorld, reads: number, lists: number, name: string) {
    const door = doorOf(this)
    const caller = sceneOf(this).caller('controller')
    try {
      await readThrough(caller, `${name}/file`, reads)
      await listThrough(caller, name, lists)
    } finally {
      door.close()
    }
  },
)

async function readThrough(caller: Caller, path: string, count: number): Promise<void> {
  let inside = 0
  for (let i = 0; i < count; i++) {
    await caller.ask('file.read', { path })
    const { message } = await caller.answer()
    if (!('result' in message)) continue
    const content = Buffer.from((message.result as Result<'file.read'>).content, 'base64url').toString()
    if (content !== 'inside') throw new Failed(`What is told is not in the workspace: "${content}"`)
    inside++
  }
  if (inside === 0) throw new Failed('The file was never read, although its folder was there half of the time')
}

async function listThrough(caller: Caller, path: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await caller.ask('file.list', { path, limit: LIMIT })
    const { message } = await caller.answer()
    const entries = 'result' in message ? (message.result as Listed).entries : []
    if (entries.some(({ name }) => name === 'only-outside'))
      throw new Failed('The entries of a folder outside are told')
  }
}

// Telling.

Then('"file.stat" tells of each of these', async function (this: SuiteWorld, table: DataTable) {
  const { rpc } = sceneOf(this).caller('controller')
  for (const { path = '', type, size } of table.hashes()) {
    const told = await rpc.call('file.stat', { path })
    if (told.type !== type) throw new Failed(`"${path}" is said to be a ${told.type}, expected ${type}`)
    if (size && told.size !== Number(size)) throw new Failed(`The size of "${path}" is ${told.size}, expected ${size}`)
  }
})

// Listing.

const ask = (caller: Caller, path: string, more: object = {}) =>
  caller.ask('file.list', { path, limit: LIMIT, ...more })

When('{caller} calls "file.list" for {string}', async function (this: SuiteWorld, caller: Caller, path: string) {
  await ask(caller, path)
})

When(
  '{caller} calls "file.list" for {string} with the limit {int}',
  async function (this: SuiteWorld, caller: Caller, path: string, limit: number) {
    await ask(caller, path, { limit })
  },
)

/** In the order of their bytes. By UTF-16 units the last two change places; `ls` and a dictionary know others. */
const NAMES = ['\u001b[2Jred', '.hidden', 'B', 'a', 'a\nb', 'ä', '\uff5e', '\u{1f600}']

Given(
  'there are files in {string} with names that other orders would put elsewhere',
  async function (this: SuiteWorld, folder: string) {
    const place = await placeOf(this, folder)
    for (const name of NAMES.toReversed()) writeFileSync(join(place, name), '')
  },
)

Then(
  '{caller} gets exactly these files, in the order of their bytes',
  async function (this: SuiteWorld, caller: Caller) {
    const { entries } = await caller.result<Listed>()
    const told = entries.map(({ name }) => name)
    if (JSON.stringify(told) !== JSON.stringify(NAMES)) {
      throw new Failed(`The names are ${JSON.stringify(told)}, expected ${JSON.stringify(NAMES)}`)
    }
    const other = entries.find(({ type }) => type !== 'file')
    if (other) throw new Failed(`${JSON.stringify(other.name)} is said to be a ${other.type}`)
  },
)

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `file-${String(i).padStart(2, '0')}`)

Given('there are {int} files in {string}', async function (this: SuiteWorld, count: number, folder: string) {
  const place = await placeOf(this, folder)
  for (const name of numbered(count)) writeFileSync(join(place, name), '')
})

When(
  '{caller} calls "file.list" for {string} in pages of {int}, while files that it has seen are deleted and others are made in front of them',
  async function (this: SuiteWorld, caller: Caller, path: string, limit: number) {
    const place = await placeOf(this, path)
    const seen: string[] = []
    for (let page = 0, more = true; more; page++) {
      if (page > 25) throw new Failed('The pages do not end')
      const after = seen.at(-1)
      await ask(caller, path, { limit, ...(after !== undefined && { after }) })
      const answer = await caller.result<Listed>()
      if (answer.entries.length > limit) throw new Failed(`${answer.entries.length} entries in a page of ${limit}`)
      seen.push(...answer.entries.map(({ name }) => name))
      more = answer.more
      // Only every second time: a page that begins with the last entry once more must show.
      if (page % 2 === 1) rmSync(join(place, seen.at(-1) as string))
      writeFileSync(join(place, `added-${page}`), '')
    }
    this.found = seen
  },
)

Then('{caller} has got each of the {int} files exactly once', function (this: SuiteWorld, _: Caller, count: number) {
  const seen = this.found as string[]
  const expected = numbered(count)
  if (JSON.stringify(seen) !== JSON.stringify(expected)) throw new Failed(`The pages have ${JSON.stringify(seen)}`)
})

Then(
  /^the controller gets (\d+) entries and (no )?more follow$/,
  async function (this: SuiteWorld, count: string, no: string | null) {
    const { entries, more } = await sceneOf(this).caller('controller').result<Listed>()
    if (entries.length !== Number(count)) throw new Failed(`${entries.length} entries, expected ${count}`)
    if (more === Boolean(no)) throw new Failed(`more is ${more}`)
  },
)

Then(
  '{caller} gets {int} entries of the type "link", and not the size of {string}',
  async function (this: SuiteWorld, caller: Caller, count: number, path: string) {
    const { entries } = await caller.result<Listed>()
    const { size } = statSync(await placeOf(this, path))
    if (entries.length !== count) throw new Failed(`${entries.length} entries, expected ${count}`)
    for (const entry of entries) {
      if (entry.type !== 'link') throw new Failed(`"${entry.name}" is said to be a ${entry.type}`)
      if (entry.size === size) throw new Failed(`"${entry.name}" has the size of what it leads to`)
    }
  },
)

const bytesOf = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

Given(
  'there are files in {string} whose names are the bytes {string} and {string}',
  async function (this: SuiteWorld, folder: string, first: string, second: string) {
    const place = await placeOf(this, folder)
    for (const name of [first, second]) writeFileSync(Buffer.concat([Buffer.from(`${place}/`), bytesOf(name)]), '')
  },
)

Then(
  '{caller} gets one entry {string} of the type {string}',
  async function (this: SuiteWorld, caller: Caller, name: string, type: string) {
    const { entries } = await caller.result<Listed>()
    const expected = JSON.parse(`"${name}"`)
    const [entry] = entries
    if (entries.length !== 1 || entry?.name !== expected || entry?.type !== type) {
      throw new Failed(`The entries are ${JSON.stringify(entries)}`)
    }
  },
)
