// Steps about questions: asked, answered with values, and how they end.

import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { type DataTable, Given, Then, When } from '@cucumber/cucumber'
import type { QuestionAnswer, QuestionRequest, QuestionResolution } from '@happy-remote/schemas/rpc/question.ts'
import { deviceIdText } from '../peers/device.ts'
import { Failed } from '../shim/trouble.ts'
import { type Caller, paramsOf, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

/** What `FORM` of the script asks for, in the words of the protocol. */
const FIELDS: QuestionRequest['fields'] = [
  { name: 'branch', label: 'Branch', description: 'A new one', type: 'text', required: true, min: 2, max: 8 },
  { name: 'tries', label: 'tries', type: 'integer', required: false, min: 1, max: 5 },
  { name: 'share', label: 'share', type: 'number', required: false, max: 0.5, default: 0.25 },
  { name: 'sure', label: 'sure', type: 'boolean', required: false },
  {
    ...{ name: 'size', label: 'size', type: 'choice', required: true },
    options: ['small', 'large'].map((value) => ({ value, label: value })),
  },
  {
    ...{ name: 'parts', label: 'parts', type: 'choices', required: false, min: 1, max: 2 },
    options: ['docs', 'tests', 'rest'].map((value) => ({ value, label: value.toUpperCase() })),
  },
]

const asked = (caller: Caller): QuestionRequest[] =>
  caller.rpc.events('question.requested').map((event) => paramsOf(event) as unknown as QuestionRequest)
const resolutions = (caller: Caller): QuestionResolution[] =>
  caller.rpc.events('question.resolved').map((event) => paramsOf(event) as unknown as QuestionResolution)

/** The question that was asked last, once one that `fits` is there. */
const newest = (caller: Caller, fits: (question: QuestionRequest) => boolean = () => true): Promise<QuestionRequest> =>
  caller.rpc.until('"question.requested"', () => asked(caller).findLast(fits))

/** Questions whose outcome a step has seen. */
const seen = new WeakMap<SuiteWorld, Set<string>>()
const current = (world: SuiteWorld, caller: Caller): Promise<QuestionRequest> =>
  newest(caller, ({ requestId }) => !seen.get(world)?.has(requestId))

const listOf = (values: string): QuestionAnswer[] =>
  Object.entries(JSON.parse(values) as Record<string, QuestionAnswer['value']>).map(([name, value]) => ({
    name,
    value,
  }))

async function answer(world: SuiteWorld, caller: Caller, answers: QuestionAnswer[] | null): Promise<void> {
  // Who answers late answers what was asked.
  const { requestId } = await newest(sceneOf(world).caller('controller'))
  await caller.ask('question.answer', { requestId, answers })
  await caller.answer()
}

Given('the controller has been asked by "question.requested"', async function (this: SuiteWorld) {
  await current(this, sceneOf(this).caller('controller'))
})

When(
  /^the (controller|second controller) answers it by "question.answer" with (\{.*\})$/,
  async function (this: SuiteWorld, name: string, values: string) {
    await answer(this, sceneOf(this).caller(name), listOf(values))
  },
)

When(
  'the controller answers it by "question.answer" with the value of "branch" twice',
  async function (this: SuiteWorld) {
    const twice = [...listOf('{"branch":"main","size":"small"}'), { name: 'branch', value: 'main' }]
    await answer(this, sceneOf(this).caller('controller'), twice)
  },
)

When('the controller declines it by "question.answer"', async function (this: SuiteWorld) {
  await answer(this, sceneOf(this).caller('controller'), null)
})

When('the controller answers by "question.answer" what nobody has asked', async function (this: SuiteWorld) {
  await sceneOf(this).caller('controller').ask('question.answer', { requestId: randomUUID(), answers: [] })
})

When('the time of the question is over', async function (this: SuiteWorld) {
  const { expiresAt } = await newest(sceneOf(this).caller('controller'))
  const { program } = this.stage
  if (expiresAt === undefined) throw new Failed('The question has no expiresAt')
  await program.pass(expiresAt - program.wall() + 1_000)
})

Then(
  'both controllers are told "question.requested" with each field that the assistant asks for',
  async function (this: SuiteWorld) {
    for (const caller of sceneOf(this).callers) {
      const { title, fields } = await newest(caller)
      if (title !== 'How shall the release be cut?') throw new Failed(`The ${caller.name} is asked "${title}"`)
      if (!isDeepStrictEqual(fields, FIELDS)) {
        throw new Failed(
          `The ${caller.name} is asked for ${JSON.stringify(fields)}, expected ${JSON.stringify(FIELDS)}`,
        )
      }
    }
  },
)

Then('"claude.getStatus" lists the question to each of them, and needs an answer', async function (this: SuiteWorld) {
  const scene = sceneOf(this)
  const expected = await newest(scene.caller('controller'))
  for (const { name, rpc } of scene.callers) {
    const { state, questions = [] } = await rpc.call('claude.getStatus')
    if (!isDeepStrictEqual(questions, [expected])) {
      throw new Failed(`"claude.getStatus" lists ${JSON.stringify(questions)} to the ${name}`)
    }
    if (state !== 'needs-answer') throw new Failed(`"claude.getStatus" tells the state "${state}" to the ${name}`)
  }
})

Then('"claude.getStatus" lists no question', async function (this: SuiteWorld) {
  const { questions = [] } = await sceneOf(this).caller('controller').rpc.call('claude.getStatus')
  if (questions.length > 0) throw new Failed(`"claude.getStatus" lists ${questions.length} questions`)
})

Then(
  'each of these by "question.answer" is answered with the error {string} and the field',
  async function (this: SuiteWorld, code: string, table: DataTable) {
    const caller = sceneOf(this).caller('controller')
    for (const { answers = '', field } of table.hashes()) {
      await answer(this, caller, listOf(answers))
      const { data } = await caller.refusal(code).catch((error: Error) => {
        throw error instanceof Failed ? new Failed(`For ${answers}: ${error.message}`) : error
      })
      const told = (data as { field?: unknown } | undefined)?.field
      if (told !== field) throw new Failed(`For ${answers} the error names the field ${told}, expected ${field}`)
    }
  },
)

Then(/^the assistant then says that it was given (\{.*\})$/, async function (this: SuiteWorld, values: string) {
  const { rpc } = sceneOf(this).caller('controller')
  const expected: unknown = JSON.parse(values)
  const isValues = ({ role, text }: Record<string, unknown>) => role === 'assistant' && String(text).startsWith('{')
  const said = paramsOf(await rpc.event('claude.message', isValues, 'the values that the assistant was given')).text
  if (!isDeepStrictEqual(JSON.parse(String(said)), expected)) throw new Failed(`The assistant was given ${said}`)
})

/** Waits until each of `callers` is told the outcome of the question. */
async function resolved(world: SuiteWorld, callers: readonly Caller[], by: string, outcome: string): Promise<void> {
  const { requestId } = await current(world, sceneOf(world).caller('controller'))
  for (const caller of callers) {
    const found = await caller.rpc.until(`"question.resolved" with "${outcome}"`, () =>
      resolutions(caller).find((each) => each.requestId === requestId),
    )
    if (found.outcome !== outcome || found.by !== by || (found.answers !== null) !== (outcome === 'answered')) {
      throw new Failed(`The ${caller.name} is told the resolution ${JSON.stringify(found)}`)
    }
  }
  seen.set(world, new Set([...(seen.get(world) ?? []), requestId]))
}

Then(
  '"question.resolved" tells both controllers that {caller} has {string} it',
  async function (this: SuiteWorld, by: Caller, outcome: string) {
    await resolved(this, sceneOf(this).callers, deviceIdText(await by.controller.device.deviceId()), outcome)
  },
)

Then(
  '"question.resolved" tells {caller} that "local" has {string} it',
  async function (this: SuiteWorld, caller: Caller, outcome: string) {
    await resolved(this, [caller], 'local', outcome)
  },
)

Then(
  'the question ends in the journal by "question.resolved" as {string}',
  async function (this: SuiteWorld, outcome: string) {
    const { rpc } = sceneOf(this).caller('controller')
    const live = rpc.events('question.requested').at(-1)
    const { requestId } = await newest(sceneOf(this).caller('controller'))
    const { epoch, entries } = await rpc.call('journal.subscribe', {})
    if (epoch !== live?.message.journal?.epoch) {
      this.note('the journal of the run that was killed is gone, and what it left open with it')
      return
    }
    const ends = entries.flatMap((entry) => {
      const body =
        'body' in entry && entry.kind === 'question.resolved' ? (entry.body as QuestionResolution) : undefined
      return body?.requestId === requestId ? [body.outcome] : []
    })
    if (ends.join() !== outcome) throw new Failed(`In the journal the question ends as "${ends.join()}"`)
  },
)
