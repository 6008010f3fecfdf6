import assert from 'node:assert/strict'
import { utf8 } from '../crypto/bytes.ts'
import type { Session } from '../session/session.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import { Batcher } from './batcher.ts'

const SESSION = {} as Session

function scene() {
  const timers = new ManualTimers()
  const frames: string[] = []
  const batcher = new Batcher(timers, async ({ content }) => {
    frames.push(new TextDecoder().decode(content))
    return SESSION
  })
  const add = (name: string, urgent = false, signal?: AbortSignal) =>
    batcher.add({ text: utf8(`{"m":"${name}"}`), urgent, ...(signal && { signal }) })
  const names = () => frames.map((frame) => [...frame.matchAll(/"m":"(\w+)"/g)].map(([, name]) => name).join(' '))
  return { timers, batcher, add, names }
}

Deno.test('a message after 50 ms in which none was sent goes at once, and those that follow share a frame', async () => {
  const { timers, add, names } = scene()
  const sent = [add('a'), add('b'), add('c')]
  assert.deepEqual(names(), ['a'])
  timers.advance(49)
  assert.deepEqual(names(), ['a'])
  timers.advance(1)
  assert.deepEqual(names(), ['a', 'b c'])
  assert.deepEqual(await Promise.all(sent), [SESSION, SESSION, SESSION])
})

Deno.test('the 50 ms count from the first that waits', () => {
  const { timers, add, names } = scene()
  void add('a')
  void add('b')
  timers.advance(30)
  void add('c')
  timers.advance(20)
  assert.deepEqual(names(), ['a', 'b c'])
})

Deno.test('an urgent message goes at once, behind those that wait and in their frame', () => {
  const { add, names } = scene()
  void add('a')
  void add('b')
  void add('c', true)
  assert.deepEqual(names(), ['a', 'b c'])
})

Deno.test('eleven that wait are two frames', () => {
  const { timers, add, names } = scene()
  void add('first')
  for (let i = 0; i < 11; i++) void add(`m${i}`)
  timers.advance(50)
  assert.deepEqual(
    names().map((frame) => frame.split(' ').length),
    [1, 10, 1],
  )
})

Deno.test('a message that was taken back while it waited is not sent', async () => {
  const { timers, add, names } = scene()
  void add('a')
  const abort = new AbortController()
  const taken = add('b', false, abort.signal)
  void add('c')
  abort.abort(new Error('taken back'))
  timers.advance(50)
  await assert.rejects(taken, { message: 'taken back' })
  assert.deepEqual(names(), ['a', 'c'])
})
