import { Type } from 'typebox'
import { defineMethod } from './method.ts'
import { Cols, Rows, TerminalAttachment } from './terminal.ts'

export const terminalOpen = defineMethod({
  name: 'terminal.open',
  kind: 'command',
  capability: 'terminal',
  doc: "Starts the user's shell, or a command, in a pty and attaches the caller to its output.",
  params: Type.Object({
    cols: Cols,
    rows: Rows,
    cwd: Type.Optional(Type.String({ description: 'Relative to the workspace.' })),
    command: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 256 })),
  }),
  result: Type.Object(TerminalAttachment),
  errors: ['not-found', 'path-outside-workspace', 'paused'],
})
