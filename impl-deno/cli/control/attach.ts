// `--attach`: files of this computer that go with a prompt.

import { limits } from '@happy-remote/schemas/limits.ts'
import { ATTACHMENTS_MAX } from '@happy-remote/schemas/rpc/attachment.ts'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import { safeLine } from '../../controller/safe-text.ts'
import { toBase64url } from '../../crypto/base64url.ts'
import { CommandFailure, EXIT_FAILED, UsageError } from '../command.ts'

type Attached = Pick<Params<'claude.sendMessage'>, 'attachments'>

const IMAGES: Readonly<Record<string, string>> = {
  ...{ png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp' },
}

/** For the prompt itself, in a body that every agent takes. */
const PROMPT_ROOM = 65_536

/** `names` with commas between. Throws UsageError, or CommandFailure for what cannot go with a prompt. */
export async function attached(names: string | undefined): Promise<Attached> {
  if (names === undefined) return {}
  const paths = names.split(',')
  if (paths.includes('')) throw new UsageError('--attach takes names of files, with commas between')
  if (paths.length > ATTACHMENTS_MAX) throw new UsageError(`--attach takes no more than ${ATTACHMENTS_MAX} files`)
  const attachments = await Promise.all(paths.map(read))
  const size = attachments.reduce((sum, { data }) => sum + data.length, 0)
  if (size > limits.bodyLeast - PROMPT_ROOM) {
    const why = 'The attachments are too large; put them into the workspace and name them in the prompt'
    throw new CommandFailure(why, EXIT_FAILED, 'too-large')
  }
  return { attachments }
}

async function read(path: string) {
  const name = path.split('/').at(-1) || path
  const mediaType = IMAGES[name.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'text/plain'
  try {
    const bytes = await Deno.readFile(path)
    if (mediaType === 'text/plain') new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { name, mediaType, data: toBase64url(bytes) }
  } catch (error) {
    const why = error instanceof TypeError ? 'it is no image, and not text in UTF-8' : (error as Error).message
    throw new CommandFailure(`${safeLine(path)} cannot be attached: ${safeLine(why)}`)
  }
}
