// The files that go with a prompt.

import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { limits } from '@happy-remote/schemas/limits.ts'
import { ATTACHMENTS_MAX } from '@happy-remote/schemas/rpc/attachment.ts'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure, systemReason } from '../failure.ts'
import { safeLine } from '../safe-text.ts'

type Attached = Pick<Params<'claude.sendMessage'>, 'attachments'>

const IMAGES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
}

/** Characters of base64url that leave room for the prompt in a body that every agent takes. */
const ROOM = limits.bodyLeast - 65_536

/** `--attach a,b`. Throws UsageError, and Failure where a file cannot go with a prompt. */
export async function attachedFiles(list: string | boolean | undefined): Promise<Attached> {
  if (typeof list !== 'string') return {}
  const paths = list.split(',')
  if (paths.includes('')) throw new UsageError('--attach takes the names of files, with commas between.')
  if (paths.length > ATTACHMENTS_MAX) throw new UsageError(`--attach takes at most ${ATTACHMENTS_MAX} files.`)
  const attachments = await Promise.all(paths.map(attachment))
  if (attachments.reduce((sum, { data }) => sum + data.length, 0) > ROOM) {
    const text = 'The attachments are too large for a prompt; put them into the workspace and name their path.'
    throw new Failure(EXIT.failed, 'too-large', text)
  }
  return { attachments }
}

async function attachment(path: string): Promise<NonNullable<Attached['attachments']>[number]> {
  const refused = (why: string) => new Failure(EXIT.failed, 'failed', `Cannot attach "${safeLine(path)}": ${why}.`)
  const bytes = await readFile(path).catch((error: unknown) => {
    throw refused(systemReason(error))
  })
  const mediaType = IMAGES[extname(path).toLowerCase()] ?? 'text/plain'
  if (mediaType === 'text/plain' && !isUtf8(bytes)) throw refused('it is no image, and not text in UTF-8')
  return { name: basename(path), mediaType, data: bytes.toString('base64url') }
}
