import { Type } from 'typebox'
import { defineMethod } from './method.ts'

export const claudeCancel = defineMethod({
  name: 'claude.cancel',
  kind: 'command',
  capability: 'prompt',
  doc: 'Stops the running turn, and with `turn-and-queue` also what waits behind it.',
  params: Type.Object({ scope: Type.Union([Type.Literal('turn'), Type.Literal('turn-and-queue')]) }),
  result: Type.Object({ success: Type.Boolean({ description: 'Whether there was something to cancel.' }) }),
  errors: ['assistant-unavailable'],
})
