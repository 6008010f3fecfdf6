// Steps about the order in which events of an agent come.

import { Then, When } from '@cucumber/cucumber'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { type Caller, paramsOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

/** For a body of 1 MiB on a busy machine, in ms. */
const LONG = 60_000

const sessionOf = ({ name, controller: { current } }: Caller) => {
  if (!current) throw new SuiteError(`The ${name} has no session`)
  return current
}

When('{caller} stops acknowledging', async function (this: SuiteWorld, caller: Caller) {
  await this.stage.settle()
  const session = sessionOf(caller)
  caller.controller.duties.ack = false
  session.ackUpTo = session.ack
})

When('{caller} acknowledges again', async function (this: SuiteWorld, caller: Caller) {
  sessionOf(caller).ackUpTo = Number.POSITIVE_INFINITY
  caller.controller.duties.ack = true
  await caller.controller.sendControl({ type: 'ack' })
})

When(
  '{caller} is answered {int} times with the error {string}, each time in a frame of its own',
  async function (this: SuiteWorld, caller: Caller, times: number, code: string) {
    // An error is urgent: it waits for no other.
    for (let i = 0; i < times; i++) {
      await caller.ask('no.such.method')
      await caller.refusal(code)
    }
  },
)

Then(
  '{caller} is told the request of the assistant, and before it every entry before it, in order',
  { timeout: 2 * LONG },
  async function (this: SuiteWorld, caller: Caller) {
    const { message: request } = await caller.rpc.event('permission.requested', undefined, 'permission request', LONG)
    const seqs = caller.rpc.events().flatMap(({ message }) => message.journal?.seq ?? [])
    const told = seqs.slice(0, seqs.indexOf(request.journal?.seq ?? 0) + 1)
    const [first = 0] = told
    const wrong = told.find((seq, i) => seq !== first + i)
    if (wrong !== undefined) throw new Failed(`The entries come in this order: ${seqs.join()}`)
  },
)

Then('{caller} is told each piece of a message before its whole', function (this: SuiteWorld, caller: Caller) {
  const whole = new Set<unknown>()
  for (const event of caller.rpc.events()) {
    const { messageId } = paramsOf(event)
    if (event.message.method === 'claude.message') whole.add(messageId)
    if (event.message.method === 'claude.delta' && whole.has(messageId)) {
      throw new Failed('A piece of a message comes behind the whole')
    }
  }
})
