import { Type } from 'typebox'
import { defineMethod, Empty } from './method.ts'
import { TerminalId } from './terminal.ts'

export const terminalClose = defineMethod({
  name: 'terminal.close',
  kind: 'command',
  capability: 'terminal',
  doc: 'Ends a terminal and what runs in it.',
  params: Type.Object({ terminalId: TerminalId }),
  result: Empty,
  errors: ['not-found', 'paused'],
})
