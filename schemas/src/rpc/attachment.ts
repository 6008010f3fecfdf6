// What goes with a prompt; claude-send-message.ts and events.ts use it.

import { Type } from 'typebox'
import { limits } from '../limits.ts'
import { ContentHash, FileSize } from './file.ts'

const described = {
  name: Type.String({ minLength: 1, maxLength: 255, description: 'Of a file, without folders; for people.' }),
  mediaType: Type.String({
    pattern: '^[a-z]+/[a-z0-9.+-]+$',
    maxLength: 127,
    description: 'What begins with `image/` is an image, everything else is text in UTF-8.',
  }),
}

export const Attachment = Type.Object({
  ...described,
  data: Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength: limits.bodyLeast, description: 'base64url' }),
})

/** An attachment without its bytes. */
export const AttachmentFacts = Type.Object({ ...described, size: FileSize, sha256: ContentHash })

export const ATTACHMENTS_MAX = 10
