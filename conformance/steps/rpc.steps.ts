// Steps about requests to an agent and their answers, whatever the method.

import { After, type DataTable, defineParameterType, Given, Then, When } from '@cucumber/cucumber'
import { DEFAULT_CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import { NO_CHALLENGE } from '../peers/endpoint.ts'
import { Failed } from '../shim/trouble.ts'
import { type Caller, endScene, overtaken, sceneOf, startAgent } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

defineParameterType({
  name: 'caller',
  regexp: /(?:a|the) ((?:second |third )?controller)/,
  transformer(this: SuiteWorld, name: string): Caller {
    return sceneOf(this).caller(name)
  },
})

After(function (this: SuiteWorld) {
  endScene(this)
})

Given('an agent under test, with an assistant', async function (this: SuiteWorld) {
  await startAgent(this)
})

Given('a/the controller that is paired with it', async function (this: SuiteWorld) {
  await sceneOf(this).pair('controller')
})

Given('a second controller that is paired with it', async function (this: SuiteWorld) {
  await sceneOf(this).pair('second controller')
})

Given(
  /^a (controller|second controller)(?: that is paired with it and)?(?: that)? may only "([^"]+)"$/,
  async function (this: SuiteWorld, name: string, capability: string) {
    await sceneOf(this).pair(name, [capability])
  },
)

Given(
  /^a (controller|second controller|third controller) that may do everything but "([^"]+)"$/,
  async function (this: SuiteWorld, name: string, capability: string) {
    await sceneOf(this).pair(
      name,
      DEFAULT_CAPABILITIES.filter((each) => each !== capability),
    )
  },
)

// Asking.

When('{caller} calls {string}', async function (this: SuiteWorld, caller: Caller, method: string) {
  await caller.ask(method)
})

When(
  '{caller} calls {string} with unknown members in the message and in its params',
  async function (this: SuiteWorld, caller: Caller, method: string) {
    await caller.ask(method, { 'unstable-detail': [1], later: null }, { members: { priority: 'high', trace: {} } })
  },
)

When(
  '{caller} calls {string} without a fresh challenge',
  async function (this: SuiteWorld, caller: Caller, method: string) {
    await caller.ask(method, {}, { fresh: NO_CHALLENGE })
  },
)

When('{caller} sends the same request again', async function (this: SuiteWorld, caller: Caller) {
  await caller.send(caller.last)
})

When(
  '{caller} sends the same request again, without a fresh challenge',
  async function (this: SuiteWorld, caller: Caller) {
    await caller.send(caller.last, { fresh: NO_CHALLENGE })
  },
)

When(
  '{caller} sends the same request again, with one row more and without a fresh challenge',
  async function (this: SuiteWorld, caller: Caller) {
    const params = { ...caller.last.params, rows: 25 }
    await caller.send({ ...caller.last, params }, { fresh: NO_CHALLENGE })
  },
)

When(
  '{caller} sends the same request again, with its members in another order',
  async function (this: SuiteWorld, caller: Caller) {
    const params = Object.fromEntries(Object.entries(caller.last.params).toReversed())
    await caller.send({ ...caller.last, params })
  },
)

When('the second controller sends the same request', async function (this: SuiteWorld) {
  const scene = sceneOf(this)
  const { id, method, params } = scene.caller('controller').last
  await scene.caller('second controller').ask(method, params, { id })
})

When(
  '{caller} calls {string}, and the relay lets a later request overtake it',
  async function (this: SuiteWorld, caller: Caller, method: string) {
    await overtaken(sceneOf(this), caller, () => caller.ask(method))
  },
)

When(
  '{caller} sends the same request again, and the relay lets a later request overtake it',
  async function (this: SuiteWorld, caller: Caller) {
    await overtaken(sceneOf(this), caller, () => caller.send(caller.last))
  },
)

When('{caller} makes a new session', async function (this: SuiteWorld, caller: Caller) {
  await sceneOf(this).newSession(caller)
})

When('the agent is killed, and runs again', async function (this: SuiteWorld) {
  const scene = sceneOf(this)
  const { program } = scene.stage
  program.require('state')
  const before = scene.callers.map(({ controller }) => controller.current)
  await program.kill()
  await program.startAgain()
  await scene.until('the controllers have new sessions with the agent', () =>
    scene.callers.every(({ controller }, i) => controller.current !== before[i]),
  )
  await scene.stage.settle()
})

// Answers.

Then('{caller} is answered with a result', async function (this: SuiteWorld, caller: Caller) {
  await caller.result()
})

Then('{caller} is answered with the error {string}', async function (this: SuiteWorld, caller: Caller, code: string) {
  const { data } = await caller.refusal(code)
  // session.fresh.stale-data
  const challenge = (data as { challenge?: unknown } | undefined)?.challenge
  if (code !== 'stale') return
  if (typeof challenge !== 'string' || Buffer.from(challenge, 'base64url').length !== 8) {
    throw new Failed('The error "stale" carries no new challenge')
  }
})

Then(
  '{caller} is answered with the error {string} for {string}',
  async function (this: SuiteWorld, caller: Caller, code: string, capability: string) {
    await missing(caller, code, capability)
  },
)

async function missing(caller: Caller, code: string, capability: string): Promise<void> {
  const { data } = await caller.refusal(code)
  const named = (data as { capability?: unknown } | undefined)?.capability
  if (named !== capability) throw new Failed(`The error names the capability ${named}, expected "${capability}"`)
}

Then('{caller} is answered with the recorded response', async function (this: SuiteWorld, caller: Caller) {
  const recorded = caller.recorded.get(caller.last.id)
  const { message } = await caller.answer()
  if (JSON.stringify(message) !== JSON.stringify(recorded)) {
    throw new Failed(
      `The response is ${JSON.stringify(message).slice(0, 200)}, recorded was ${JSON.stringify(recorded).slice(0, 200)}`,
    )
  }
})

Then('{caller} is answered in the new session', async function (this: SuiteWorld, caller: Caller) {
  const { frame } = await caller.answer()
  if (frame.session !== caller.controller.current) throw new Failed('The answer comes in a session that was replaced')
})

Then('the agent still answers {caller}', async function (this: SuiteWorld, caller: Caller) {
  await caller.rpc.call('agent.info')
})

interface Row {
  readonly method: string
  readonly params?: string
  readonly error?: string
  readonly capability?: string
  readonly fresh?: string
}
const rows = (table: DataTable) => table.hashes() as unknown as Row[]
const parsed = (row: Row): Record<string, unknown> => JSON.parse(row.params ?? '{}')

/** Says which row it was. */
async function each(table: DataTable, judge: (row: Row) => Promise<void>): Promise<void> {
  for (const row of rows(table)) {
    await judge(row).catch((error: Error) => {
      if (error instanceof Failed) throw new Failed(`${Object.values(row).join(' | ')}: ${error.message}`)
      throw error
    })
  }
}

Then(
  'each of these is answered with the error {string}',
  async function (this: SuiteWorld, code: string, table: DataTable) {
    const caller = sceneOf(this).caller('controller')
    await each(table, async (row) => {
      await caller.ask(row.method, parsed(row))
      await caller.refusal(code)
    })
  },
)

Then('each of these is answered with a result', async function (this: SuiteWorld, table: DataTable) {
  const caller = sceneOf(this).caller('controller')
  await each(table, async (row) => {
    await caller.ask(row.method, parsed(row))
    await caller.result()
  })
})

Then(
  'each of these under the same id is answered with the error {string}',
  async function (this: SuiteWorld, code: string, table: DataTable) {
    const caller = sceneOf(this).caller('controller')
    const { last } = caller
    await each(table, async (row) => {
      await caller.send({ ...last, method: row.method, params: parsed(row) })
      await caller.refusal(code)
    })
    caller.rpc.requests.set(last.id, last)
    caller.about(last)
  },
)

Then(
  'each of these of {caller} is answered with the error {string} and the capability',
  async function (this: SuiteWorld, caller: Caller, code: string, table: DataTable) {
    await each(table, async (row) => {
      await caller.ask(row.method, { cols: 'many', prompt: [] })
      await missing(caller, code, row.capability ?? '')
    })
  },
)

Then(
  'each of these without a fresh challenge is answered with the error',
  async function (this: SuiteWorld, table: DataTable) {
    const caller = sceneOf(this).caller('controller')
    await each(table, async (row) => {
      await caller.ask(row.method, parsed(row), { fresh: NO_CHALLENGE })
      await caller.refusal(row.error ?? '')
    })
  },
)

Then('each of these is answered 5 times when it is sent 5 times', async function (this: SuiteWorld, table: DataTable) {
  const scene = sceneOf(this)
  const caller = scene.caller('controller')
  await each(table, async (row) => {
    const request = await caller.ask(row.method, parsed(row))
    for (let more = 1; more < 5; more++) await caller.rpc.ask(request.method, request.params, { id: request.id })
    await caller.rpc.answer(request, 5)
    await scene.stage.settle()
    const count = caller.rpc.responsesTo(request.id).length
    if (count !== 5) throw new Failed(`${count} answers to 5 arrivals`)
  })
})

Then('each of these leaves its id free for a command', async function (this: SuiteWorld, table: DataTable) {
  const caller = sceneOf(this).caller('controller')
  await each(table, async (row) => {
    const request = await caller.ask(row.method, parsed(row), row.fresh === 'no' ? { fresh: NO_CHALLENGE } : {})
    await caller.refusal(row.error ?? '')
    await caller.ask('terminal.open', { cols: 80, rows: 24, command: ['cat'] }, { id: request.id })
    await caller.result()
  })
})
