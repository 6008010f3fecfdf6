import assert from 'node:assert/strict'
import { fromBase64url } from '../crypto/base64url.ts'
import { concat, utf8 } from '../crypto/bytes.ts'
import type { Session } from '../session/session.ts'
import { controlledScene } from '../testing/controlled.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import type { Answer } from './calls.ts'
import { TerminalInput } from './terminal-input.ts'
import { Terminals } from './terminals.ts'

const terminalId = '6f1c9a52-0d3e-4b7a-9c55-2f8e4d1b7a90'

/** An agent with one terminal, in as few lines as a test needs. */
async function terminalScene() {
  const agent = { output: '', typed: new Uint8Array(), stream: 0, losing: 0 }
  const scene = await controlledScene(({ method, params }) => {
    const { afterOffset, offset = 0, data = '' } = params as { afterOffset?: number; offset?: number; data?: string }
    if (method === 'terminal.open' || method === 'terminal.attach') {
      const session = scene.agent().link.session
      if (!session) return null
      agent.stream = session.newStream()
      const from = afterOffset ?? 0
      if (from < agent.output.length) queueMicrotask(() => void send(from))
      const attachment = { terminalId, stream: agent.stream, offset: from, written: agent.typed.length }
      return { result: method === 'terminal.open' ? attachment : { ...attachment, cols: 80, rows: 24, running: true } }
    }
    if (method !== 'terminal.write') return null
    if (offset !== agent.typed.length) {
      return { error: { code: 'conflict', message: '', data: { offset: agent.typed.length } } }
    }
    agent.typed = concat(agent.typed, fromBase64url(data))
    // The answer is lost, the bytes are not.
    if (agent.losing-- > 0) return null
    return { result: { offset: agent.typed.length } }
  })
  const send = async (from: number) => {
    const { link, rpc } = scene.agent()
    if (link.session)
      await rpc.sendChunk(link.session, agent.stream, from, utf8(agent.output.slice(from))).catch(() => {})
  }
  const print = (text: string) => {
    const from = agent.output.length
    agent.output += text
    return send(from)
  }
  const shown = () => new TextDecoder().decode(concat(...scene.told('output').map(({ bytes }) => bytes)))
  await scene.settled(scene.controller.call('terminal.open', { cols: 80, rows: 24 }))
  return { ...scene, terminal: agent, print, shown }
}

Deno.test('output of an opened terminal is told, goes on after a lost connection and after a rekey', async () => {
  const scene = await terminalScene()
  await scene.print('one ')
  await scene.moving(() => scene.shown() === 'one ', 'it was shown')
  scene.relay.cut()
  scene.terminal.output += 'two '
  await scene.moving(() => scene.shown() === 'one two ', 'it goes on after the connection')
  const { session } = scene.agent().link
  scene.controller.connection.link.rekey()
  await scene.moving(() => scene.agent().link.session !== session, 'another session is current')
  await scene.moving(() => scene.of('terminal.attach').length >= 2, 'it attached again')
  await scene.print('three')
  await scene.moving(() => scene.shown() === 'one two three', 'it goes on in the new session')
  scene.close()
})

Deno.test('what is typed arrives once and in order, though answers are lost and connections end', async () => {
  const scene = await terminalScene()
  scene.terminal.losing = 1
  const writes = ['ls', ' -', 'l\n'].map((text) => scene.controller.type(terminalId, utf8(text)))
  await scene.moving(() => scene.terminal.typed.length > 0, 'the first bytes arrived')
  scene.relay.cut()
  await scene.settled(Promise.all(writes))
  assert.equal(new TextDecoder().decode(scene.terminal.typed), 'ls -l\n')
  scene.close()
})

Deno.test('a terminal that has ended and shown everything is over, and typing into it fails', async () => {
  const scene = await terminalScene()
  await scene.print('bye')
  const params = { terminalId, exitCode: 0, signal: null, end: 3 }
  void scene.agent().rpc.send({ id: crypto.randomUUID(), type: 'event', method: 'terminal.exited', params })
  await scene.moving(() => scene.told('terminal-over').length === 1, 'it is over')
  assert.equal(scene.shown(), 'bye')
  await assert.rejects(scene.controller.type(terminalId, utf8('x')), { code: 'not-found' })
  scene.close()
})

Deno.test('a hole in the output leads to another attach', async () => {
  const scene = await terminalScene()
  let lose = true
  scene.relay.pass = (payload) => {
    if (!lose || payload[1] !== 0x10) return [payload]
    lose = false
    return []
  }
  await scene.print('lost ')
  await scene.print('seen')
  await scene.moving(() => scene.shown() === 'lost seen', 'all of it was shown')
  assert.equal(scene.of('terminal.attach').length, 1)
  scene.close()
})

Deno.test('a result of terminal.open that comes behind that of terminal.attach takes nothing back', () => {
  const session = {} as Session
  const answer = { received: { session }, firstSession: session } as unknown as Answer
  let shown = ''
  const output = (_: string, _offset: number, bytes: Uint8Array) => {
    shown += new TextDecoder().decode(bytes)
  }
  const owner = { output, call: async () => answer, gap: () => {}, over: () => {} }
  const terminals = new Terminals(owner, new ManualTimers())
  const opened = { terminalId, offset: 0, written: 0 }
  terminals.attached({ ...opened, stream: 2, cols: 80, rows: 24, running: true }, answer, 0)
  terminals.opened({ ...opened, stream: 1 }, answer)
  terminals.chunk({ streamId: 2, offset: 0, bytes: utf8('ready> ') }, session, true)
  assert.equal(shown, 'ready> ')
  terminals.close()
})

Deno.test('an older count of what was typed does not take back a newer one', async () => {
  const sent: string[] = []
  const input = new TerminalInput(async ({ offset, data }) => {
    sent.push(`${offset} ${new TextDecoder().decode(fromBase64url(data))}`)
    return { offset: offset + fromBase64url(data).length }
  })
  input.accepted(0)
  await input.write(utf8('ls '))
  input.accepted(0)
  await input.write(utf8('-l'))
  assert.deepEqual(sent, ['0 ls ', '3 -l'])
})
