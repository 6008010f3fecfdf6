import { Type } from 'typebox'
import { PIECE_TEXT_MAX } from './file.ts'
import { defineMethod, Offset, Uuid } from './method.ts'

export const fileUpload = defineMethod({
  name: 'file.upload',
  kind: 'write',
  capability: 'files',
  doc: 'Hands over a piece of what `file.write` will put in place. `offset` is the number of bytes accepted so far.',
  params: Type.Object({
    upload: Uuid,
    offset: Offset,
    data: Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength: PIECE_TEXT_MAX, description: 'base64url' }),
  }),
  result: Type.Object({ offset: Offset }),
  errors: ['paused'],
})
