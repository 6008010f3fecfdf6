// Steps about files that an agent writes.

import { createHash, randomUUID } from 'node:crypto'
import { chmodSync, linkSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type DataTable, Given, Then, When } from '@cucumber/cucumber'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { sendBody } from '../peers/body.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { doorOf } from './rpc-door.ts'
import { placeOf, someBytes } from './rpc-files.steps.ts'
import { type Caller, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url')

/** With the params as a body where they are too large for a message. */
async function askLarge(caller: Caller, method: string, params: object): Promise<void> {
  const body = Buffer.from(JSON.stringify(params))
  if (body.length < 60_000) {
    await caller.ask(method, params)
    return
  }
  const request = caller.rpc.request(method, {})
  caller.about(request)
  await sendBody(caller.controller, request, body)
}

/** What is there, and what the answer to the last request tells of it. */
async function assertWritten(world: SuiteWorld, caller: Caller, path: string, bytes: Buffer): Promise<void> {
  const told = await caller.result<Result<'file.write'>>()
  const found = readFileSync(await placeOf(world, path))
  if (!found.equals(bytes))
    throw new Failed(`"${path}" holds ${found.length} bytes, and not the ${bytes.length} expected`)
  const { version } = await caller.rpc.call('file.stat', { path })
  if (told.sha256 !== hashOf(bytes)) throw new Failed('The sha256 is not that of the content')
  if (told.size !== bytes.length) throw new Failed(`The size is ${told.size}, expected ${bytes.length}`)
  if (told.version !== version) throw new Failed(`The version is ${told.version}, "file.stat" tells ${version}`)
}

Then(
  'each of these is written by "file.write", and the result tells its hash and its version',
  async function (this: SuiteWorld, table: DataTable) {
    const caller = sceneOf(this).caller('controller')
    for (const { path = '', content = '', encoding } of table.hashes()) {
      await caller.ask('file.write', { path, content, ...(encoding && { encoding }) })
      await assertWritten(this, caller, path, Buffer.from(content, (encoding || 'utf-8') as BufferEncoding))
    }
  },
)

Then(
  '{bytes} bytes in {string} are written by "file.write", and the result tells its hash and its version',
  async function (this: SuiteWorld, length: number, path: string) {
    const caller = sceneOf(this).caller('controller')
    const bytes = someBytes(length)
    await askLarge(caller, 'file.write', { path, content: bytes.toString('base64url'), encoding: 'base64url' })
    await assertWritten(this, caller, path, bytes)
  },
)

Then('{string} in the workspace is still a symbolic link', async function (this: SuiteWorld, path: string) {
  if (!lstatSync(await placeOf(this, path)).isSymbolicLink()) throw new Failed(`"${path}" is no symbolic link any more`)
})

When(
  '{caller} calls "file.write" for {string} with the text {string}',
  async function (this: SuiteWorld, caller: Caller, path: string, content: string) {
    await caller.ask('file.write', { path, content })
  },
)

// What is there, and stays.

/** Every entry below, with what it is and holds. */
function entriesBelow(folder: string, way = ''): string[] {
  return readdirSync(join(folder, way), { withFileTypes: true }).flatMap((entry) => {
    const path = join(way, entry.name)
    const { mode } = lstatSync(join(folder, path))
    if (entry.isDirectory()) return [`${path} ${mode}`, ...entriesBelow(folder, path)]
    return [`${path} ${mode} ${entry.isFile() ? hashOf(readFileSync(join(folder, path))) : ''}`]
  })
}

const remembered = new WeakMap<SuiteWorld, string>()

const snapshot = async (world: SuiteWorld) =>
  entriesBelow(await placeOf(world, '.'))
    .sort()
    .join('\n')

Given('what is in the workspace is remembered', async function (this: SuiteWorld) {
  remembered.set(this, await snapshot(this))
})

Then('the workspace is as it was', async function (this: SuiteWorld) {
  const now = await snapshot(this)
  if (now !== remembered.get(this)) throw new Failed(`The workspace now has ${JSON.stringify(now.slice(0, 500))}`)
})

Given(
  '{string} in the workspace may be executed and has the second name {string}',
  async function (this: SuiteWorld, path: string, second: string) {
    chmodSync(await placeOf(this, path), 0o751)
    linkSync(await placeOf(this, path), await placeOf(this, second))
  },
)

Then(
  '{string} in the workspace holds the text {string} and may be executed',
  async function (this: SuiteWorld, path: string, text: string) {
    const place = await placeOf(this, path)
    if (readFileSync(place, 'utf8') !== text) throw new Failed(`"${path}" does not hold "${text}"`)
    const mode = statSync(place).mode & 0o777
    if (mode !== 0o751) throw new Failed(`The permission bits are ${mode.toString(8)}, expected 751`)
  },
)

Then(
  '{string} in the workspace still holds its {int} bytes',
  async function (this: SuiteWorld, path: string, length: number) {
    const found = readFileSync(await placeOf(this, path))
    if (!found.equals(someBytes(length))) throw new Failed('The bytes of the old file were changed')
  },
)

// What is expected.

When(
  /^the controller calls "file.write" for "([^"]+)" and expects (another content|nothing there|what is there)$/,
  async function (this: SuiteWorld, path: string, what: string) {
    const present = () => placeOf(this, path).then((place) => hashOf(readFileSync(place)))
    const expectedHash =
      what === 'nothing there' ? null : what === 'what is there' ? await present() : hashOf(Buffer.from('another'))
    await sceneOf(this).caller('controller').ask('file.write', { path, content: 'new', expectedHash })
  },
)

const hashTold = async (caller: Caller) =>
  ((await caller.refusal('conflict')).data as { sha256?: unknown } | undefined)?.sha256

Then(
  '{caller} is answered with the error "conflict" and the hash of {string}',
  async function (this: SuiteWorld, caller: Caller, path: string) {
    const told = await hashTold(caller)
    if (told !== hashOf(readFileSync(await placeOf(this, path)))) throw new Failed(`The error tells the hash ${told}`)
  },
)

Then('{caller} is answered with the error "conflict" and no hash', async function (this: SuiteWorld, caller: Caller) {
  const told = await hashTold(caller)
  if (told !== null) throw new Failed(`The error tells the hash ${told}, expected null`)
})

When(
  '{caller} calls "file.write" for {string} {int} times in one batch and expects what is there',
  async function (this: SuiteWorld, caller: Caller, path: string, count: number) {
    const expectedHash = hashOf(readFileSync(await placeOf(this, path)))
    const requests = Array.from({ length: count }, (_, i) =>
      caller.rpc.request('file.write', { path, content: `content ${i}`, expectedHash }),
    )
    this.found = requests
    await caller.controller.sendBatch(requests)
  },
)

Then(
  'exactly one is answered with a result, and the others with the error "conflict"',
  async function (this: SuiteWorld) {
    const { rpc } = sceneOf(this).caller('controller')
    const codes: string[] = []
    for (const request of this.found as ReturnType<typeof rpc.request>[]) {
      const { message } = await rpc.answer(request)
      codes.push('error' in message ? message.error.code : 'result')
    }
    const [first, ...others] = codes.toSorted().toReversed()
    if (first !== 'result' || others.some((code) => code !== 'conflict')) throw new Failed(`The answers are ${codes}`)
  },
)

// A path that changes meanwhile.

Then(
  '{int} "file.write" through {string} leave what is outside as it was',
  async function (this: SuiteWorld, count: number, name: string) {
    const door = doorOf(this)
    const caller = sceneOf(this).caller('controller')
    const before = entriesBelow(door.outside).join('\n')
    let written = 0
    try {
      for (let i = 0; i < count; i++) {
        await caller.ask('file.write', { path: `${name}/deeper/file`, content: 'written' })
        if ('result' in (await caller.answer()).message) written++
      }
      if (written === 0) throw new Failed('Nothing was ever written, although the folder was there half of the time')
      const now = entriesBelow(door.outside).join('\n')
      if (now !== before) throw new Failed(`What is outside was written: ${JSON.stringify(now)}`)
    } finally {
      door.close()
    }
  },
)

// Uploads.

interface Uploaded {
  readonly id: string
  bytes: Buffer
}
const uploads = new WeakMap<SuiteWorld, Uploaded>()
const uploadOf = (world: SuiteWorld): Uploaded => {
  const known = uploads.get(world) ?? { id: randomUUID(), bytes: Buffer.alloc(0) }
  uploads.set(world, known)
  return known
}

When(
  '{caller} calls "file.upload" with {bytes} bytes at {int}',
  async function (this: SuiteWorld, caller: Caller, length: number, offset: number) {
    const uploaded = uploadOf(this)
    const data = someBytes(offset + length).subarray(offset)
    await askLarge(caller, 'file.upload', { upload: uploaded.id, offset, data: data.toString('base64url') })
    const { message } = await caller.answer()
    if ('result' in message) uploaded.bytes = Buffer.concat([uploaded.bytes, data])
  },
)

When(
  '{caller} calls "file.write" for {string} with the upload',
  async function (this: SuiteWorld, caller: Caller, path: string) {
    await caller.ask('file.write', { path, upload: uploadOf(this).id })
  },
)

Then('{string} in the workspace holds what was uploaded', async function (this: SuiteWorld, path: string) {
  const { bytes } = uploadOf(this)
  if (bytes.length === 0) throw new SuiteError('Nothing was uploaded')
  if (!readFileSync(await placeOf(this, path)).equals(bytes)) throw new Failed('The file is not what was uploaded')
})
