import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { DEFAULT_CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Request } from '@happy-remote/schemas/rpc/envelope.ts'
import { FakeCaller } from '../caller.fake.ts'
import { diskCommandStore } from '../command-store.ts'
import { createCommands } from '../commands.ts'
import type { Device, DeviceChange, Devices } from '../devices.ts'
import { createDispatch } from '../dispatch.ts'
import type { Handlers } from '../handler.ts'
import { Pause } from '../pause.ts'
import { agentHandlers } from './agent.ts'
import { deviceHandlers } from './device.ts'
import { sessionHandlers } from './session.ts'
import { terminalHandlers } from './terminal.ts'

const me = new FakeCaller('a', DEFAULT_CAPABILITIES)
const owner = new FakeCaller('b', ['observe', 'admin'])

function fakeDevices() {
  const paired: Device[] = [me, owner].map(({ deviceId, capabilities }, i) => ({
    deviceId,
    name: `device ${i}`,
    capabilities: [...capabilities],
    pairedAt: 1_000 + i,
    lastHeardAt: i === 0 ? 2_000 : null,
    online: i === 0,
  }))
  const revoked: string[] = []
  const changed: [string, DeviceChange][] = []
  const devices: Devices = {
    list: () => paired,
    change(deviceId, change) {
      changed.push([deviceId, change])
      return paired.some((device) => device.deviceId === deviceId)
    },
    revoke(deviceId) {
      revoked.push(deviceId)
      return paired.some((device) => device.deviceId === deviceId)
    },
  }
  return { devices, revoked, changed }
}

const aPause = () => new Pause({ database: new DatabaseSync(':memory:'), emit: () => {}, allows: () => false })

/** Through dispatch, which checks that results fit their schemas. */
async function ask(handlers: Partial<Handlers>, caller: FakeCaller, method: string, params: object = {}) {
  const failed: unknown[] = []
  const dispatch = createDispatch({
    handlers: handlers as Handlers,
    commands: createCommands(diskCommandStore(new DatabaseSync(':memory:'))),
    log: (_message, { error }) => failed.push(error),
    checkResults: true,
  })
  const request: Request = { id: '00000000-0000-4000-8000-000000000001', type: 'request', method, params }
  const response = await dispatch(request, caller)
  assert.deepEqual(failed, [])
  return 'error' in response ? response.error : response.result
}

test('agent.info tells what the agent is and what the caller may do', async () => {
  const assistant = { name: 'scripted', available: true, scripted: true }
  const info = {
    deviceId: `${'c'.repeat(25)}a`,
    name: 'desk',
    software: 'happy-remote/0.1.0',
    workspace: '/work',
    assistant: () => assistant,
  }
  const result = (await ask(agentHandlers(info), owner, 'agent.info')) as Record<string, unknown>
  const { methods, platform, ...rest } = result
  assert.deepEqual(rest, {
    deviceId: info.deviceId,
    name: 'desk',
    software: 'happy-remote/0.1.0',
    protocol: 1,
    workspace: '/work',
    capabilities: ['observe', 'admin'],
    assistant,
  })
  assert.ok((methods as string[]).includes('terminal.open'))
  assert.match(String(platform), /^[a-z]+$/)
})

test('device.list tells every device, and which is the caller', async () => {
  const { devices } = fakeDevices()
  assert.deepEqual(await ask(deviceHandlers(devices), me, 'device.list'), {
    devices: [
      {
        deviceId: me.deviceId,
        name: 'device 0',
        self: true,
        capabilities: [...DEFAULT_CAPABILITIES],
        pairedAt: 1_000,
        lastHeardAt: 2_000,
        online: true,
      },
      {
        deviceId: owner.deviceId,
        name: 'device 1',
        self: false,
        capabilities: ['observe', 'admin'],
        pairedAt: 1_001,
        lastHeardAt: null,
        online: false,
      },
    ],
  })
})

test('session.revoke of the own device takes effect after the response', async () => {
  const { devices, revoked } = fakeDevices()
  const caller = new FakeCaller('a', ['observe'])
  caller.responds = false
  const params = { deviceId: caller.deviceId }
  assert.deepEqual(await ask(sessionHandlers(devices, aPause()), caller, 'session.revoke', params), { success: true })
  assert.deepEqual(revoked, [])
  caller.respond()
  assert.deepEqual(revoked, [caller.deviceId])
})

test('session.revoke of another device needs admin', async () => {
  const { devices, revoked } = fakeDevices()
  const handlers = sessionHandlers(devices, aPause())
  assert.deepEqual(await ask(handlers, me, 'session.revoke', { deviceId: owner.deviceId }), {
    code: 'forbidden',
    message: "Cannot revoke another device: 'admin' is not granted",
    data: { capability: 'admin' },
  })
  assert.deepEqual(revoked, [])
  assert.deepEqual(await ask(handlers, owner, 'session.revoke', { deviceId: me.deviceId }), { success: true })
  assert.deepEqual(revoked, [me.deviceId])
  const unknown = (await ask(handlers, owner, 'session.revoke', { deviceId: `${'e'.repeat(25)}a` })) as { code: string }
  assert.equal(unknown.code, 'not-found')
})

test('device.rename of the own device needs no admin, device.grant always does', async () => {
  const { devices, changed } = fakeDevices()
  const handlers = deviceHandlers(devices)
  const forbidden = { code: 'forbidden', data: { capability: 'admin' } }
  const own = { deviceId: me.deviceId }
  assert.deepEqual(await ask(handlers, me, 'device.rename', { ...own, name: 'phone' }), {})
  for (const [method, params] of [
    ['device.rename', { deviceId: owner.deviceId, name: 'x' }],
    ['device.grant', { ...own, capabilities: ['admin'] }],
  ] as const) {
    assert.partialDeepStrictEqual(await ask(handlers, me, method, params), forbidden)
  }
  assert.deepEqual(await ask(handlers, owner, 'device.grant', { ...own, capabilities: ['observe', 'observe'] }), {})
  assert.deepEqual(changed, [
    [me.deviceId, { name: 'phone' }],
    [me.deviceId, { capabilities: ['observe'] }],
  ])
  const nobody = { deviceId: `${'e'.repeat(25)}a`, name: 'x' }
  assert.partialDeepStrictEqual(await ask(handlers, owner, 'device.rename', nobody), { code: 'not-found' })
})

test('every terminal method reaches its namesake', async () => {
  const called: string[] = []
  const stub = new Proxy({} as Parameters<typeof terminalHandlers>[0], {
    get: (_target, name) => () => {
      called.push(String(name))
      throw new ProtocolError('not-found')
    },
  })
  const handlers = terminalHandlers(stub)
  const terminalId = '00000000-0000-4000-8000-000000000001'
  const table: [string, object, string][] = [
    ['terminal.open', { cols: 1, rows: 1 }, 'open'],
    ['terminal.attach', { terminalId }, 'attach'],
    ['terminal.write', { terminalId, offset: 0, data: '' }, 'write'],
    ['terminal.resize', { terminalId, cols: 1, rows: 1 }, 'resize'],
    ['terminal.close', { terminalId }, 'end'],
    ['terminal.list', {}, 'list'],
    ['stream.credit', { streamId: 1, upTo: 1 }, 'credit'],
  ]
  for (const [method, params] of table) await ask(handlers, me, method, params)
  assert.deepEqual(
    called,
    table.map(([, , name]) => name),
  )
})
