import type { Handlers } from '../caller.ts'
import type { Conversation } from '../conversation.ts'

type Names =
  | 'claude.sendMessage'
  | 'claude.cancel'
  | 'claude.getStatus'
  | 'claude.listConversations'
  | 'claude.openConversation'
  | 'permission.answer'
  | 'question.answer'

export const claudeMethods = (conversation: Conversation): Pick<Handlers, Names> => ({
  'claude.sendMessage': async (params) => ({ result: await conversation.send(params) }),
  'claude.cancel': ({ scope }, { device }) => ({ result: { success: conversation.cancel(scope, device) } }),
  'claude.getStatus': () => ({ result: conversation.status }),
  'claude.listConversations': (params) => ({ result: conversation.list(params) }),
  'claude.openConversation': async (params) => ({ result: await conversation.open(params) }),
  'permission.answer': (params, { device }) => ({ result: conversation.permissions.answer(params, device) }),
  'question.answer': (params, { device }) => ({ result: conversation.questions.answer(params, device) }),
})
