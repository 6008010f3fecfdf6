import { deepEqual, equal, ok } from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { methods } from '@happy-remote/schemas/rpc/registry.ts'
import { toBase64url } from '../crypto/base64url.ts'
import { utf8 } from '../crypto/bytes.ts'
import { Store } from '../session/store.ts'
import { agentScene } from '../testing/agent.ts'
import { until } from '../testing/manual-timers.ts'
import { MemoryBackend } from '../testing/memory-store.ts'
import type { AssistantListener } from './assistants/assistant.ts'
import { AuditLog } from './audit.ts'

const UUID = /^[0-9a-f]{8}-/
const newStore = async () => Store.open(await MemoryBackend.create())

Deno.test('a device pairs, and is told who the agent is and what it may do', async () => {
  const { pair, agent, workspace, close, log } = await agentScene()
  const phone = await pair()
  const info = await phone.result<Result<'agent.info'>>({ method: 'agent.info' })
  deepEqual(info, {
    ...{ deviceId: agent.current.deviceId, name: 'desk', software: 'test', protocol: 1, platform: Deno.build.os },
    ...{ workspace: await Deno.realPath(workspace), assistant: null, methods: Object.keys(methods) },
    capabilities: ['observe', 'prompt', 'approve', 'terminal', 'files', 'git'],
  })
  const { devices } = await phone.result<Result<'device.list'>>({ method: 'device.list' })
  deepEqual(
    devices.map(({ name, self, online }) => [name, self, online]),
    [['phone', true, true]],
  )
  deepEqual(
    log.filter((line) => !['bound', 'lost'].includes(line)),
    ['scanned', 'digits 3', 'paired'],
  )
  await close()
})

Deno.test('wrong digits may be typed twice, the third time ends the attempt', async () => {
  const { agent, scan, log, close } = await agentScene()
  const { uri } = await agent.current.offer()
  await until(() => log.includes('bound'), 'the code can be used')
  const { shown } = await scan(uri, await newStore())
  await until(() => log.includes('digits 3') && shown.digits !== '', 'the digits are asked for')
  const wrong = shown.digits === '000000' ? '111111' : '000000'
  for (let i = 0; i < 3; i++) equal(await agent.current.typed(wrong), false)
  deepEqual(
    log.filter((line) => /digits|failed/.test(line)),
    ['digits 3', 'digits 2', 'digits 1', 'failed sas-mismatch'],
  )
  await until(() => shown.failed === 'sas-mismatch', 'the controller knows')
  equal(agent.current.isPairing, false)
  deepEqual(agent.current.devices.list, [])
  await close()
})

Deno.test('the checks of a request come in their order', async () => {
  const { pair, close } = await agentScene()
  const phone = await pair(['observe', 'prompt'])
  equal(await phone.refusal({ method: 'no.method' }), 'unknown-method')
  equal(await phone.refusal({ method: 'toString' }), 'unknown-method')
  // The capability before the params.
  const forbidden = await phone.call({ method: 'terminal.open', params: { cols: 'x' } })
  ok('error' in forbidden)
  deepEqual([forbidden.error.code, forbidden.error.data], ['forbidden', { capability: 'terminal' }])
  equal(await phone.refusal({ method: 'claude.sendMessage', params: { prompt: '' } }), 'invalid-params')
  equal(await phone.refusal({ method: 'claude.sendMessage', params: { prompt: 'x' } }), 'assistant-unavailable')
  equal(await phone.refusal({ method: 'permission.answer', params: {} }), 'forbidden')
  await close()
})

Deno.test('a command runs once however often it is asked, also after a restart, and its id belongs to it', async () => {
  const { pair, restart, workspace, close } = await agentScene()
  const phone = await pair()
  const id = crypto.randomUUID()
  const command = ['sh', '-c', 'echo x >> ran; sleep 60']
  const open = { method: 'terminal.open', params: { cols: 80, rows: 24, command }, id }
  const [first, second] = [await phone.call(open), await phone.call(open)]
  deepEqual(second, first)
  equal(await phone.refusal({ ...open, params: { ...open.params, cols: 81 } }), 'conflict')
  await until(() => readOr(`${workspace}/ran`) === 'x\n', 'it ran')
  await restart()
  deepEqual(await phone.call(open), first)
  equal(readOr(`${workspace}/ran`), 'x\n')
  await close()
})

function readOr(file: string): string {
  try {
    return Deno.readTextFileSync(file)
  } catch {
    return ''
  }
}

Deno.test('a request without a fresh challenge is stale, once, with a new one; a known id is answered all the same', async () => {
  const { pair, agent, close } = await agentScene()
  const phone = await pair()
  const cancel = { method: 'claude.cancel', params: { scope: 'turn' }, id: crypto.randomUUID() }
  deepEqual(await phone.result(cancel), { success: false })
  const [device] = agent.current.devices.all
  // As on a connection that has just been made.
  device?.connection.link.challenges.reconnected()
  const stale = await phone.call({ method: 'device.list' })
  ok('error' in stale)
  equal(stale.error.code, 'stale')
  equal((stale.error.data as { challenge: string }).challenge.length, 11)
  deepEqual(await phone.result(cancel), { success: false })
  await close()
})

Deno.test('a terminal is opened, typed into and seen; its stream follows its name', async () => {
  const { pair, close } = await agentScene()
  const phone = await pair()
  const { terminalId, stream } = await phone.result<Result<'terminal.open'>>({
    ...{ method: 'terminal.open', params: { cols: 80, rows: 24, command: ['sh', '-c', 'echo ready; cat'] } },
  })
  await until(() => phone.output(stream).includes('ready'), 'it runs')
  const write = { terminalId, offset: 0, data: toBase64url(utf8('hello\n')) }
  deepEqual(await phone.result({ method: 'terminal.write', params: write }), { offset: 6 })
  await until(() => phone.output(stream).includes('hello\r\n'), 'it is seen')
  equal(await phone.refusal({ method: 'terminal.write', params: write }), 'conflict')
  deepEqual(phone.told('terminal.opened').length, 1)
  await phone.result({ method: 'terminal.close', params: { terminalId } })
  await until(() => phone.told('terminal.exited').length === 1, 'its end is told')
  await close()
})

Deno.test('after a new session the old stream is over, and attach goes on', async () => {
  const { pair, close } = await agentScene()
  const phone = await pair()
  const { terminalId, stream } = await phone.result<Result<'terminal.open'>>({
    ...{ method: 'terminal.open', params: { cols: 80, rows: 24, command: ['sh', '-c', 'echo one; cat'] } },
  })
  await until(() => phone.output(stream).includes('one'), 'it runs')
  const { session } = phone.connection.link
  phone.connection.link.rekey()
  await until(() => phone.connection.link.session !== session, 'there is another session')
  equal(await phone.refusal({ method: 'stream.credit', params: { streamId: stream, upTo: 1 } }), 'not-found')
  const attached = await phone.result<Result<'terminal.attach'>>({
    ...{ method: 'terminal.attach', params: { terminalId, afterOffset: 3 } },
  })
  equal(attached.stream, 1)
  await until(() => phone.chunks.at(-1)?.offset === 3, 'it goes on')
  await close()
})

Deno.test('events go to those who may see them, and a prompt is answered before it is told of', async () => {
  const listeners: AssistantListener[] = []
  const assistant = {
    ...{ name: 'fake', scripted: true },
    start: async (listener: AssistantListener) => {
      listeners.push(listener)
      const prompt = async (text: string) => {
        listener.piece('text', `You said ${text}`)
        return 'completed' as const
      }
      return { session: 's1', isNew: true, takes: [], prompt, cancel: () => {}, close: async () => {} }
    },
  }
  const { pair, close } = await agentScene({ assistant })
  const phone = await pair()
  const watch = await pair(['observe'])
  const blind = await pair(['prompt'])
  const { messageId, state } = await phone.result<Result<'claude.sendMessage'>>({
    ...{ method: 'claude.sendMessage', params: { prompt: 'hi' } },
  })
  equal(state, 'started')
  const done = (one: typeof phone) =>
    one.told('claude.messageState').some((each) => Reflect.get(each, 'state') === 'completed')
  await until(() => done(phone) && done(watch), 'both are told')
  deepEqual(
    watch.told('claude.message').map((each) => [Reflect.get(each, 'role'), Reflect.get(each, 'text')]),
    [
      ['user', 'hi'],
      ['assistant', 'You said hi'],
    ],
  )
  ok(watch.events.every(({ id }) => UUID.test(id)))
  equal(new Set(watch.events.map(({ id }) => id)).size, watch.events.length)
  equal(Reflect.get(phone.told('claude.message')[0] ?? {}, 'messageId'), messageId)
  deepEqual(blind.events, [])
  equal(await watch.refusal({ method: 'claude.sendMessage', params: { prompt: 'x' } }), 'forbidden')
  await close()
})

Deno.test('pairings and commands are written down, each once, and reads are not', async () => {
  const audit = new AuditLog(':memory:')
  const { pair, agent, close } = await agentScene({ audit })
  const phone = await pair()
  const [device] = agent.current.devices.list
  const deviceId = device?.deviceId ?? ''
  const cancel = { method: 'claude.cancel', params: { scope: 'turn' } }
  const forbidden = { method: 'device.rename', params: { deviceId: 'a'.repeat(26), name: 'x' } }
  await phone.result({ method: 'claude.getStatus', params: {} })
  await phone.result(cancel)
  equal(await phone.refusal(forbidden), 'forbidden')
  await agent.current.revoke(deviceId)
  deepEqual(
    audit.read().rows.map(({ deviceId: who, method, outcome }) => [who, method, outcome]),
    [
      ['local', 'pair', 'ok'],
      [deviceId, 'claude.cancel', 'ok'],
      [deviceId, 'device.rename', 'forbidden'],
      ['local', 'session.revoke', 'ok'],
    ],
  )
  equal(audit.read().rows.at(-1)?.id, deviceId)
  await close()
  audit.close()
})

Deno.test('a device may end its own pairing, and hears so first; others need admin', async () => {
  const { pair, agent, log, close } = await agentScene()
  const phone = await pair()
  const boss = await pair(['observe', 'admin'])
  const [phoneId, bossId] = agent.current.devices.list.map(({ deviceId }) => deviceId)
  const revoke = (deviceId: string | undefined) => ({ method: 'session.revoke', params: { deviceId } })
  const refused = await phone.call(revoke(bossId))
  ok('error' in refused)
  deepEqual([refused.error.code, refused.error.data], ['forbidden', { capability: 'admin' }])
  equal(await boss.refusal(revoke('a'.repeat(26))), 'not-found')
  deepEqual(await phone.result(revoke(phoneId)), { success: true })
  await until(() => phone.log.includes('revoked'), 'it is told')
  await until(() => boss.told('device.revoked').length === 1, 'the other is told')
  deepEqual(
    agent.current.devices.list.map(({ deviceId }) => deviceId),
    [bossId],
  )
  equal(log.filter((line) => line === 'revoked').length, 1)
  await close()
})

Deno.test('a device with admin ends the pairing of another, which can pair again with its digits', async () => {
  const { pair, agent, store, close } = await agentScene()
  const own = await newStore()
  const phone = await pair(undefined, own)
  const boss = await pair(['observe', 'admin'])
  const [{ deviceId } = { deviceId: '' }] = agent.current.devices.list
  await boss.result({ method: 'session.revoke', params: { deviceId } })
  await until(() => phone.log.includes('revoked'), 'it is told')
  equal(store.denied.length, 1)
  await pair(undefined, own)
  equal(store.denied.length, 0)
  await until(() => boss.told('device.joined').some((each) => Reflect.get(each, 'deviceId') === deviceId), 'it is told')
  await close()
})

Deno.test('a new pairing of a device replaces the old one, and keeps its ids', async () => {
  const { pair, agent, store, close } = await agentScene()
  const own = await newStore()
  const cancel = { method: 'claude.cancel', params: { scope: 'turn' }, id: crypto.randomUUID() }
  const phone = await pair(undefined, own)
  await phone.result(cancel)
  const again = await pair(undefined, own)
  equal(store.pairings.length, 1)
  equal(agent.current.devices.list.length, 1)
  equal(await again.refusal({ ...cancel, params: { scope: 'turn-and-queue' } }), 'conflict')
  await close()
})

Deno.test('after a restart a stored device is known, and can go on', async () => {
  const { pair, agent, restart, close } = await agentScene()
  const phone = await pair()
  await restart()
  await phone.result({ method: 'agent.info' })
  equal(agent.current.devices.list[0]?.name, 'phone')
  await close()
})

Deno.test('what a method fails with inside is not told', async () => {
  const assistant = {
    ...{ name: 'fake', scripted: true },
    start: async () => {
      throw new Error('secret words')
    },
  }
  const failures: string[] = []
  const { pair, close } = await agentScene({ assistant, log: (_, event) => void failures.push(event) })
  const phone = await pair()
  const response = await phone.call({ method: 'claude.sendMessage', params: { prompt: 'x' } })
  ok('error' in response)
  equal(response.error.code, 'assistant-unavailable')
  await close()
})

Deno.test('an event waits for a device that is away, and a delta does not', async () => {
  const { pair, agent, close } = await agentScene()
  const phone = await pair()
  await until(() => phone.told('device.joined').length === 1, 'it has joined')
  phone.events.length = 0
  const [device] = agent.current.devices.all
  ok(device)
  device.connection.link.deliveryFailed()
  const told = { terminalId: crypto.randomUUID(), cols: 80, rows: 24 }
  const message = { conversationId: 'c', messageId: crypto.randomUUID() }
  device.tell('claude.delta', { ...message, kind: 'text', text: 'piece' })
  device.tell('terminal.resized', told)
  await new Promise((resolve) => setTimeout(resolve))
  deepEqual(phone.events, [])
  await phone.result({ method: 'device.list' })
  await until(() => phone.events.length > 0, 'the event comes')
  deepEqual(
    phone.events.map(({ method, params }) => [method, params]),
    [['terminal.resized', told]],
  )
  await close()
})

Deno.test('beyond what is kept for a device that is away events are dropped', async () => {
  const { pair, agent, close } = await agentScene()
  const phone = await pair()
  await until(() => phone.told('device.joined').length === 1, 'it has joined')
  phone.events.length = 0
  const [device] = agent.current.devices.all
  ok(device)
  device.connection.link.deliveryFailed()
  const text = 'x'.repeat(limits.messageMax)
  const tell = () =>
    device.tell('claude.message', { conversationId: 'c', messageId: crypto.randomUUID(), role: 'assistant', text })
  const most = Math.ceil(limits.eventBacklog / limits.messageMax)
  for (let i = 0; i <= most; i++) tell()
  const { backlog } = device.connection.rpc
  ok(backlog > limits.eventBacklog && backlog < limits.eventBacklog + 2 * limits.messageMax)
  deepEqual(phone.events, [])
  await close()
})
