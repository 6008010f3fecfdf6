import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Request } from '@happy-remote/schemas/rpc/envelope.ts'
import { type MethodName, methods } from '@happy-remote/schemas/rpc/registry.ts'
import { scripted } from './assistants/testkit.ts'
import { FakeCaller } from './caller.fake.ts'
import { diskCommandStore } from './command-store.ts'
import { createCommands } from './commands.ts'
import { createDispatch } from './dispatch.ts'
import type { Handlers } from './handler.ts'
import { Pause } from './pause.ts'

const PHONE = 'aaaaaaaaaaaaaaaaaaaaaaaaaa'

function setUp(database = new DatabaseSync(':memory:')) {
  const told: [string, unknown][] = []
  const pause = new Pause({
    database,
    emit: (name, params) => void told.push([name, params]),
    allows: ({ option }) => option === 'yes',
    now: () => 7_000,
  })
  return { pause, told, database }
}

const refusal = (code: string) => (error: unknown) => error instanceof ProtocolError && error.code === code

test('a pause lasts until it is ended by its own id, and everybody is told of both', () => {
  const { pause, told } = setUp()
  assert.equal(pause.present, null)
  const { pauseId } = pause.begin(PHONE)
  assert.deepEqual(pause.begin('local'), { pauseId, by: PHONE, at: 7_000 })
  assert.throws(() => pause.end('00000000-0000-4000-8000-000000000001', PHONE), refusal('not-found'))
  pause.end(pauseId, 'local')
  assert.equal(pause.present, null)
  assert.throws(() => pause.end(pauseId, PHONE), refusal('not-found'))
  assert.notEqual(pause.begin(PHONE).pauseId, pauseId)
  assert.deepEqual(told.slice(0, 2), [
    ['session.paused', { pauseId, by: PHONE, at: 7_000 }],
    ['session.resumed', { pauseId, by: 'local', at: 7_000 }],
  ])
})

test('a pause outlives the program, and so does its end', () => {
  const { pause, database } = setUp()
  const begun = pause.begin(PHONE)
  const later = setUp(database).pause
  assert.deepEqual(later.present, begun)
  later.end(begun.pauseId, PHONE)
  assert.equal(setUp(database).pause.present, null)
})

test('a pause refuses every command and write but those that look after, stop, refuse and leave', () => {
  const { pause } = setUp()
  const isRefused = (name: MethodName, params: object = {}): boolean => {
    try {
      pause.check(name, params)
      return false
    } catch (error) {
      assert.ok(refusal('paused')(error))
      return true
    }
  }
  const names = Object.keys(methods) as MethodName[]
  assert.ok(!names.some((name) => isRefused(name)))
  pause.begin(PHONE)
  const passes = names.filter((name) => !isRefused(name) && methods[name].kind !== 'read')
  assert.deepEqual(passes.sort(), [
    'claude.cancel',
    'permission.answer',
    'session.pause',
    'session.resume',
    'session.revoke',
  ])
  assert.ok(isRefused('permission.answer', { option: 'yes' }))
  assert.ok(isRefused('question.answer', { answers: [] }) && !isRefused('question.answer', { answers: null }))
  for (const name of names) assert.ok(methods[name].kind !== 'read' || !isRefused(name), name)
})

test('a command that was refused stays refused when it comes again after the pause', async () => {
  const { pause } = setUp()
  let ran = 0
  const dispatch = createDispatch({
    handlers: {
      'device.rename': () => {
        ran++
        return {}
      },
    } as Partial<Handlers> as Handlers,
    commands: createCommands(diskCommandStore(new DatabaseSync(':memory:'))),
    log: () => {},
    check: (name, params) => pause.check(name, params),
  })
  const params = { deviceId: PHONE, name: 'phone' }
  const request: Request = {
    ...{ id: '00000000-0000-4000-8000-000000000001', type: 'request', method: 'device.rename', params },
  }
  const { pauseId } = pause.begin(PHONE)
  const refused = await dispatch(request, new FakeCaller())
  pause.end(pauseId, PHONE)
  assert.partialDeepStrictEqual(refused, { error: { code: 'paused' } })
  assert.deepEqual(await dispatch(request, new FakeCaller()), refused)
  assert.equal(ran, 0)
  await dispatch({ ...request, id: '00000000-0000-4000-8000-000000000002' }, new FakeCaller())
  assert.equal(ran, 1)
})

test('the running turn goes on in a pause, and what waits behind it begins after the pause', async (t) => {
  const { conversation, log, pause } = scripted(t, { first: [{ do: 'wait' }] })
  const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`
  await conversation.send({ prompt: 'first' }, id(1))
  await conversation.send({ prompt: 'second' }, id(2))
  const { pauseId } = pause.begin(PHONE)
  assert.partialDeepStrictEqual(conversation.status(), { state: 'running', queued: 1, paused: { pauseId } })
  conversation.cancel('turn', PHONE)
  await log.settled(id(1))
  assert.deepEqual(log.statesOf(id(2)), ['queued'])
  assert.partialDeepStrictEqual(conversation.status(), { state: 'idle', queued: 1 })
  pause.end(pauseId, PHONE)
  assert.equal((await log.settled(id(2))).state, 'completed')
  assert.ok(!('paused' in conversation.status()))
})
