// What goes with a prompt: checked before it is accepted (spec/rpc.md, Attachments).

import { isUtf8 } from 'node:buffer'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { AttachmentFacts } from '@happy-remote/schemas/rpc/attachment.ts'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import type { Static } from 'typebox'
import { sha256 } from '../crypto/primitives.ts'
import { bytesOf } from './content.ts'

export type AttachmentKind = 'image' | 'text'

export interface Attachment {
  readonly kind: AttachmentKind
  readonly name: string
  readonly mediaType: string
  readonly bytes: Buffer
}

/** Throws `invalid-params` (rpc.attachment.text). */
export function attachmentsOf({ attachments = [] }: Params<'claude.sendMessage'>): Attachment[] {
  return attachments.map(({ name, mediaType, data }) => {
    const bytes = bytesOf(data, 'base64url')
    const kind = mediaType.startsWith('image/') ? 'image' : 'text'
    if (kind === 'text' && !isUtf8(bytes)) {
      throw new ProtocolError('invalid-params', 'Cannot take an attachment: it is no image, and not text in UTF-8')
    }
    return { kind, name, mediaType, bytes }
  })
}

/** Throws `unsupported` for the first that is none of `takes` (rpc.attachment.unsupported). */
export function expectTaken(attachments: readonly Attachment[], takes: readonly AttachmentKind[]): void {
  const refused = attachments.find(({ kind }) => !takes.includes(kind))
  if (!refused) return
  const what = refused.kind === 'image' ? 'images' : 'files of text'
  throw new ProtocolError('unsupported', `Cannot take the prompt: the assistant takes no ${what}`, {
    kind: refused.kind,
  })
}

/** rpc.attachment.told */
export const factsOf = ({ name, mediaType, bytes }: Attachment): Static<typeof AttachmentFacts> => ({
  name,
  mediaType,
  size: bytes.length,
  sha256: Buffer.from(sha256(bytes)).toString('base64url'),
})
