// The conversations with the assistant of a computer: which there are, and opening another one.

import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { batch, computed, signal } from '@preact/signals'
import type { Controller } from '../../controller/controller.ts'
import { CallFailure } from '../../controller/failure.ts'

export type Summary = Result<'claude.listConversations'>['conversations'][number]
/** One of the list, or a new one. */
export type Wanted = Params<'claude.openConversation'>

/** Of the list, at once. */
const PAGE = 50

export class Conversations {
  /** Those that were read, the newest first; undefined before the first answer. */
  readonly list = signal<readonly Summary[] | undefined>(undefined)
  readonly hasMore = signal(false)
  readonly open = computed(() => this.list.value?.find(({ open }) => open))
  readonly #controller: Pick<Controller, 'call'>

  constructor(controller: Pick<Controller, 'call'>) {
    this.#controller = controller
  }

  /** The beginning of the list. Throws CallFailure. */
  async read(): Promise<void> {
    const { conversations, more } = await this.#controller.call('claude.listConversations', { limit: PAGE })
    batch(() => {
      this.list.value = conversations
      this.hasMore.value = more
    })
  }

  /** What follows what is here. Throws CallFailure. */
  async readMore(): Promise<void> {
    const known = this.list.value ?? []
    const after = known.at(-1)?.conversationId
    if (after === undefined) return this.read()
    try {
      const page = await this.#controller.call('claude.listConversations', { limit: PAGE, after })
      batch(() => {
        this.list.value = [...known, ...page.conversations]
        this.hasMore.value = page.more
      })
    } catch (error) {
      // rpc.conversation.after: it has gone meanwhile
      if (!(error instanceof CallFailure && error.code === 'not-found')) throw error
      await this.read()
    }
  }

  /** Throws CallFailure: `busy` where something runs or waits in the one that is open. */
  async take(wanted: Wanted): Promise<void> {
    await this.#controller.call('claude.openConversation', wanted)
    await this.read()
  }
}
