// `happy-remote control ls | cat | get | put`

import { basename, dirname, join } from 'node:path'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { CallFailure } from '../../controller/failure.ts'
import { type FileContent, filePieces, putFile } from '../../controller/files.ts'
import { exactText, safeText } from '../../controller/safe-text.ts'
import { toBase64url } from '../../crypto/base64url.ts'
import { CommandFailure, EXIT_OK, UsageError } from '../command.ts'
import { inUnits, showProgress } from './progress.ts'
import type { Subject } from './subject.ts'

type Entry = Result<'file.list'>['entries'][number]

const MARKS: Readonly<Record<Entry['type'], string>> = {
  file: '',
  folder: '/',
  link: '@',
  other: '=',
  unreachable: '?',
}

export async function ls({ controller, say }: Subject, path = '.'): Promise<number> {
  let page: Result<'file.list'> = { entries: [], more: true }
  for (let after: string | undefined; page.more; after = page.entries.at(-1)?.name) {
    const behind = after === undefined ? {} : { after }
    page = await controller.call('file.list', { path, limit: limits.fileEntries, ...behind })
    for (const entry of page.entries) say('entry', entry, lineOf(entry))
  }
  return EXIT_OK
}

function lineOf({ name, type, size, mtime }: Entry): string {
  const time = mtime === undefined ? '' : new Date(mtime).toISOString().slice(0, 16).replace('T', ' ')
  return `${(size === undefined ? '' : inUnits(size)).padEnd(10)} ${time.padEnd(16)}  ${exactText(name)}${MARKS[type]}`
}

export async function cat({ controller, say, json }: Subject, path: string | undefined): Promise<number> {
  if (path === undefined) throw new UsageError('cat takes a file')
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  const isTerminal = Deno.stdout.isTerminal()
  for await (const { offset, bytes, size } of filePieces(controller, path)) {
    if (json) say('piece', { offset, size, content: toBase64url(bytes) }, '')
    // rpc.show.data: a terminal would obey what is in the file
    else await toOutput(isTerminal ? encoder.encode(safeText(decoder.decode(bytes, { stream: true }))) : bytes)
  }
  return EXIT_OK
}

async function toOutput(bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += await Deno.stdout.write(bytes.subarray(done))
}

export async function get(subject: Subject, path: string | undefined, named: string | undefined, force: boolean) {
  if (path === undefined) throw new UsageError('get takes a file of the workspace')
  const file = named ?? basename(path)
  if (!force && (await isThere(file))) throw inTheWay(file, 'here')
  // Beside its place, so that half a file is never taken for a whole one.
  const beside = join(dirname(file), `.${basename(file)}.${crypto.randomUUID().slice(0, 8)}.part`)
  const size = await fetched(subject, path, beside)
  await Deno.rename(beside, file)
  subject.say('fetched', { path, file, size }, `${exactText(file)}: ${inUnits(size)}`)
  return EXIT_OK
}

const isThere = (file: string): Promise<boolean> =>
  Deno.lstat(file).then(
    () => true,
    () => false,
  )

/** Its size. Leaves nothing behind where it fails, or is given up. */
async function fetched({ controller, json }: Subject, path: string, file: string): Promise<number> {
  using output = await local(() => Deno.open(file, { write: true, createNew: true }))
  using progress = showProgress(path, json)
  const remove = () => {
    try {
      Deno.removeSync(file)
    } catch {
      // It is gone already, or the disk is.
    }
  }
  // With Ctrl-C the program ends without coming back here.
  globalThis.addEventListener('unload', remove)
  let all = 0
  try {
    for await (const { offset, bytes, size } of filePieces(controller, path)) {
      for (let done = 0; done < bytes.length; ) done += await output.write(bytes.subarray(done))
      progress.show(offset + bytes.length, size)
      all = size
    }
    return all
  } catch (error) {
    remove()
    throw error
  } finally {
    globalThis.removeEventListener('unload', remove)
  }
}

export async function put(subject: Subject, file: string | undefined, place: string | undefined, force: boolean) {
  if (file === undefined || place === undefined)
    throw new UsageError('put takes a file, and its place in the workspace')
  const path = place.endsWith('/') ? `${place}${basename(file)}` : place
  const written = await sent(subject, file, path, force)
  const { sha256, size, version } = written
  subject.say('written', { path, file, size, sha256, version }, `${exactText(path)}: ${inUnits(size)}`)
  return EXIT_OK
}

async function sent({ controller, json }: Subject, file: string, path: string, force: boolean) {
  using input = await local(() => Deno.open(file))
  const { size } = await input.stat()
  using progress = showProgress(path, json)
  const options = { ...(!force && { expectedHash: null }), arrived: (bytes: number) => progress.show(bytes, size) }
  try {
    return await putFile(controller, path, contentOf(input, size), options)
  } catch (error) {
    throw error instanceof CallFailure && error.code === 'conflict' ? inTheWay(path, 'there') : error
  }
}

const contentOf = (file: Deno.FsFile, size: number): FileContent => ({
  size,
  async read(offset, length) {
    const bytes = new Uint8Array(length)
    await file.seek(offset, Deno.SeekMode.Start)
    for (let done = 0; done < length; ) {
      const read = await file.read(bytes.subarray(done))
      if (read === null) throw new CommandFailure('The file became shorter while it was read', 1, 'conflict')
      done += read
    }
    return bytes
  },
})

/** What goes wrong with a file of this computer, in words. */
async function local<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw new CommandFailure(error instanceof Error ? error.message : String(error), 1, 'system')
  }
}

const inTheWay = (file: string, where: string) =>
  new CommandFailure(`${exactText(file)} is ${where} already; --force puts the file in its place`, 1, 'conflict')
