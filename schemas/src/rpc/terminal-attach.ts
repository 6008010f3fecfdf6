import { Type } from 'typebox'
import { defineMethod, Offset } from './method.ts'
import { Cols, Rows, TerminalAttachment, TerminalId } from './terminal.ts'

export const terminalAttach = defineMethod({
  name: 'terminal.attach',
  kind: 'read',
  capability: 'terminal',
  doc: 'Attaches the caller to a terminal from `afterOffset`, or from the oldest byte kept.',
  params: Type.Object({ terminalId: TerminalId, afterOffset: Type.Optional(Offset) }),
  result: Type.Object({
    ...TerminalAttachment,
    cols: Cols,
    rows: Rows,
    running: Type.Boolean(),
    gap: Type.Optional(
      Type.Object(
        { from: Offset, to: Offset },
        { description: 'Asked for, but no longer kept: from, up to but without to.' },
      ),
    ),
  }),
  errors: ['not-found'],
})
