// The methods of the assistant: spec/rpc.md, application.md 3 and 4.

import type { Conversation } from '../conversation.ts'
import type { Handlers } from '../handler.ts'
import type { PermissionBook } from '../permissions.ts'
import type { QuestionBook } from '../questions.ts'

type ClaudeMethod =
  | 'claude.sendMessage'
  | 'claude.cancel'
  | 'claude.getStatus'
  | 'claude.listConversations'
  | 'claude.openConversation'
  | 'permission.answer'
  | 'question.answer'

export function claudeHandlers(
  conversation: Conversation,
  permissions: PermissionBook,
  questions: QuestionBook,
): Pick<Handlers, ClaudeMethod> {
  return {
    'claude.sendMessage': (params, _caller, id) => conversation.send(params, id),
    'claude.cancel': ({ scope }, { deviceId }) => conversation.cancel(scope, deviceId),
    'claude.getStatus': () => conversation.status(),
    'claude.listConversations': (params) => conversation.list(params),
    'claude.openConversation': (params) => conversation.open(params),
    'permission.answer': (params, { deviceId }) => permissions.answer(params, deviceId),
    'question.answer': (params, { deviceId }) => questions.answer(params, deviceId),
  }
}
