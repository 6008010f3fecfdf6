import { Type } from 'typebox'
import { defineMethod, Offset } from './method.ts'
import { TerminalId } from './terminal.ts'

export const terminalWrite = defineMethod({
  name: 'terminal.write',
  kind: 'write',
  capability: 'terminal',
  doc: 'Types into a terminal. `offset` is the number of bytes accepted so far; any other is `conflict` with that number.',
  params: Type.Object({
    terminalId: TerminalId,
    offset: Offset,
    data: Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength: 43_692, description: 'base64url' }),
  }),
  result: Type.Object({ offset: Offset }),
  errors: ['not-found', 'paused'],
})
