// Steps about several conversations, of which one is open.

import { randomUUID } from 'node:crypto'
import { type DataTable, Given, Then, When } from '@cucumber/cucumber'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { type Caller, paramsOf, sceneOf, startAgent } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

type Listed = Result<'claude.listConversations'>['conversations'][number]

interface Had {
  /** By the prompt that began it, the newest last. */
  readonly ids: Map<string, string>
  /** What the steps speak of. */
  present: string
  /** What the assistant said last in each, before it was asked again. */
  readonly said: Map<string, unknown>
  /** Of the last page. */
  last: string
  request?: string
}

const scenarios = new WeakMap<SuiteWorld, Had>()
function had(world: SuiteWorld): Had {
  const known = scenarios.get(world)
  if (known) return known
  const made: Had = { ids: new Map(), present: '', said: new Map(), last: '' }
  scenarios.set(world, made)
  return made
}

function idOf(world: SuiteWorld, prompt: string): string {
  const id = had(world).ids.get(prompt)
  if (id === undefined) throw new SuiteError(`No step has begun a conversation of "${prompt}"`)
  return id
}

const first = (world: SuiteWorld): Caller => sceneOf(world).caller('controller')

Given('an agent under test, with an assistant that takes up conversations', async function (this: SuiteWorld) {
  await startAgent(this, { sessions: 'load' })
})

/** Gives a prompt to its end; resolves to the conversation in which it was told. */
async function prompted(world: SuiteWorld, text: string): Promise<string> {
  const caller = first(world)
  await sceneOf(world).prompt(caller, text)
  const { messageId } = await caller.result<{ messageId: string }>()
  await caller.rpc.event(
    'claude.messageState',
    (params) => params.messageId === messageId && params.state === 'completed',
    'end of a prompt',
  )
  const own = caller.rpc.events('claude.message').map(paramsOf)
  const id = String(own.find((params) => params.messageId === messageId)?.conversationId)
  had(world).said.set(id, lastSaid(caller)?.text)
  return id
}

function lastSaid(caller: Caller): Record<string, unknown> | undefined {
  return caller.rpc
    .events('claude.message')
    .map(paramsOf)
    .filter(({ role }) => role === 'assistant')
    .at(-1)
}

async function begun(world: SuiteWorld, text: string): Promise<void> {
  const { conversationId } = await first(world).rpc.call('claude.getStatus')
  if (conversationId !== null) await first(world).rpc.call('claude.openConversation', { new: true })
  const id = await prompted(world, text)
  had(world).ids.set(text, id)
  had(world).present = id
}

Given('a conversation of the prompt {string} is open', async function (this: SuiteWorld, text: string) {
  await begun(this, text)
})

const LONG = Array.from({ length: 5 }, (_, line) => `Line ${line} `.padEnd(39, 'of a long prompt ')).join('\n')

Given('a conversation of a prompt of 200 characters on 5 lines is open', async function (this: SuiteWorld) {
  await begun(this, LONG)
})

Given('another prompt {string} was given in it', async function (this: SuiteWorld, text: string) {
  await prompted(this, text)
})

// Opening.

When(
  '{caller} opens the conversation of {string} with {string}',
  async function (this: SuiteWorld, caller: Caller, prompt: string, method: string) {
    await caller.ask(method, { id: idOf(this, prompt) })
    had(this).request = idOf(this, prompt)
  },
)

When(
  '{caller} opens a new conversation with {string}',
  async function (this: SuiteWorld, caller: Caller, method: string) {
    await caller.ask(method, { new: true })
  },
)

When(
  '{caller} opens a conversation that there is not with {string}',
  async function (this: SuiteWorld, caller: Caller, method: string) {
    await caller.ask(method, { id: randomUUID() })
  },
)

When(
  '{caller} opens the conversation of {string} and a new one with {string}',
  async function (this: SuiteWorld, caller: Caller, prompt: string, method: string) {
    await caller.ask(method, { id: idOf(this, prompt), new: true })
  },
)

When(
  '{caller} opens a new conversation with {string}, and gives the prompt {string} at once',
  async function (this: SuiteWorld, caller: Caller, method: string, text: string) {
    await caller.ask(method, { new: true })
    await sceneOf(this).prompt(caller, text)
    await caller.result()
  },
)

Then('{caller} is answered with the id of that conversation', async function (this: SuiteWorld, caller: Caller) {
  const { conversationId } = await caller.result<{ conversationId: string }>()
  if (conversationId !== had(this).request)
    throw new Failed(`The conversation ${conversationId} is open, another was asked for`)
  had(this).present = conversationId
})

Then('{caller} is answered with the id of another conversation', async function (this: SuiteWorld, caller: Caller) {
  const { conversationId } = await caller.result<{ conversationId: string }>()
  const before = [...had(this).ids.values(), had(this).present]
  if (before.includes(conversationId)) throw new Failed('The new conversation has the id of another one')
  had(this).present = conversationId
})

When(
  '{caller} gives the prompt {string} for the conversation of {string}',
  async function (this: SuiteWorld, caller: Caller, text: string, of: string) {
    await sceneOf(this).prompt(caller, text, { conversationId: idOf(this, of) })
  },
)

Then(
  '{caller} is answered with the error "conflict", which names the one that is open',
  async function (this: SuiteWorld, caller: Caller) {
    const { data } = await caller.refusal('conflict')
    const named = (data as { conversationId?: unknown } | undefined)?.conversationId
    if (named !== had(this).present) throw new Failed(`The error names the conversation ${named}`)
  },
)

// What is listed.

const listed = async (world: SuiteWorld): Promise<Listed[]> =>
  (await first(world).rpc.call('claude.listConversations', { limit: 200 })).conversations

Then('"claude.listConversations" tells no conversation', async function (this: SuiteWorld) {
  const { length } = await listed(this)
  if (length > 0) throw new Failed(`${length} conversations are listed`)
})

Then('"claude.listConversations" tells these conversations', async function (this: SuiteWorld, table: DataTable) {
  const expected = table.hashes().map(({ title, open }) => `"${title}"${open === 'yes' ? ' open' : ''}`)
  const all = await listed(this)
  const found = all.map(({ title, open }) => `"${title}"${open ? ' open' : ''}`)
  if (found.join() !== expected.join()) throw new Failed(`Listed are ${found.join(', ')}`)
  const open = all.find((each) => each.open)
  const status = await first(this).rpc.call('claude.getStatus')
  if (open?.conversationId !== status.conversationId)
    throw new Failed('The list calls another conversation open than "claude.getStatus"')
  if (all.some(({ createdAt, lastUsedAt }) => lastUsedAt < createdAt)) throw new Failed('One was used before it began')
})

Then(
  'its title is the beginning of that prompt, of at most 80 characters on one line',
  async function (this: SuiteWorld) {
    const [{ title = '' } = {}] = await listed(this)
    const inOneLine = LONG.replaceAll('\n', ' ')
    if (title === '' || [...title].length > 80 || !inOneLine.startsWith(title))
      throw new Failed(`The title is ${JSON.stringify(title)}`)
  },
)

async function expectPage(world: SuiteWorld, titles: readonly string[], more: boolean): Promise<void> {
  const { last } = had(world)
  const page = await first(world).rpc.call('claude.listConversations', { limit: 2, ...(last && { after: last }) })
  const found = page.conversations.map(({ title }) => title)
  if (found.join() !== titles.join()) throw new Failed(`The page tells ${found.join(', ') || 'nothing'}`)
  if (page.more !== more) throw new Failed(`"more" is ${page.more}`)
  had(world).last = page.conversations.at(-1)?.conversationId ?? ''
}

Then(
  'a page of 2 tells {string} and {string}, and that there are more',
  async function (this: SuiteWorld, one: string, two: string) {
    await expectPage(this, [one, two], true)
  },
)

Then('the next page tells {string}, and that there are no more', async function (this: SuiteWorld, one: string) {
  await expectPage(this, [one], false)
})

When(
  '{caller} lists what is behind a conversation that there is not with {string}',
  async function (this: SuiteWorld, caller: Caller, method: string) {
    await caller.ask(method, { limit: 10, after: randomUUID() })
  },
)

// Which one is open, and what belongs to it.

Then('"claude.getStatus" tells that this conversation is open', async function (this: SuiteWorld) {
  const { conversationId } = await first(this).rpc.call('claude.getStatus')
  if (conversationId !== had(this).present)
    throw new Failed(`"claude.getStatus" tells the conversation ${conversationId}`)
})

for (const [words, isSame, where] of [
  ['another session, in this conversation', false, 'present'],
  ['another session, in the conversation that is open', false, 'open'],
  ['the same session as before, in this conversation', true, 'present'],
] as const) {
  Then(`the assistant said ${words}`, async function (this: SuiteWorld) {
    const { said, present } = had(this)
    const now = lastSaid(first(this))
    const fits = isSame ? said.get(present) === now?.text : ![...said.values()].includes(now?.text)
    if (!fits)
      throw new Failed(`The assistant is in the session ${now?.text}, before in ${[...said.values()].join(', ')}`)
    const open = (await first(this).rpc.call('claude.getStatus')).conversationId
    if (where === 'open' && open === present) throw new Failed('The conversation that was open before is still open')
    const expected = where === 'present' ? present : open
    if (now?.conversationId !== expected) throw new Failed(`It is told in the conversation ${now?.conversationId}`)
  })
}

Then('"permission.requested" and "claude.getStatus" tell this conversation', async function (this: SuiteWorld) {
  const { rpc } = first(this)
  const requested = paramsOf(await rpc.event('permission.requested')).conversationId
  const { conversationId, pending } = await rpc.call('claude.getStatus')
  const found = [requested, conversationId, pending[0]?.conversationId]
  if (found.some((each) => each !== had(this).present)) throw new Failed(`Told is ${found.join(', ')}`)
})

Then('no message says {string}', async function (this: SuiteWorld, text: string) {
  const caller = first(this)
  await sceneOf(this).stage.settle()
  const said = caller.rpc.events('claude.message').map(paramsOf)
  if (said.some((params) => String(params.text).includes(text))) throw new Failed('It was told again')
  const { entries } = await caller.rpc.call('journal.subscribe', {})
  if (JSON.stringify(entries).includes(text)) throw new Failed('It is in the journal again')
})

Then(
  '"claude.state" told both controllers each conversation before any other event of it',
  async function (this: SuiteWorld) {
    const { stage, callers } = sceneOf(this)
    await stage.settle()
    for (const { name, rpc } of callers) {
      let open: unknown = null
      const opened = new Set<unknown>()
      for (const event of rpc.events()) {
        const { conversationId } = paramsOf(event)
        const { method } = event.message
        if (conversationId === undefined) continue
        if (method === 'claude.state') open = conversationId
        else if (conversationId !== open) throw new Failed(`The ${name} is told "${method}" before "claude.state"`)
        opened.add(conversationId)
      }
      if (opened.size < 2) throw new Failed(`The ${name} is told of ${opened.size} conversations`)
    }
  },
)
