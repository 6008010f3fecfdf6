// `control ls`, `cat`, `get` and `put`: files of the workspace.

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { readFile, type Source, writeFile } from '../../controller/files.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure, givenUp } from '../failure.ts'
import { exactText, safeText } from '../safe-text.ts'
import { fit } from '../terminal/columns.ts'
import { amount } from '../terminal/progress.ts'
import type { Sub, SubContext } from './sub.ts'

type Entry = Result<'file.list'>['entries'][number]

const MARK = { file: '', folder: '/', link: '@', other: '=', unreachable: '?' } as const

async function* entriesOf({ controller }: SubContext, path: string): AsyncGenerator<Entry> {
  let after: string | undefined
  for (let more = true; more; ) {
    const from = after === undefined ? {} : { after }
    const page = await controller.call('file.list', { path, limit: limits.fileEntries, ...from })
    yield* page.entries
    after = page.entries.at(-1)?.name
    more = page.more && after !== undefined
  }
}

function entryLine({ name, type, size, mtime }: Entry): string {
  const time = mtime === undefined ? '' : new Date(mtime).toISOString().slice(0, 16).replace('T', ' ')
  return `${fit(size === undefined ? '' : amount(size), 10)} ${fit(time, 16)}  ${exactText(name)}${MARK[type]}`
}

export const ls: Sub = {
  name: 'ls',
  usage: 'ls [<folder>]',
  summary: 'the files of a folder of the workspace',
  details: `Behind a name: / a folder, @ a symbolic link, = something else, ? a name that is
not UTF-8 and cannot be reached. Times are UTC.

JSON: one entry {name, type, size, mtime} a line.
`,
  options: {},
  async run(context) {
    const path = atMost(context, 1)[0] ?? '.'
    for await (const entry of entriesOf(context, path)) context.say(entryLine(entry), { event: 'entry', ...entry })
    return EXIT.ok
  },
}

export const cat: Sub = {
  name: 'cat',
  usage: 'cat <file>',
  summary: 'write a file of the workspace to standard output',
  details: `Byte for byte; on a terminal without what would be obeyed there.

JSON: one piece {offset, size, content} a line; content is base64url.
`,
  options: {},
  async run(context) {
    const { output } = context
    const [path] = atMost(context, 1)
    if (path === undefined) throw new UsageError('cat wants a file.')
    const decoder = new TextDecoder()
    for await (const { offset, bytes, size } of readFile(context.controller, path)) {
      if (context.json) {
        context.say('', { event: 'piece', offset, size, content: Buffer.from(bytes).toString('base64url') })
      } else await output.write(output.isScreen ? safeText(decoder.decode(bytes, { stream: true })) : bytes)
      if (context.signal.aborted) throw givenUp()
    }
    return EXIT.ok
  },
}

export const get: Sub = {
  name: 'get',
  usage: 'get <file> [<local file>]',
  summary: 'fetch a file of the workspace',
  details: `  --force   over a file that is there already

JSON: fetched {path, file, size}.
`,
  options: { force: { type: 'boolean' } },
  async run(context) {
    const [path, named] = atMost(context, 2)
    if (path === undefined) throw new UsageError('get wants a file of the workspace.')
    const file = named ?? basename(path)
    if (!context.flags.force && existsSync(file)) throw inTheWay(file, 'here')
    const size = await fetchTo(context, path, file)
    context.say(`${exactText(file)}: ${amount(size)}.`, { event: 'fetched', path, file, size })
    return EXIT.ok
  },
}

/** Beside its place first, so that nobody takes half of it for the whole. */
async function fetchTo({ controller, output, json, signal }: SubContext, path: string, file: string): Promise<number> {
  const beside = join(dirname(file), `.${basename(file)}.${randomBytes(4).toString('hex')}.part`)
  const handle = await open(beside, 'wx')
  const progress = output.progress(exactText(path))
  // Whoever gives up may end the program before anything is thrown here.
  const giveUp = () => void rm(beside, { force: true })
  signal.addEventListener('abort', giveUp)
  let size = 0
  try {
    for await (const piece of readFile(controller, path)) {
      await handle.writeFile(piece.bytes)
      size = piece.size
      if (!json) progress.show(piece.offset + piece.bytes.length, size)
      if (signal.aborted) throw givenUp()
    }
    await handle.close()
    await rename(beside, file)
    return size
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
    progress.end()
    await handle.close()
  }
}

export const put: Sub = {
  name: 'put',
  usage: 'put <local file> <file>',
  summary: 'put a file into the workspace',
  details: `A path that ends in / is a folder, and the file keeps its name.

  --force   over a file that is there already

JSON: written {path, file, size, sha256, version}.
`,
  options: { force: { type: 'boolean' } },
  async run(context) {
    const [file, place] = atMost(context, 2)
    if (file === undefined || place === undefined)
      throw new UsageError('put wants a file and its place in the workspace.')
    const path = place.endsWith('/') ? `${place}${basename(file)}` : place
    const handle = await open(file)
    try {
      const { sha256, size, version } = await send(context, handle, path)
      context.say(`${exactText(path)}: ${amount(size)}.`, { event: 'written', path, file, size, sha256, version })
      return EXIT.ok
    } finally {
      await handle.close()
    }
  },
}

async function send({ controller, output, json, flags, signal }: SubContext, handle: FileHandle, path: string) {
  const { size } = await handle.stat()
  const progress = output.progress(exactText(path))
  const source: Source = {
    size,
    read: async (offset, length) => {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, offset)
      if (bytesRead === length) return buffer
      throw new Failure(EXIT.failed, 'conflict', 'The file became shorter while it was read.')
    },
  }
  try {
    return await writeFile(controller, path, source, {
      ...(!flags.force && { expectedHash: null }),
      onProgress: (sent) => {
        if (!json) progress.show(sent, size)
        if (signal.aborted) throw givenUp()
      },
    })
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'conflict') throw inTheWay(path, 'there')
    throw error
  } finally {
    progress.end()
  }
}

const inTheWay = (file: string, where: string) =>
  new Failure(EXIT.failed, 'conflict', `${exactText(file)} is ${where} already; --force puts the file in its place.`)

function atMost({ words }: SubContext, most: number): readonly string[] {
  if (words.length <= most) return words
  throw new UsageError(`${JSON.stringify(words[most])} is one word too many; a name with spaces is quoted.`)
}
