import { Type } from 'typebox'
import { defineMethod, Empty } from './method.ts'
import { Pause } from './pause.ts'
import { PermissionRequest } from './permission.ts'

export const ClaudeState = Type.Union([Type.Literal('idle'), Type.Literal('running'), Type.Literal('needs-answer')])
const orNull = Type.Union([Type.String(), Type.Null()])

export const claudeGetStatus = defineMethod({
  name: 'claude.getStatus',
  kind: 'read',
  capability: 'observe',
  doc: 'What the assistant does now, and what it waits for.',
  params: Empty,
  result: Type.Object({
    state: ClaudeState,
    conversationId: orNull,
    mode: orNull,
    model: orNull,
    queued: Type.Integer({
      minimum: 0,
      description: 'Prompts that wait behind the running turn, or for the end of a pause.',
    }),
    pending: Type.Array(PermissionRequest),
    paused: Type.Optional(Pause),
  }),
  errors: [],
})
