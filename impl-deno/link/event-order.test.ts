import assert from 'node:assert/strict'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Session } from '../session/session.ts'
import { EventOrder } from './event-order.ts'

const session = {} as Session
const interrupted = new ProtocolError('interrupted', 'Cannot send: the session is over')

function scene() {
  const order = new EventOrder()
  const begun: string[] = []
  /** An event whose sending the test ends. */
  const add = (name: string, { hasBody = false } = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Session>()
    const send = () => {
      begun.push(name)
      return promise
    }
    return { ended: order.add(send, hasBody), ends: () => resolve(session), fails: () => reject(interrupted) }
  }
  return { order, begun, add }
}

Deno.test('events without bodies do not wait for each other', () => {
  const { begun, add } = scene()
  add('one')
  add('two')
  assert.deepEqual(begun, ['one', 'two'])
})

Deno.test('a body holds what comes behind it, and the next body what is behind that', async () => {
  const { begun, add } = scene()
  const [first, second] = [add('first', { hasBody: true }), add('second', { hasBody: true })]
  const third = add('third')
  assert.deepEqual(begun, ['first'])
  first.ends()
  assert.equal(await first.ended, session)
  assert.deepEqual(begun, ['first', 'second'])
  second.ends()
  await second.ended
  assert.deepEqual(begun, ['first', 'second', 'third'])
  third.ends()
  assert.equal(await third.ended, session)
})

Deno.test('a body that fails holds up nothing', async () => {
  const { begun, add } = scene()
  const body = add('body', { hasBody: true })
  add('behind')
  body.fails()
  await assert.rejects(body.ended, interrupted)
  assert.deepEqual(begun, ['body', 'behind'])
})

Deno.test('what waits at the end fails, and is never begun', async () => {
  const { order, begun, add } = scene()
  const body = add('body', { hasBody: true })
  const behind = add('behind')
  order.close(interrupted)
  await assert.rejects(behind.ended, interrupted)
  body.ends()
  await body.ended
  assert.deepEqual(begun, ['body'])
})
