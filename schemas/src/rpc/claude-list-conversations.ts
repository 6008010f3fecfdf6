import { Type } from 'typebox'
import { limits } from '../limits.ts'
import { defineMethod, Timestamp, Uuid } from './method.ts'

export const ConversationId = Uuid

export const claudeListConversations = defineMethod({
  name: 'claude.listConversations',
  kind: 'read',
  capability: 'observe',
  doc: 'The conversations of the agent, the newest first, those behind `after`; `more` tells that others follow.',
  params: Type.Object({
    limit: Type.Integer({ minimum: 1, maximum: limits.conversationPage }),
    after: Type.Optional(ConversationId),
  }),
  result: Type.Object({
    conversations: Type.Array(
      Type.Object({
        conversationId: ConversationId,
        title: Type.String({
          maxLength: limits.conversationTitle,
          description: 'The beginning of the first prompt; empty before that.',
        }),
        createdAt: Timestamp,
        lastUsedAt: Type.Integer({ ...Timestamp, description: 'When a prompt was given last, or it was opened.' }),
        open: Type.Boolean(),
      }),
      { maxItems: limits.conversationPage },
    ),
    more: Type.Boolean(),
  }),
  errors: ['not-found'],
})
