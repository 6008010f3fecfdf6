import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Controller } from '../../controller/controller.ts'
import { CallFailure } from '../../controller/failure.ts'
import type { Terminal } from './terminal.ts'
import { Terminals } from './terminals.ts'

const [one, two] = [1, 2].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [string, string]
const size = { cols: 80, rows: 24 }
const summary = { ...size, running: true, exitCode: null, oldest: 0, end: 0 }

function scene(answer: (method: string, params: object) => unknown = () => ({})) {
  const calls: [string, object][] = []
  const controller = {
    call: async (method: string, params: object) => {
      calls.push([method, params])
      return answer(method, params)
    },
    type: async (terminalId: string, bytes: Uint8Array) => {
      calls.push(['type', { terminalId, text: new TextDecoder().decode(bytes) }])
    },
    leave: () => {},
  } as unknown as Controller
  const terminals = new Terminals(controller)
  const list = (...ids: string[]) =>
    terminals.take({
      type: 'terminals',
      terminals: ids.map((terminalId, at) => ({ ...summary, terminalId, startedAt: at })),
    })
  const output = (terminalId: string, text: string) =>
    terminals.take({ type: 'output', terminalId, offset: 0, bytes: new TextEncoder().encode(text), live: true })
  return { terminals, calls, list, output }
}

const shownOf = (terminal: Terminal | undefined): [string, boolean][] => {
  const shown: [string, boolean][] = []
  terminal?.follow((bytes, mayAnswer) => shown.push([new TextDecoder().decode(bytes), mayAnswer]))()
  return shown
}

test('what a terminal asked before it was used here is not answered, and nothing is answered twice', async () => {
  const { terminals, list, output } = scene()
  list(one)
  const terminal = terminals.current.value as Terminal
  await terminals.attach(terminal)
  output(one, 'past')
  await terminals.type(terminal, new Uint8Array([1]))
  output(one, 'now')
  assert.deepEqual(shownOf(terminal), [
    ['past', false],
    ['now', true],
  ])
  assert.deepEqual(shownOf(terminal), [
    ['past', false],
    ['now', false],
  ])
})

test('a gap is counted, and ends a sequence that was cut', () => {
  const { terminals, output } = scene()
  output(one, 'before\u001b[3')
  terminals.take({ type: 'gap', terminalId: one, from: 9, to: 109 })
  assert.equal(terminals.current.value?.lost.value, 100)
  assert.deepEqual(
    shownOf(terminals.current.value).map(([text]) => text),
    ['before\u001b[3', '\u0018\u001b[0m'],
  )
})

test('no more output is kept than an agent keeps', () => {
  const { terminals, output } = scene()
  const piece = 'x'.repeat(400_000)
  for (const end of '1234') output(one, piece + end)
  assert.deepEqual(
    shownOf(terminals.current.value).map(([text]) => text.at(-1)),
    ['3', '4'],
  )
})

test('a terminal that the agent does not name any more has ended', () => {
  const { terminals, list } = scene()
  list(one, two)
  list(two)
  assert.deepEqual(
    terminals.list.value.map(({ end }) => end.value?.why),
    ['gone', undefined],
  )
  assert.equal(terminals.current.value?.id, two)
})

test('of sizes that change while one is on its way, the last is told', async () => {
  const sent = Promise.withResolvers<object>()
  const { terminals, calls, list } = scene(() => sent.promise)
  list(one)
  const terminal = terminals.current.value as Terminal
  const first = terminals.resize(terminal, { cols: 40, rows: 20 })
  void terminals.resize(terminal, { cols: 41, rows: 20 })
  void terminals.resize(terminal, { cols: 42, rows: 20 })
  // An older size that is told meanwhile does not count.
  terminals.take({
    ...{ type: 'event', method: 'terminal.resized', live: true, journaled: false },
    params: { terminalId: one, cols: 40, rows: 20 },
  })
  assert.equal(terminal.isResizing.value, true)
  sent.resolve({})
  await first
  assert.equal(terminal.isResizing.value, false)
  assert.deepEqual(
    calls.map(([, params]) => (params as { cols: number }).cols),
    [40, 42],
  )
  assert.deepEqual(terminal.size.value, { cols: 42, rows: 20 })
})

test('what is typed into a terminal that is not attached yet waits until it is', async () => {
  const opened = Promise.withResolvers<object>()
  const { terminals, calls } = scene((method) => (method === 'terminal.open' ? opened.promise : size))
  const opening = terminals.open(size)
  terminals.take({
    ...{ type: 'event', method: 'terminal.opened', live: true, journaled: false },
    params: { terminalId: one, ...size, by: '' },
  })
  const terminal = terminals.current.value as Terminal
  const attached = terminals.attach(terminal)
  const typed = [...'ls'].map((key) => terminals.type(terminal, new TextEncoder().encode(key)))
  opened.resolve({ terminalId: one })
  await Promise.all([opening, attached, ...typed])
  assert.deepEqual(calls, [
    ['terminal.open', size],
    ['type', { terminalId: one, text: 'l' }],
    ['type', { terminalId: one, text: 's' }],
  ])
  assert.equal(terminal.end.value, undefined)
})

test('what is typed into a terminal that cannot be attached is not taken for its end', async () => {
  const { terminals, list } = scene(() => {
    throw new CallFailure('timeout', '')
  })
  list(one)
  const terminal = terminals.current.value as Terminal
  await terminals.type(terminal, new Uint8Array([1]))
  assert.equal(terminal.end.value, undefined)
  assert.equal(terminals.trouble.value?.code, 'timeout')
})

test('one that is closed leaves the list and does not come back', async () => {
  const { terminals, calls, list } = scene()
  list(one, two)
  await terminals.close(terminals.list.value[0] as Terminal)
  list(one, two)
  assert.deepEqual(
    terminals.list.value.map(({ id }) => id),
    [two],
  )
  assert.deepEqual(calls, [['terminal.close', { terminalId: one }]])
})

test('what is refused is told, and an attach to what is not there is an end', async () => {
  let code: 'paused' | 'not-found' = 'paused'
  const { terminals, list } = scene(() => {
    throw new CallFailure(code, 'no')
  })
  list(one)
  const terminal = terminals.current.value as Terminal
  await terminals.attach(terminal)
  assert.equal(terminals.trouble.value?.code, 'paused')
  assert.equal(terminal.isAttached.value, false)
  code = 'not-found'
  await terminals.attach(terminal)
  assert.equal(terminal.end.value?.why, 'gone')
})
