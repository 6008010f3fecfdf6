import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type Request, Response } from '@happy-remote/schemas/rpc/envelope.ts'
import { methods } from '@happy-remote/schemas/rpc/registry.ts'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { FakeCaller } from './caller.fake.ts'
import { diskCommandStore } from './command-store.ts'
import { createCommands } from './commands.ts'
import { createDispatch, type DispatchOptions } from './dispatch.ts'
import type { Handlers } from './handler.ts'

const isResponse = Compile(Response)
const terminalId = '00000000-0000-4000-8000-00000000000a'
const id = '00000000-0000-4000-8000-000000000001'
const request = (method: string, params: object = {}, as = id): Request => ({ id: as, type: 'request', method, params })

function start(handlers: Partial<Handlers>, options: Partial<DispatchOptions> = {}) {
  const logged: Readonly<Record<string, unknown>>[] = []
  const dispatch = createDispatch({
    handlers: handlers as Handlers,
    commands: createCommands(diskCommandStore(new DatabaseSync(':memory:'))),
    log: (_message, detail) => logged.push(detail),
    ...options,
  })
  /** The error of the response, or its result; every response must fit the schema. */
  const ask = async (asked: Request, caller = new FakeCaller(), refuse?: ProtocolError) => {
    const response = await dispatch(asked, caller, refuse)
    assert.ok(isResponse.Check(response), JSON.stringify(response))
    assert.equal(response.id, asked.id)
    return 'error' in response ? response.error : response.result
  }
  return { dispatch, ask, logged }
}

test('a request gets what its handler gives', async () => {
  const { ask } = start({ 'terminal.list': () => ({ terminals: [] }), 'terminal.close': async () => ({}) })
  assert.deepEqual(await ask(request('terminal.list')), { terminals: [] })
  assert.deepEqual(await ask(request('terminal.close', { terminalId, unknown: 'member' })), {})
})

test('each command that is executed is noted once with its outcome, and a note that fails changes nothing', async () => {
  const acts: unknown[] = []
  const acted = (act: object) => void acts.push(act)
  const handlers: Partial<Handlers> = {
    'terminal.list': () => ({ terminals: [] }),
    'terminal.close': () => ({}),
    'terminal.resize': () => {
      throw new ProtocolError('not-found', 'gone')
    },
  }
  const { ask } = start(handlers, { acted })
  const other = id.replace(/1$/, '2')
  await ask(request('terminal.list'))
  for (let i = 0; i < 2; i++) await ask(request('terminal.close', { terminalId }))
  await ask(request('terminal.resize', { terminalId, cols: 80, rows: 24 }, other))
  const { deviceId } = new FakeCaller()
  assert.deepEqual(acts, [
    { deviceId, method: 'terminal.close', id, outcome: 'ok' },
    { deviceId, method: 'terminal.resize', id: other, outcome: 'not-found' },
  ])
  const full = start(handlers, {
    acted: () => {
      throw new Error('disk full')
    },
  })
  assert.deepEqual(await full.ask(request('terminal.close', { terminalId })), {})
  assert.equal(full.logged.length, 1)
})

test('a method that is not in the registry is unknown-method, also where JavaScript knows the name', async () => {
  const { ask } = start({})
  for (const method of ['terminal.fly', 'constructor', '__proto__', 'toString', 'terminal.list\u0000']) {
    assert.equal(((await ask(request(method))) as { code: string }).code, 'unknown-method', method)
  }
})

test('the capability is checked before params are looked at', async () => {
  const { ask } = start({})
  const caller = new FakeCaller('a', ['observe'])
  assert.deepEqual(await ask(request('terminal.open', { cols: 'no number' }), caller), {
    code: 'forbidden',
    message: "Cannot call terminal.open: 'terminal' is not granted",
    data: { capability: 'terminal' },
  })
})

test('every method refuses a caller that lacks its capability', async () => {
  const { ask } = start({})
  const nobody = new FakeCaller('a', [])
  for (const { name, capability } of Object.values(methods)) {
    const error = (await ask(request(name), nobody)) as { code: string; data: unknown }
    assert.deepEqual([error.code, error.data], ['forbidden', { capability }], name)
  }
})

test('invalid params are named by their path and by what they must be, never by what they are', async () => {
  const { ask } = start({})
  const secret = 'hunter2'
  const table: [method: string, params: object, message: string][] = [
    ['terminal.open', { cols: secret, rows: 5 }, 'Cannot call terminal.open: params.cols must be integer'],
    ['terminal.open', { cols: 80, rows: 1001 }, 'Cannot call terminal.open: params.rows must be <= 1000'],
    ['terminal.open', { cols: 80 }, 'Cannot call terminal.open: params.rows is missing'],
    [
      'terminal.open',
      { cols: 1, rows: 1, command: ['a', { secret }] },
      'Cannot call terminal.open: params.command.1 must be string',
    ],
    [
      'claude.cancel',
      { scope: secret },
      'Cannot call claude.cancel: params.scope must be one of ["turn","turn-and-queue"]',
    ],
  ]
  for (const [method, params, message] of table) {
    assert.deepEqual(await ask(request(method, params)), { code: 'invalid-params', message })
  }
  const { message } = (await ask(request('terminal.close', { terminalId: secret }))) as { message: string }
  assert.match(message, /^Cannot call terminal\.close: params\.terminalId must match pattern/)
  assert.ok(!message.includes(secret))
})

test('a ProtocolError with an RPC code is the answer, with its data', async () => {
  const { ask, logged } = start({
    'terminal.write': () => {
      throw new ProtocolError('conflict', 'Cannot write', { offset: 3 })
    },
    'terminal.close': async () => {
      throw new ProtocolError('not-found')
    },
  })
  const write = request('terminal.write', { terminalId, offset: 0, data: '' })
  assert.deepEqual(await ask(write), { code: 'conflict', message: 'Cannot write', data: { offset: 3 } })
  assert.deepEqual(await ask(request('terminal.close', { terminalId })), {
    code: 'not-found',
    message: 'No such thing.',
  })
  assert.deepEqual(logged, [])
})

test('every other failure is internal: details go to the log, not to the caller', async () => {
  const failures = [new Error('password hunter2'), new ProtocolError('decrypt', 'hunter2'), 'hunter2', undefined]
  for (const failure of failures) {
    const { ask, logged } = start({
      'terminal.list': () => {
        throw failure
      },
    })
    const caller = new FakeCaller()
    const error = await ask(request('terminal.list'), caller)
    assert.deepEqual(error, { code: 'internal', message: 'The agent failed; the details are in its log.' })
    assert.deepEqual(logged, [{ method: 'terminal.list', id, deviceId: caller.deviceId, error: failure }])
  }
})

test('a result that does not fit its schema is internal and logged', async () => {
  const broken = { 'terminal.list': () => ({ terminals: 5 }) as never }
  const { ask, logged } = start(broken)
  assert.equal(((await ask(request('terminal.list'))) as { code: string }).code, 'internal')
  assert.match(String(logged[0]?.error), /terminal\.list broke its contract: result\.terminals must be array/)
  const unchecked = start(broken, { checkResults: false })
  assert.deepEqual(await unchecked.ask(request('terminal.list')), { terminals: 5 })
})

test('a repeated command is executed once; under other params its id is conflict', async () => {
  let runs = 0
  const { ask } = start({
    'terminal.close': async () => {
      runs++
      throw new ProtocolError('not-found', `run ${runs}`)
    },
  })
  const close = request('terminal.close', { terminalId })
  const answers = await Promise.all([ask(close), ask(close)])
  answers.push(await ask(close))
  for (const answer of answers) assert.deepEqual(answer, { code: 'not-found', message: 'run 1' })
  assert.equal(runs, 1)
  const other = request('terminal.resize', { terminalId, cols: 1, rows: 1 })
  assert.equal(((await ask(other)) as { code: string }).code, 'conflict')
})

test('reads and writes are executed as often as they come', async () => {
  let runs = 0
  const { ask } = start({
    'terminal.write': () => ({ offset: ++runs }),
    'terminal.list': () => {
      runs++
      return { terminals: [] }
    },
  })
  const write = request('terminal.write', { terminalId, offset: 0, data: '' })
  assert.deepEqual(await ask(write), { offset: 1 })
  assert.deepEqual(await ask(write), { offset: 2 })
  await ask(request('terminal.list'))
  assert.equal(runs, 3)
})

test('a refused request is not executed; a command that already ran is still answered', async () => {
  let runs = 0
  const { ask } = start({
    'terminal.close': () => {
      runs++
      return {}
    },
    'terminal.list': () => {
      runs++
      return { terminals: [] }
    },
  })
  const stale = new ProtocolError('stale', undefined, { challenge: 'AAAAAAAAAAA' })
  const answer = { code: 'stale', message: stale.message, data: { challenge: 'AAAAAAAAAAA' } }
  const close = request('terminal.close', { terminalId })
  const caller = new FakeCaller()
  assert.deepEqual(await ask(close, caller, stale), answer)
  assert.deepEqual(await ask(request('terminal.list'), caller, stale), answer)
  assert.equal(runs, 0)
  assert.deepEqual(await ask(close, caller), {})
  assert.deepEqual(await ask(close, caller, stale), {})
  assert.equal(runs, 1)
})

test('handlers start in the order of the requests, before dispatch returns', () => {
  const order: number[] = []
  const { dispatch } = start({
    'terminal.write': ({ offset }) => {
      order.push(offset)
      return { offset }
    },
    'terminal.resize': async ({ cols }) => {
      order.push(cols)
      return {}
    },
  })
  const caller = new FakeCaller()
  void dispatch(request('terminal.write', { terminalId, offset: 1, data: '' }), caller)
  void dispatch(request('terminal.resize', { terminalId, cols: 2, rows: 1 }), caller)
  void dispatch(request('terminal.write', { terminalId, offset: 3, data: '' }), caller)
  assert.deepEqual(order, [1, 2, 3])
})

test('every request counts as a sign of its device', async () => {
  const heard: string[] = []
  const { ask } = start({}, { heard: (deviceId) => heard.push(deviceId) })
  const caller = new FakeCaller('b')
  await ask(request('terminal.fly'), caller)
  assert.deepEqual(heard, [caller.deviceId])
})

test('dispatch answers whatever params come, and never rejects', async () => {
  const names = Object.keys(methods)
  const failing = Object.fromEntries(names.map((name) => [name, () => Promise.reject(new Error('x'))]))
  const { ask } = start(failing as unknown as Partial<Handlers>)
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.constantFrom(...names), fc.string({ minLength: 1, maxLength: 64 })),
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
      fc.uuid(),
      async (method, params, as) => {
        const { code } = (await ask(request(method, params, as))) as { code: string }
        assert.ok(['unknown-method', 'invalid-params', 'internal'].includes(code), code)
      },
    ),
    { numRuns: 500 },
  )
})
