import { Type } from 'typebox'
import { defineMethod, Empty } from './method.ts'
import { Pause } from './pause.ts'
import { PermissionRequest } from './permission.ts'
import { QuestionRequest } from './question.ts'

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
    questions: Type.Optional(
      Type.Array(QuestionRequest, { description: 'Those that wait; absent where there are none.' }),
    ),
    paused: Type.Optional(Pause),
  }),
  errors: [],
})
