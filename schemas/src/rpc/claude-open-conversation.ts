import { Type } from 'typebox'
import { ConversationId } from './claude-list-conversations.ts'
import { defineMethod } from './method.ts'

export const claudeOpenConversation = defineMethod({
  name: 'claude.openConversation',
  kind: 'command',
  capability: 'prompt',
  doc: 'Opens a conversation of the list, or with `new` another one; prompts go to the one that is open.',
  params: Type.Object({
    id: Type.Optional(ConversationId),
    new: Type.Optional(Type.Literal(true)),
  }),
  result: Type.Object({ conversationId: ConversationId }),
  errors: ['assistant-unavailable', 'not-found', 'paused'],
})
