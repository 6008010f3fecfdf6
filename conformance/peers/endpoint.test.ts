import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { FaultyRelay, SCRIPTED_HEADER } from './faulty-relay.ts'
import { ScriptedAgent } from './scripted-agent.ts'
import { ScriptedController } from './scripted-controller.ts'
import { Transcript } from './transcript.ts'

let relay: FaultyRelay
let agent: ScriptedAgent
let controller: ScriptedController
let transcript: Transcript

beforeEach(async () => {
  relay = new FaultyRelay()
  transcript = new Transcript()
  const url = await relay.listen()
  const shared = { relay, url, transcript, now: () => performance.now(), wall: () => Date.now() }
  agent = new ScriptedAgent({ ...shared, name: 'agent' })
  controller = new ScriptedController({ ...shared, name: 'controller' })
})

afterEach(async () => {
  agent.end()
  controller.end()
  await relay.crash()
})

async function pair(): Promise<void> {
  controller.scan(await agent.offer())
  await controller.sendM1()
  await agent.acceptM1()
  await agent.sendM2()
  await controller.acceptM2()
  await controller.sendM3()
  await agent.acceptM3()
  await agent.complete()
  await controller.expectControl('pair.complete')
  await agent.expectControl('pair.ack')
}

describe('A scripted agent and a scripted controller', () => {
  test('pair with each other, with the same digits, in suite 0x0002', async () => {
    await pair()
    assert.equal(agent.run?.digits, controller.digits)
    assert.equal(controller.run?.setting.suite, 2)
    assert.deepEqual(agent.record?.pairingId, controller.record?.pairingId)
  })

  test('pair in suite 0x0001 where one of them knows no other', async () => {
    controller.suites = 1
    await pair()
    assert.equal(agent.run?.setting.suite, 1)
  })

  test('exchange messages, stream chunks and acknowledgements', async () => {
    await pair()
    const id = randomUUID()
    await controller.sendMessage({ id, type: 'request', method: 'agent.info', params: {} })
    const request = await agent.expectMessage('request', (message) => message.id === id)
    assert.deepEqual(Buffer.from(request.fresh), Buffer.from(agent.issued.at(-1) ?? []))
    await agent.sendMessage({ id, type: 'response', result: {} })
    await agent.sendChunk(1, 0, Buffer.from('hi'))
    await controller.expectMessage('response', (message) => message.id === id)
    assert.equal(Buffer.from((await controller.expectChunk()).chunk.bytes).toString(), 'hi')
    await agent.expectControl('ack')
    assert.equal(agent.current?.acked, agent.current?.nextSeq)
  })

  test('rekey: the new session is current once its first message has opened', async () => {
    await pair()
    await controller.alone(() => controller.sendR1())
    await agent.expectHandshake('R3')
    await controller.settle()
    assert.equal(controller.current, controller.sessions[1])
    assert.equal(agent.current, agent.sessions[1])
    await controller.sendMessage({ id: randomUUID(), type: 'request', method: 'agent.info', params: {} })
    const { sessionNumber } = await agent.expectMessage('request', ({ type }) => type === 'request')
    assert.equal(sessionNumber, 2)
  })

  test('refuse what is wrong, as the other one would', async () => {
    controller.scan(await agent.offer())
    await controller.sendM1({ parts: () => ({ routeId: new Uint8Array(16).fill(1) }) })
    await assert.rejects(
      agent.acceptM1(),
      (error: Error) => error instanceof Failed && /route-mismatch/.test(error.message),
    )
  })

  test('do not send by accident what the schemas reject', async () => {
    await pair()
    assert.throws(() => agent.sendControl({ type: 'pair.ack', deviceName: 'x' }), SuiteError)
    assert.throws(() => controller.sendControl({ type: 'hello', challenge: 'short' }), SuiteError)
    await assert.doesNotReject(controller.sendControl({ type: 'hello', challenge: 'short' }, { isWrong: true }))
  })

  test('write what they hear into the transcript, without a secret', async () => {
    await pair()
    assert.match(String(transcript), /"type":"M1"/)
    assert.match(String(transcript), /"type":"pair.complete"/)
    const ppk = Buffer.from(agent.record?.ppk ?? [])
    for (const form of ['hex', 'base64url'] as const) assert.ok(!String(transcript).includes(ppk.toString(form)))
  })
})

describe('FaultyRelay', () => {
  const payloads = [1, 2, 3].map((n) => Uint8Array.of(1, 0x10, n))

  /** What arrives of three frames of which the second met `fault`. */
  async function arrives(fault: Parameters<FaultyRelay['plan']>[0]): Promise<number[]> {
    await pair()
    const numbers = () =>
      controller.inbox.waiting.flatMap((heard) =>
        'frame' in heard && heard.frame.length === payloads[0]?.length ? [heard.frame[2] as number] : [],
      )
    relay.plan(fault, ({ bytes }) => bytes.at(-1) === 2)
    for (const payload of payloads) agent.sendPayload(payload, 'a frame')
    await agent.settle()
    await controller.settle()
    if (fault === 'delayed') await controller.expectFrame('2', (heard) => 'frame' in heard && heard.frame[2] === 2)
    await controller.settle()
    const before = numbers()
    relay.releaseHeld()
    await controller.settle()
    return fault === 'delayed' ? [...before, 2] : numbers()
  }

  const table: [Parameters<FaultyRelay['plan']>[0], number[]][] = [
    ['dropped', [1, 3]],
    ['held back', [1, 3, 2]],
    ['duplicated', [1, 2, 2, 3]],
    ['swapped with the next', [1, 3, 2]],
    ['delayed', [1, 3, 2]],
  ]
  for (const [fault, expected] of table) {
    test(`a frame is ${fault}`, async () => {
      assert.deepEqual(await arrives(fault), expected)
    })
  }

  test('cuts one side, and comes back on the same port after a crash', async () => {
    await agent.bind(null)
    const { origin } = relay
    relay.cut('peers')
    await agent.expectFrame('close', ({ kind }) => kind === 'closed')
    await relay.crash()
    assert.equal((await relay.listen()).startsWith(origin), true)
    await agent.comeBack()
    assert.equal([...relay.peers][0]?.headers[SCRIPTED_HEADER], 'agent')
  })

  test('comes back on its port when somebody else who had it meanwhile has left', async () => {
    const { origin } = relay
    await relay.crash()
    const other = createServer().listen(Number(new URL(origin).port), '127.0.0.1')
    await once(other, 'listening')
    const back = relay.listen()
    // Whoever tries now is refused the port.
    await assert.rejects(once(createServer().listen(Number(new URL(origin).port), '127.0.0.1'), 'listening'))
    other.close()
    assert.equal((await back).startsWith(origin), true)
  })
})
