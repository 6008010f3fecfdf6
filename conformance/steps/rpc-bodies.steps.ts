// Steps about bodies: messages of an agent that are too large, and prompts that are.

import { randomUUID } from 'node:crypto'
import { type DataTable, Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Request } from '@happy-remote/schemas/rpc/envelope.ts'
import { type BodyPlan, bodyFaults, bodyPieces, sendBody } from '../peers/body.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { type Caller, paramsOf, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

/** The params of a prompt, as a text of so many bytes: white space in JSON has no meaning. */
const paramsText = (size: number, prompt = 'say hello'): Uint8Array => {
  const text = JSON.stringify({ prompt })
  return Buffer.from(`${text.slice(0, -1)}${' '.repeat(Math.max(0, size - text.length))}}`)
}
const SIZE = 200_000
const bodies = new WeakMap<Request, Uint8Array>()

/** Gives a prompt whose params travel as a stream. */
async function give(
  caller: Caller,
  body: Uint8Array,
  plan: BodyPlan = {},
  id: string = randomUUID(),
): Promise<Request> {
  const request = caller.rpc.request('claude.sendMessage', {}, id)
  bodies.set(request, body)
  caller.about(request)
  await sendBody(caller.controller, request, body, plan)
  return request
}

When(
  '{caller} gives a prompt whose body has {bytes} bytes',
  async function (this: SuiteWorld, caller: Caller, size: number) {
    await give(caller, paramsText(size))
  },
)

When('{caller} gives a prompt whose body lacks a piece', async function (this: SuiteWorld, caller: Caller) {
  await give(caller, paramsText(SIZE), bodyFaults['lacks a piece'])
  await this.stage.settle()
})

When('{caller} gives a prompt whose reference speaks of a petabyte', async function (this: SuiteWorld, caller: Caller) {
  await give(caller, paramsText(SIZE), { reference: { length: 1_125_899_906_842_624 } })
})

When(
  '{caller} gives a prompt whose body takes {int} s to arrive',
  async function (this: SuiteWorld, caller: Caller, seconds: number) {
    const { program } = this.stage
    const body = paramsText(SIZE)
    const pieces: { stream: number; offset: number; bytes: Uint8Array }[] = []
    await give(caller, body, {
      pieces: (all) => {
        pieces.push(...all)
        return []
      },
    })
    const parts = pieces.flatMap(({ stream, offset, bytes }) =>
      [0, 25_000].map((at) => ({ stream, offset: offset + at, bytes: bytes.subarray(at, at + 25_000) })),
    )
    for (const { stream, offset, bytes } of parts) {
      await program.pass((seconds * 1_000) / parts.length)
      await caller.controller.sendChunk(stream, offset, bytes)
      await this.stage.settle()
    }
  },
)

When(
  '{caller} gives the last prompt under the same id, with the right body',
  async function (this: SuiteWorld, caller: Caller) {
    const { last } = caller
    await give(caller, bodies.get(last) ?? paramsText(SIZE), {}, last.id)
  },
)

Then(
  'a prompt of 200,000 bytes is accepted when its body comes so',
  async function (this: SuiteWorld, table: DataTable) {
    const caller = sceneOf(this).caller('controller')
    for (const [how = ''] of table.raw()) {
      const plan = Object.entries<BodyPlan>(bodyPieces).find(([name]) => name === how)?.[1]
      if (!plan) throw new SuiteError(`There are no pieces "${how}"`)
      await give(caller, paramsText(SIZE), plan)
      await caller.result()
    }
  },
)

Then(
  'a prompt is answered with the error {string} when its body is wrong so',
  async function (this: SuiteWorld, code: string, table: DataTable) {
    const caller = sceneOf(this).caller('controller')
    for (const [how = ''] of table.raw()) {
      const plan = Object.entries<BodyPlan>(bodyFaults).find(([name]) => name === how)?.[1]
      if (!plan) throw new SuiteError(`There is no wrong body "${how}"`)
      await give(caller, paramsText(SIZE), plan)
      await caller.refusal(code).catch((error: Error) => {
        throw error instanceof Failed ? new Failed(`A body that ${how}: ${error.message}`) : error
      })
    }
  },
)

When('{caller} gives a prompt whose text fills a body', async function (this: SuiteWorld, caller: Caller) {
  const prompt = 'x'.repeat(limits.bodyLeast - '{"prompt":""}'.length)
  await give(caller, Buffer.from(JSON.stringify({ prompt })))
})

// What the agent sends.

const messagesOf = ({ rpc }: Caller, role: string) =>
  rpc
    .events('claude.message')
    .map((event) => paramsOf(event) as { role: string; text: string; messageId: string })
    .filter((message) => message.role === role)

Then(
  /^the messages of the role "(assistant|user)" have ([\d,]+) characters in all, and each a messageId of its own$/,
  async function (this: SuiteWorld, role: string, digits: string) {
    const caller = sceneOf(this).caller('controller')
    const expected = Number(digits.replaceAll(',', ''))
    const lengthOf = () => messagesOf(caller, role).reduce((sum, { text }) => sum + text.length, 0)
    await caller.rpc.until(
      `${digits} characters of the ${role}`,
      () => (lengthOf() >= expected ? true : undefined),
      30_000,
    )
    const messages = messagesOf(caller, role)
    if (lengthOf() !== expected) throw new Failed(`The ${role} has ${lengthOf()} characters`)
    if (new Set(messages.map(({ messageId }) => messageId)).size !== messages.length)
      throw new Failed('Two of the messages have one messageId')
    if (new Set(messages.map(({ text }) => text).join('')).size !== 1)
      throw new Failed(`The ${role} has said something else`)
  },
)

Then('the first of them has the messageId of the prompt', async function (this: SuiteWorld) {
  const caller = sceneOf(this).caller('controller')
  const { messageId } = await caller.result<{ messageId: string }>()
  if (messagesOf(caller, 'user')[0]?.messageId !== messageId) throw new Failed('It has another')
})

Then('no body has more than 1,048,576 bytes', function (this: SuiteWorld) {
  for (const { reference, message } of sceneOf(this).caller('controller').rpc.messages) {
    if (!reference || reference.length <= limits.bodyLeast) continue
    throw new Failed(`A body of ${JSON.stringify(message).slice(0, 100)} has ${reference.length} bytes`)
  }
})

const saying = (caller: Caller) =>
  caller.rpc.event('claude.message', ({ role }) => role === 'assistant', '"claude.message" of the assistant', 30_000)

Then(
  '"claude.message" of the assistant comes with a reference, before its body, and with {bytes} characters',
  async function (this: SuiteWorld, length: number) {
    const caller = sceneOf(this).caller('controller')
    const said = await saying(caller)
    if (!said.reference) throw new Failed('The message comes whole')
    if (caller.rpc.unnamed.length > 0) throw new Failed('Chunks come before the message that names their stream')
    const { text } = paramsOf(said)
    if (typeof text !== 'string' || text.length !== length)
      throw new Failed('The body is not what the assistant has said')
  },
)

Then('"claude.message" of the assistant comes without a reference', async function (this: SuiteWorld) {
  if ((await saying(sceneOf(this).caller('controller'))).reference)
    throw new Failed('The message comes with a reference, although it fits')
})

Then('both have come with a reference', function (this: SuiteWorld) {
  const { rpc } = sceneOf(this).caller('controller')
  const large = rpc.messages.filter(
    ({ message }) =>
      JSON.stringify(message).length > 65_536 && (message.type === 'response' || message.type === 'event'),
  )
  if (large.length < 2) throw new SuiteError('Two large messages were to be heard')
  if (large.some(({ reference }) => !reference)) throw new Failed('A message of more than 65,536 bytes comes whole')
})
