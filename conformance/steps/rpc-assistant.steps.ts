// Steps about the assistant: prompts, their states, what it says, and its end.

import { isDeepStrictEqual } from 'node:util'
import { type DataTable, Given, Then, When } from '@cucumber/cucumber'
import { DREAM } from '../assistants/suite-script.ts'
import { Failed } from '../shim/trouble.ts'
import { type Caller, type Prompt, paramsOf, sceneOf, startAgent } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

// Giving prompts.

When('{caller} gives the prompt {string}', async function (this: SuiteWorld, caller: Caller, text: string) {
  await sceneOf(this).prompt(caller, text)
})

Given('{caller} has given the prompt {string}', async function (this: SuiteWorld, caller: Caller, text: string) {
  await sceneOf(this).prompt(caller, text)
  await caller.result()
})

When('{caller} gives a prompt of 40,000 bytes', async function (this: SuiteWorld, caller: Caller) {
  await sceneOf(this).prompt(caller, 'x'.repeat(40_000))
})

When(
  '{caller} gives the prompt {string} for the present conversation',
  async function (this: SuiteWorld, caller: Caller, text: string) {
    await told(sceneOf(this).given(), ['completed'])
    const { conversationId } = await caller.rpc.call('claude.getStatus')
    if (conversationId === null) throw new Failed('"claude.getStatus" tells no conversationId after a prompt')
    await sceneOf(this).prompt(caller, text, { conversationId })
  },
)

When(
  '{caller} gives the prompt {string} for another conversation',
  async function (this: SuiteWorld, caller: Caller, text: string) {
    await sceneOf(this).prompt(caller, text, { conversationId: 'a conversation that there is not' })
  },
)

const IN_TURN = ['1', '2', '3', '4', '5']

When('the two controllers give the prompts "1", "2", "3", "4" and "5" in turn', async function (this: SuiteWorld) {
  const scene = sceneOf(this)
  for (const [i, text] of IN_TURN.entries()) {
    const caller = scene.callers[i % 2] as Caller
    await scene.prompt(caller, text)
    await caller.result()
  }
})

for (const [words, scope] of [
  ['cancels the turn', 'turn'],
  ['cancels the turn and the queue', 'turn-and-queue'],
] as const) {
  When(`{caller} ${words}`, async function (this: SuiteWorld, caller: Caller) {
    const scene = sceneOf(this)
    // The turn that is to be cancelled has begun.
    if (scene.prompts.length > 0) {
      await caller.rpc.until('"claude.messageState" of a turn that runs', () =>
        caller.rpc.events('claude.messageState').find((event) => paramsOf(event).state === 'started'),
      )
      await scene.untilHeard(1)
    }
    await caller.ask('claude.cancel', { scope })
    await caller.answer()
  })
}

// Answers.

Then(
  '{caller} is answered that the prompt is {string}',
  async function (this: SuiteWorld, caller: Caller, expected: string) {
    const { state } = await caller.result<{ state: string }>()
    if (state !== expected) throw new Failed(`The prompt is "${state}", expected "${expected}"`)
  },
)

for (const [words, expected] of [
  ['was something', true],
  ['was nothing', false],
] as const) {
  Then(`{caller} is answered that there ${words} to cancel`, async function (this: SuiteWorld, caller: Caller) {
    const { success } = await caller.result<{ success: boolean }>()
    if (success !== expected) throw new Failed(`success is ${success}`)
  })
}

Then(
  /^"claude\.getStatus" tells the state "([^"]+)" and (\d+) (prompts?|requests?)(?: in the queue)?$/,
  async function (this: SuiteWorld, state: string, count: string, what: string) {
    const { rpc } = sceneOf(this).caller('controller')
    const status = await rpc.call('claude.getStatus')
    const number = what.startsWith('prompt') ? status.queued : status.pending.length
    if (status.state !== state) throw new Failed(`"claude.getStatus" tells the state "${status.state}"`)
    if (number !== Number(count)) throw new Failed(`"claude.getStatus" tells ${number}, expected ${count}`)
  },
)

// States of prompts.

/** The answer tells it: it need not be the id of the request. */
function messageIdOf({ caller, request }: Prompt): unknown {
  const [first] = caller.rpc.responsesTo(request.id)
  return first && 'result' in first.message ? (first.message.result as { messageId?: unknown }).messageId : undefined
}

function statesOf(prompt: Prompt): string[] {
  const id = messageIdOf(prompt)
  const all = prompt.caller.rpc.events('claude.messageState').map(paramsOf)
  return all.filter(({ messageId }) => messageId === id).map(({ state }) => `${state}`)
}

/** Waits for the last of `states`, and judges that exactly these came. */
async function told(prompt: Prompt, states: readonly string[], exactly = false): Promise<void> {
  const last = states.at(-1) as string
  const { rpc } = prompt.caller
  const what = `"claude.messageState" that the prompt "${prompt.text.slice(0, 40)}" is "${last}"`
  const all = await rpc.until(
    what,
    () => {
      const found = statesOf(prompt)
      return found.includes(last) || found.some((each) => ENDS.includes(each)) ? found : undefined
    },
    20_000,
  )
  const rest = exactly ? all : all.slice(-1)
  if (rest.join() !== states.join())
    throw new Failed(
      `The prompt "${prompt.text.slice(0, 40)}" is ${all.join(', then ')}, expected ${states.join(', then ')}`,
    )
}
const ENDS = ['completed', 'cancelled', 'failed']

Then('{caller} is told that the prompt is {string}', async function (this: SuiteWorld, _caller: Caller, state: string) {
  await told(sceneOf(this).given(), [state])
})

Then(
  '{caller} is told that both prompts are {string}',
  async function (this: SuiteWorld, _caller: Caller, state: string) {
    for (const back of [1, 0]) await told(sceneOf(this).given(back), [state])
  },
)

Then(
  '"claude.messageState" tells {caller} that the prompt is {string}, then {string}',
  async function (this: SuiteWorld, _caller: Caller, first: string, second: string) {
    await told(sceneOf(this).given(), [first, second], true)
  },
)

Then(
  '"claude.messageState" tells {caller} that the prompt before is {string}, then {string}',
  async function (this: SuiteWorld, _caller: Caller, first: string, second: string) {
    await told(sceneOf(this).given(1), [first, second], true)
  },
)

Then(
  '"claude.messageState" tells {caller} that the prompt is {string}, then {string}, then {string}',
  async function (this: SuiteWorld, _caller: Caller, first: string, second: string, third: string) {
    await told(sceneOf(this).given(), [first, second, third], true)
  },
)

Then('the assistant hears the prompts "wait", "1", "2", "3", "4" and "5"', async function (this: SuiteWorld) {
  const scene = sceneOf(this)
  await scene.untilHeard(6)
  const heard = scene.heardPrompts().join()
  if (heard !== ['wait', ...IN_TURN].join()) throw new Failed(`The assistant has heard ${heard}`)
})

Then(
  'both controllers are told that each of the prompts began when the one before had ended',
  async function (this: SuiteWorld) {
    const scene = sceneOf(this)
    await told(scene.given(), ['completed'])
    const ids = scene.prompts.map(messageIdOf)
    for (const { name, rpc } of scene.callers) {
      await rpc.until('end of the last prompt', () =>
        rpc
          .events('claude.messageState')
          .map(paramsOf)
          .find(({ messageId, state }) => messageId === ids.at(-1) && state === 'completed'),
      )
      const turns = rpc
        .events('claude.messageState')
        .map(paramsOf)
        .filter(({ state }) => state !== 'queued')
      const expected = ids.flatMap((id, i) => [`${id} started`, `${id} ${i === 0 ? 'cancelled' : 'completed'}`])
      const found = turns.map(({ messageId, state }) => `${messageId} ${state}`)
      if (found.join() !== expected.join()) throw new Failed(`The ${name} is told of the turns in another order`)
    }
  },
)

// States of the assistant.

Then(
  '{caller} is told the state {string}, and "claude.getStatus" tells the same',
  async function (this: SuiteWorld, caller: Caller, state: string) {
    await caller.rpc.event('claude.state', (params) => params.state === state, `"claude.state" with "${state}"`)
    const status = await caller.rpc.call('claude.getStatus')
    if (status.state !== state)
      throw new Failed(`"claude.getStatus" tells "${status.state}" after "claude.state" told "${state}"`)
  },
)

Then(
  '{caller} is told the state {string} with a reason',
  async function (this: SuiteWorld, caller: Caller, state: string) {
    const matches = (params: Record<string, unknown>) => params.state === state && typeof params.reason === 'string'
    await caller.rpc.event('claude.state', matches, `"claude.state" with "${state}" and a reason`)
  },
)

// What is said.

const messagesOf = (caller: Caller): Record<string, unknown>[] => caller.rpc.events('claude.message').map(paramsOf)

Then('both controllers are told these messages', async function (this: SuiteWorld, table: DataTable) {
  const expected = table.hashes().map(({ role, text }) => `${role}: ${text}`)
  for (const caller of sceneOf(this).callers) {
    const found = await caller.rpc.until('last of the messages', () => {
      const all = messagesOf(caller).map(({ role, text }) => `${role}: ${text}`)
      return all.length >= expected.length ? all : undefined
    })
    if (found.join('\n') !== expected.join('\n')) throw new Failed(`The ${caller.name} is told ${found.join(' | ')}`)
  }
})

Then('the pieces that "claude.delta" told of each message, joined, are its text', function (this: SuiteWorld) {
  const caller = sceneOf(this).caller('controller')
  const pieces = caller.rpc.events('claude.delta').map(paramsOf)
  const said = messagesOf(caller).filter(({ role }) => role === 'assistant')
  if (said.length === 0) throw new Failed('No message of the assistant has come')
  for (const { messageId, text } of said) {
    const joined = pieces
      .filter((piece) => piece.messageId === messageId)
      .map((piece) => piece.text)
      .join('')
    // Pieces may be left out, as a whole or in part; those that come belong to the message.
    if (joined !== '' && joined !== text)
      throw new Failed('The pieces under the messageId of a message are not its text')
  }
  const ids = new Set(said.map(({ messageId }) => messageId))
  if (pieces.some(({ messageId }) => !ids.has(messageId)))
    throw new Failed('A piece has a messageId that no message has')
})

Then('each piece that "claude.delta" told stands in its message at its offset', function (this: SuiteWorld) {
  const caller = sceneOf(this).caller('controller')
  const texts = new Map(messagesOf(caller).map(({ messageId, text }) => [messageId, text]))
  for (const { messageId, text, offset } of caller.rpc.events('claude.delta').map(paramsOf)) {
    const whole = texts.get(messageId as string) as string | undefined
    if (typeof offset !== 'number') throw new Failed('A piece has no offset')
    if (!whole?.startsWith(String(text), offset)) throw new Failed(`A piece does not stand at its offset ${offset}`)
  }
})

Then('{caller} is told a tool call whose status became "completed"', async function (this: SuiteWorld, caller: Caller) {
  const calls = messagesOf(caller).filter(({ role }) => role === 'tool')
  const statuses = calls.map(({ tool }) => (tool as { status?: string } | undefined)?.status)
  if (statuses.at(-1) !== 'completed')
    throw new Failed(`The tool call is told with ${statuses.join(', ') || 'nothing'}`)
})

Then(
  '{caller} is told a message of the role "other" with the update in raw',
  async function (this: SuiteWorld, caller: Caller) {
    const { raw } = paramsOf(
      await caller.rpc.event('claude.message', ({ role }) => role === 'other', 'message of the role "other"'),
    )
    if (!isDeepStrictEqual(raw, DREAM)) throw new Failed(`raw is ${JSON.stringify(raw)}`)
  },
)

Then('the assistant then says {string}', async function (this: SuiteWorld, text: string) {
  const { rpc } = sceneOf(this).caller('controller')
  const matches = (params: Record<string, unknown>) => params.role === 'assistant' && params.text === text
  await rpc.event('claude.message', matches, `message of the assistant "${text}"`)
})

// Other agents than the usual one.

Given('an agent under test, whose assistant cannot be started', async function (this: SuiteWorld) {
  await startAgent(this, { start: { exit: 3 } })
})

Given('an agent under test, without an assistant', async function (this: SuiteWorld) {
  await startAgent(this, 'no assistant')
})

Given('an agent under test, whose permission requests expire', async function (this: SuiteWorld) {
  await startAgent(this, { permissionTime: 60_000 })
})
