import { deepEqual, equal } from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import { ManualTimers, until } from '../testing/manual-timers.ts'
import { Ring } from './ring.ts'
import { Viewer } from './viewer.ts'

// rpc.credit.stall
Deno.test('what was read and not sent yet uses credit, and a grant gives it back', () => {
  const ring = new Ring()
  let moves = 0
  const port = { newStreamId: () => 1, sendChunk: () => new Promise<void>(() => {}) }
  const viewer = new Viewer(port, ring, 0, new ManualTimers(), () => moves++)
  viewer.start()
  ring.append(new Uint8Array(limits.terminalWindow - 1))
  viewer.wake()
  equal(viewer.hasCredit, true)
  ring.append(new Uint8Array(1))
  equal(viewer.hasCredit, false)
  const before = moves
  viewer.grant(limits.terminalWindow + 1)
  equal(viewer.hasCredit, true)
  equal(moves > before, true)
})

function watched() {
  const ring = new Ring()
  const timers = new ManualTimers()
  const sizes: number[] = []
  const port = {
    newStreamId: () => 1,
    sendChunk: async (_: number, __: number, { length }: Uint8Array) => void sizes.push(length),
  }
  const viewer = new Viewer(port, ring, 0, timers, () => {})
  viewer.start()
  const push = async (bytes: number) => {
    ring.append(new Uint8Array(bytes))
    viewer.wake()
    // What would be sent is sent in this turn.
    await new Promise((resolve) => setTimeout(resolve))
  }
  const sent = (expected: number[]) =>
    until(() => sizes.length >= expected.length, `${expected} is sent`).then(() => deepEqual(sizes, expected))
  return { timers, viewer, push, sent, sizes }
}

// rpc.credit.coalesce
Deno.test('the first bytes after a quiet time leave at once, and what follows is gathered for longer and longer', async () => {
  const { timers, viewer, push, sent, sizes } = watched()
  await push(1)
  const expected = [1]
  await sent(expected)
  for (const gather of [1, 2, 4, 8, 16, 20, 20]) {
    await push(2)
    timers.advance(gather - 1)
    await push(3)
    deepEqual(sizes, expected)
    timers.advance(1)
    expected.push(5)
    await sent(expected)
  }
  timers.advance(20)
  await push(7)
  expected.push(7)
  await sent(expected)
  await push(8)
  timers.advance(1)
  await sent([...expected, 8])
  viewer.end()
})

Deno.test('a full chunk does not wait for more', async () => {
  const { timers, viewer, push, sent, sizes } = watched()
  const full = limits.chunkMax - 30
  await push(1)
  await push(full - 1)
  deepEqual(sizes, [1])
  await push(10)
  await sent([1, full])
  timers.advance(1)
  await sent([1, full, 9])
  viewer.end()
})
