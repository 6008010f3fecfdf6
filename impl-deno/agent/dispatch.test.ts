import { deepEqual } from 'node:assert/strict'
import type { Request } from '@happy-remote/schemas/rpc/envelope.ts'
import { ManualClock } from '../testing/devices.ts'
import type { Caller, Handlers } from './caller.ts'
import { CommandStore } from './command-store.ts'
import { Commands } from './commands.ts'
import { Dispatch } from './dispatch.ts'

const params = { cols: 80, rows: 24 }
const result = { terminalId: crypto.randomUUID(), stream: 1, offset: 0, written: 0 }
const request: Request = { id: crypto.randomUUID(), type: 'request', method: 'terminal.open', params }
const caller = {
  device: 'a'.repeat(26),
  identityKey: new Uint8Array(32),
  capabilities: ['terminal'],
} as never as Caller

Deno.test('a response that nobody can be sent any more ends nothing, neither the first time nor at a repetition', async () => {
  const store = new CommandStore(':memory:')
  const handlers = { 'terminal.open': () => ({ result, after: (sent: Promise<unknown>) => void sent.catch(() => {}) }) }
  const nothing = () => {}
  const dispatch = new Dispatch(
    handlers as never as Handlers,
    new Commands(store, new ManualClock()),
    nothing,
    nothing,
    nothing,
  )
  const outcomes: unknown[] = []
  for (let times = 0; times < 2; times++) {
    const responded = Promise.withResolvers<void>()
    dispatch.take({
      ...{ request, caller, requireFresh: nothing },
      respond: (outcome) => {
        outcomes.push(outcome)
        responded.resolve()
        const sent = Promise.reject(new Error('the session of this stream is over'))
        sent.catch(nothing)
        return sent
      },
    })
    await responded.promise
    // A rejection that nobody has taken would end the program, and this test, now.
    await new Promise((resolve) => setTimeout(resolve))
  }
  deepEqual(outcomes, [{ result }, { result }])
  store.close()
})
