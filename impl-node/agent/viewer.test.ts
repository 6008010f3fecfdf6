import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import { FakeCaller } from './caller.fake.ts'
import { Ring } from './ring.ts'
import { Viewer } from './viewer.ts'

function watch(offset = 0, size = limits.terminalRing) {
  const ring = new Ring(size)
  const caller = new FakeCaller()
  const told = { changes: 0, gone: 0 }
  const viewer = new Viewer(caller, ring, offset, {
    coalesce: limits.terminalCoalesce,
    onChange: () => told.changes++,
    onGone: () => told.gone++,
  })
  const push = (bytes: number) => {
    ring.push(new Uint8Array(bytes))
    viewer.output()
  }
  const sizes = () => caller.stream.chunks.map(({ bytes }) => bytes.length)
  return { ring, viewer, stream: caller.stream, told, push, sizes }
}

test('the first bytes after quiet go out at once, what follows is gathered for longer and longer', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { viewer, push, sizes } = watch()
  viewer.start()
  t.mock.timers.tick(100)
  push(1)
  assert.deepEqual(sizes(), [1])
  const sent = [1]
  for (const gather of [1, 2, 4, 8, 16, 20, 20]) {
    push(2)
    t.mock.timers.tick(gather - 1)
    push(3)
    assert.deepEqual(sizes(), sent)
    t.mock.timers.tick(1)
    sent.push(5)
    assert.deepEqual(sizes(), sent)
  }
  t.mock.timers.tick(20)
  push(7)
  assert.deepEqual(sizes(), [...sent, 7])
})

test('a full chunk does not wait', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { viewer, push, sizes } = watch()
  viewer.start()
  push(1)
  push(limits.chunkMax - 1)
  assert.deepEqual(sizes(), [1])
  push(10)
  assert.deepEqual(sizes(), [1, limits.chunkMax])
  t.mock.timers.tick(1)
  assert.deepEqual(sizes(), [1, limits.chunkMax, 9])
})

test('credit starts a window above the offset, is absolute, and never shrinks', () => {
  const { viewer, push, stream } = watch()
  viewer.start()
  push(limits.terminalWindow + 100)
  assert.equal(stream.reached, limits.terminalWindow)
  assert.equal(viewer.able, false)
  viewer.grant(10)
  assert.equal(stream.reached, limits.terminalWindow)
  viewer.grant(limits.terminalWindow + 40)
  assert.equal(stream.reached, limits.terminalWindow + 40)
  viewer.grant(limits.terminalWindow + 400)
  assert.equal(stream.reached, limits.terminalWindow + 100)
  assert.equal(viewer.able, true)
  viewer.detach()
})

test('bytes that are gone cost no credit', () => {
  const ring = 300_000
  const { viewer, push, stream } = watch(0, ring)
  viewer.start()
  push(limits.terminalWindow)
  push(5_000_000)
  assert.equal(stream.reached, limits.terminalWindow)
  viewer.grant(limits.terminalWindow + 10)
  const end = limits.terminalWindow + 5_000_000
  assert.deepEqual([stream.chunks.at(-1)?.offset, stream.reached], [end - ring, end - ring + 10])
  assert.equal(viewer.able, false)
  viewer.detach()
})

test('a viewer whose session is full sends what it kept back in order', () => {
  const { viewer, push, stream } = watch()
  stream.room = 1
  viewer.start()
  push(150_000)
  assert.equal(viewer.able, false)
  assert.equal(stream.reached, limits.chunkMax)
  push(10)
  stream.drain(1)
  assert.equal(stream.reached, 2 * limits.chunkMax)
  stream.drain(Number.POSITIVE_INFINITY)
  assert.equal(stream.reached, 150_010)
  const offsets = stream.chunks.map(({ offset }) => offset)
  assert.deepEqual(offsets, [0, limits.chunkMax, 2 * limits.chunkMax])
  viewer.detach()
})

test('a viewer leaves after the last byte, or with its session, and is told of once', () => {
  const complete = watch()
  complete.viewer.start()
  complete.push(5)
  complete.viewer.complete()
  assert.deepEqual([complete.stream.reached, complete.stream.closed, complete.told.gone], [5, true, 1])

  const starved = watch()
  starved.viewer.start()
  starved.push(limits.terminalWindow + 1)
  starved.viewer.complete()
  assert.equal(starved.stream.closed, false)
  starved.viewer.grant(limits.terminalWindow + 1)
  assert.deepEqual([starved.stream.closed, starved.told.gone], [true, 1])

  const ended = watch()
  ended.viewer.start()
  ended.stream.end()
  ended.stream.end()
  ended.push(5)
  assert.deepEqual([ended.stream.reached, ended.told.gone], [null, 1])

  const detached = watch()
  detached.viewer.detach()
  detached.viewer.start()
  detached.push(5)
  assert.deepEqual([detached.stream.reached, detached.stream.closed, detached.told.gone], [null, true, 0])
})
