// `control conversations` and `control open`: what was talked about, and in which conversation it goes on.

import { limits } from '@happy-remote/schemas/limits.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller } from '../../controller/controller.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure } from '../failure.ts'
import { safeLine } from '../safe-text.ts'
import { ago } from '../state.ts'
import { fit } from '../terminal/columns.ts'
import type { Sub } from './sub.ts'

const DEFAULT_LIMIT = 20

type Conversation = Result<'claude.listConversations'>['conversations'][number]

/** The newest first, at most `most` of them. */
async function* listed(controller: Controller, most = Number.POSITIVE_INFINITY): AsyncGenerator<Conversation> {
  let after: string | undefined
  for (let left = most; left > 0; ) {
    const limit = Math.min(left, limits.conversationPage)
    const { conversations, more } = await controller.call('claude.listConversations', {
      limit,
      ...(after && { after }),
    })
    yield* conversations
    after = conversations.at(-1)?.conversationId
    if (!more || after === undefined) return
    left -= conversations.length
  }
}

const lineOf = ({ conversationId, title, lastUsedAt, open }: Conversation): string =>
  `${open ? '*' : ' '} ${conversationId.slice(0, 8)}  ${fit(ago(lastUsedAt), 12)} ${safeLine(title, 80) || '(nothing was said yet)'}`

async function conversationLines(controller: Controller, most: number): Promise<string[]> {
  const lines: string[] = []
  for await (const conversation of listed(controller, most)) lines.push(lineOf(conversation))
  return lines.length > 0 ? lines : ['There is no conversation yet.']
}

/** Opens the one whose id begins so, or a new one. Throws Failure where none does, or several do. */
async function openConversation(controller: Controller, beginning: string | null): Promise<string> {
  if (beginning === null) return (await controller.call('claude.openConversation', { new: true })).conversationId
  const found: string[] = []
  for await (const { conversationId } of listed(controller)) {
    if (conversationId.startsWith(beginning.toLowerCase())) found.push(conversationId)
  }
  const [id, ...others] = found
  if (id === undefined) throw new Failure(EXIT.failed, 'not-found', 'There is no such conversation.')
  if (others.length > 0) throw new Failure(EXIT.usage, 'usage', 'Several conversations begin so; give more of the id.')
  return (await controller.call('claude.openConversation', { id })).conversationId
}

export const conversations: Sub = {
  name: 'conversations',
  usage: 'conversations',
  summary: 'the conversations with the assistant, the newest first',
  details: `  --limit <number>     how many at most; default ${DEFAULT_LIMIT}

The one that is open is marked with *; prompts go to it.

JSON: one conversation {conversationId, title, createdAt, lastUsedAt, open} a
line.
`,
  options: { limit: { type: 'string' } },
  async run({ controller, flags, say, output, json }) {
    const limit = Number(flags.limit ?? DEFAULT_LIMIT)
    if (!Number.isSafeInteger(limit) || limit < 1) throw new UsageError('--limit takes a number from 1 on.')
    if (json) {
      for await (const each of listed(controller, limit)) say('', { event: 'conversation', ...each })
    } else output.write(`${(await conversationLines(controller, limit)).join('\n')}\n`)
    return EXIT.ok
  },
}

export const open: Sub = {
  name: 'open',
  usage: 'open <id> | open --new',
  summary: 'go on in another conversation, for every device',
  details: `  --new                begin a new one

The beginning of an id is enough; \`control conversations\` lists them. While the
assistant works, or waits for an answer, no other one is opened.

JSON: opened {conversationId}.
`,
  options: { new: { type: 'boolean' } },
  async run({ controller, flags, words, say }) {
    const [beginning] = words
    if (words.length > 1 || (beginning !== undefined) === (flags.new === true) || beginning === '') {
      throw new UsageError('One conversation is needed: the beginning of its id, or --new.')
    }
    const conversationId = await openConversation(controller, beginning ?? null)
    say(`Conversation ${conversationId.slice(0, 8)} is open.`, { event: 'opened', conversationId })
    return EXIT.ok
  },
}
