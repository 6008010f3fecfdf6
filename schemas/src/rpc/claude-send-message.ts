import { Type } from 'typebox'
import { ATTACHMENTS_MAX, Attachment } from './attachment.ts'
import { defineMethod, Uuid } from './method.ts'

export const claudeSendMessage = defineMethod({
  name: 'claude.sendMessage',
  kind: 'command',
  capability: 'prompt',
  doc: 'Gives the assistant a prompt. Answers on acceptance; progress is told by events.',
  params: Type.Object({
    prompt: Type.String({ minLength: 1 }),
    conversationId: Type.Optional(Type.String({ description: 'The one that is open, where it is named at all.' })),
    attachments: Type.Optional(Type.Array(Attachment, { minItems: 1, maxItems: ATTACHMENTS_MAX })),
  }),
  result: Type.Object({
    messageId: Uuid,
    state: Type.Union([Type.Literal('started'), Type.Literal('queued')], {
      description: 'queued while another turn runs',
    }),
  }),
  errors: ['assistant-unavailable', 'not-found', 'unsupported', 'paused'],
})
