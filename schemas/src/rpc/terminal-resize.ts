import { Type } from 'typebox'
import { defineMethod, Empty } from './method.ts'
import { Cols, Rows, TerminalId } from './terminal.ts'

export const terminalResize = defineMethod({
  name: 'terminal.resize',
  kind: 'command',
  capability: 'terminal',
  doc: 'Sets the size of a terminal; the last resize wins and every viewer is told.',
  params: Type.Object({ terminalId: TerminalId, cols: Cols, rows: Rows }),
  result: Empty,
  errors: ['not-found', 'paused'],
})
