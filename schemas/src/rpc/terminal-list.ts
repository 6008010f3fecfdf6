import { Type } from 'typebox'
import { defineMethod, Empty } from './method.ts'
import { TerminalSummary } from './terminal.ts'

export const terminalList = defineMethod({
  name: 'terminal.list',
  kind: 'read',
  capability: 'terminal',
  doc: 'The terminals of the agent.',
  params: Empty,
  result: Type.Object({ terminals: Type.Array(TerminalSummary) }),
  errors: [],
})
