// `happy-remote control conversations` and `open`.

import { limits } from '@happy-remote/schemas/limits.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller } from '../../controller/controller.ts'
import { safeLine } from '../../controller/safe-text.ts'
import { CommandFailure, EXIT_FAILED, EXIT_OK, EXIT_USAGE, UsageError } from '../command.ts'
import type { Subject } from './subject.ts'

type Listed = Result<'claude.listConversations'>['conversations'][number]

const DEFAULT = 20

/** The newest `most`, or all. */
async function list(controller: Controller, most: number): Promise<Listed[]> {
  const all: Listed[] = []
  for (;;) {
    const after = all.at(-1)?.conversationId
    const limit = Math.min(most - all.length, limits.conversationPage)
    const page = await controller.call('claude.listConversations', { limit, ...(after !== undefined && { after }) })
    all.push(...page.conversations)
    if (!page.more || page.conversations.length === 0 || all.length >= most) return all
  }
}

export async function conversations(
  { controller, say, io, json }: Subject,
  wanted: string | undefined,
): Promise<number> {
  const most = Number(wanted ?? DEFAULT)
  if (!Number.isSafeInteger(most) || most < 1) throw new UsageError('--limit takes a number from 1 on')
  const found = await list(controller, most)
  for (const one of found) {
    const { conversationId, title, lastUsedAt, open } = one
    const words = safeLine(title) || '(nothing was said yet)'
    const used = new Date(lastUsedAt).toISOString().slice(0, 16).replace('T', ' ')
    say('conversation', one, `${open ? '*' : ' '} ${conversationId.slice(0, 8)}  ${used}  ${words}`)
  }
  if (found.length === 0 && !json) io.out('There is no conversation yet.')
  return EXIT_OK
}

/** `beginning` of its id; without one, a new conversation. */
export async function open({ controller, say }: Subject, beginning?: string): Promise<number> {
  const params = beginning === undefined ? { new: true as const } : { id: await idOf(controller, beginning) }
  const { conversationId } = await controller.call('claude.openConversation', params)
  say('opened', { conversationId }, `Conversation ${conversationId.slice(0, 8)} is open`)
  return EXIT_OK
}

async function idOf(controller: Controller, beginning: string): Promise<string> {
  const all = await list(controller, Number.POSITIVE_INFINITY)
  const found = all.filter(({ conversationId }) => conversationId.startsWith(beginning.toLowerCase()))
  if (found.length > 1) {
    throw new CommandFailure('Several conversations begin so; give more of the id', EXIT_USAGE, 'usage')
  }
  if (!found[0]) throw new CommandFailure('There is no such conversation', EXIT_FAILED, 'not-found')
  return found[0].conversationId
}

/** Throws UsageError. */
export function checkOpen(words: readonly string[], isNew: boolean): void {
  const [beginning] = words
  if ((beginning !== undefined) === isNew || beginning === '') {
    throw new UsageError('Give the beginning of the id of a conversation, or --new')
  }
}
