import { Type } from 'typebox'
import { defineMethod, Empty, Offset } from './method.ts'
import { StreamId } from './terminal.ts'

export const streamCredit = defineMethod({
  name: 'stream.credit',
  kind: 'read',
  capability: 'observe',
  doc: 'Lets a terminal stream run up to an absolute offset; a lost grant is repaired by the next.',
  params: Type.Object({ streamId: StreamId, upTo: Offset }),
  result: Empty,
  errors: ['not-found'],
})
