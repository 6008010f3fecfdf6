// Images and files of text that go with a prompt (spec/rpc.md, Attachments).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { EventParams, Params } from '@happy-remote/schemas/rpc/registry.ts'
import { toBase64url } from '../crypto/base64url.ts'
import { copy } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'
import { decoded } from './content.ts'

export type AttachmentKind = 'image' | 'text'

export interface Attachment {
  readonly kind: AttachmentKind
  readonly name: string
  readonly mediaType: string
  readonly bytes: Uint8Array
  /** Of one of the kind `text`. */
  readonly text: string
}

/** Throws ProtocolError `invalid-params`. */
export function readAttachments({ attachments = [] }: Params<'claude.sendMessage'>): readonly Attachment[] {
  return attachments.map(({ name, mediaType, data }) => {
    const bytes = decoded(data, 'base64url')
    if (mediaType.startsWith('image/')) return { kind: 'image', name, mediaType, bytes, text: '' }
    return { kind: 'text', name, mediaType, bytes, text: textOf(bytes) }
  })
}

/** rpc.attachment.text */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new ProtocolError('invalid-params', 'Cannot take an attachment: what is no image has to be text in UTF-8')
  }
}

/** Throws ProtocolError `unsupported` where one is of a kind that the assistant does not take. */
export function checkTaken(attachments: readonly Attachment[], takes: readonly AttachmentKind[]): void {
  for (const { kind } of attachments) {
    if (takes.includes(kind)) continue
    // rpc.attachment.unsupported
    throw new ProtocolError('unsupported', `Cannot give a prompt: the assistant takes no ${kind} with it`, { kind })
  }
}

/** What everybody is told of them (rpc.attachment.told); nothing where there are none. */
export function toldOf(attachments: readonly Attachment[]): Pick<EventParams<'claude.message'>, 'attachments'> {
  if (attachments.length === 0) return {}
  const facts = attachments.map(({ name, mediaType, bytes }) => ({
    ...{ name, mediaType, size: bytes.length },
    sha256: toBase64url(hash(copy(bytes))),
  }))
  return { attachments: facts }
}
