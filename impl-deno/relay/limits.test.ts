// The parts that count, with a clock of the test.

import { deepEqual, equal, throws } from 'node:assert/strict'
import { AddressRates } from './addresses.ts'
import { FailedPairs } from './failed.ts'
import { defaultLimits, isRelayLimit, relayLimits } from './limits.ts'
import { OpenCounts } from './open.ts'
import { defaultOrigins, dialled } from './origins.ts'
import { Rates } from './rates.ts'

Deno.test('relayLimits() gives the defaults with what is changed', () => {
  deepEqual(relayLimits(), defaultLimits)
  deepEqual(relayLimits({ drainTime: 0 }), { ...defaultLimits, drainTime: 0 })
})

Deno.test('relayLimits() refuses what no relay can keep to', () => {
  for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    throws(() => relayLimits({ relayBuffer: value }), RangeError)
  }
  throws(() => relayLimits({ maxFrame: 262_399 }), /Cannot use 262399 as maxFrame/)
  equal(relayLimits({ maxFrame: 262_401 }).maxFrame, 262_401)
  deepEqual([isRelayLimit('relayBind'), isRelayLimit('toString'), isRelayLimit('')], [true, false, false])
})

Deno.test('AddressRates counts connections at once, and new ones and binds in a second', () => {
  const clock = { now: 0, second: 0 }
  const rates = new AddressRates(relayLimits({ connections: 2, connectionsPerSecond: 3, bindsPerSecond: 1 }), clock)
  deepEqual([rates.enter('a'), rates.enter('a'), rates.enter('a'), rates.enter('b')], [true, true, false, true])
  for (let i = 0; i < 3; i++) rates.leave('a')
  equal(rates.enter('a'), false)
  deepEqual([rates.bind('a'), rates.bind('a'), rates.bind('b')], [true, false, true])
  rates.leave('a')
  clock.second++
  rates.sweep()
  deepEqual([rates.enter('a'), rates.enter('a'), rates.enter('a'), rates.bind('a')], [true, true, false, true])
})

Deno.test('Rates counts each kind of frame, and forgets with the second', () => {
  const limits = relayLimits({ messagesPerSecond: 1, framesPerSecond: 2, bytesPerSecond: 100 })
  const clock = { now: 0, second: 5 }
  const rates = new Rates()
  deepEqual([rates.message(limits, clock, 4), rates.message(limits, clock, 4)], [true, false])
  deepEqual(
    [10, 10, 10].map((size) => rates.frame(limits, clock, size)),
    [true, true, false],
  )
  clock.second++
  deepEqual([rates.frame(limits, clock, 100), rates.message(limits, clock, 0)], [true, true])
  clock.second++
  equal(rates.frame(limits, clock, 101), false)
})

Deno.test('FailedPairs tells a pair once in the rate, each pair by itself', () => {
  const pairs = new FailedPairs(1_000)
  deepEqual(
    [pairs.due('ab', 0), pairs.due('ab', 999), pairs.due('ac', 999), pairs.due('ab', 1_000)],
    [true, false, true, true],
  )
  equal(pairs.size, 2)
  pairs.sweep(1_999)
  equal(pairs.size, 1)
  deepEqual([pairs.due('ab', 1_999), pairs.due('ac', 1_999)], [false, true])
  pairs.sweep(3_000)
  equal(pairs.size, 0)
})

Deno.test('OpenCounts remembers a lost route for its time, and no longer', () => {
  const counts = new OpenCounts(relayLimits({ openFrames: 2, openFrameSize: 50, openMemory: 1_000 }))
  const use = (key: string) => {
    if (!counts.takes(key, 50)) return false
    counts.forwarded(key)
    return true
  }
  equal(use('never opened'), false)
  counts.opened('a')
  equal(counts.takes('a', 51), false)
  deepEqual([use('a'), use('a'), use('a')], [true, true, false])
  counts.lost('a', 0)
  counts.sweep(999)
  counts.opened('a')
  equal(use('a'), false)
  counts.sweep(10_000)
  equal(use('a'), false)
  counts.lost('a', 10_000)
  counts.sweep(11_000)
  counts.opened('a')
  equal(use('a'), true)
  counts.closed('a')
  counts.opened('a')
  deepEqual([use('a'), use('a'), use('a')], [true, true, false])
})

Deno.test('OpenCounts gives up the oldest of too many lost routes, and none that is bound', () => {
  const counts = new OpenCounts(relayLimits({ openFrames: 1, openRemembered: 2 }))
  for (const key of ['bound', 'first', 'second']) {
    counts.opened(key)
    counts.forwarded(key)
  }
  counts.lost('first', 0)
  counts.lost('second', 1)
  for (const key of ['first', 'second']) counts.opened(key)
  deepEqual(
    ['bound', 'first', 'second'].map((key) => counts.takes(key, 1)),
    [false, true, false],
  )
})

Deno.test('defaultOrigins() names the loopback and what is listened at', () => {
  deepEqual(defaultOrigins('wss', '10.1.2.3', 443, '/team').toSorted(), [
    'wss://10.1.2.3:443/team',
    'wss://127.0.0.1:443/team',
    'wss://[::1]:443/team',
    'wss://localhost:443/team',
  ])
  deepEqual(defaultOrigins('ws', '127.0.0.1', 1, ''), ['ws://localhost:1', 'ws://127.0.0.1:1', 'ws://[::1]:1'])
  for (const host of ['0.0.0.0', '::']) {
    const origins = defaultOrigins('ws', host, 80, '')
    for (const one of Deno.networkInterfaces()) {
      if (one.family === 'IPv4') equal(origins.includes(`ws://${one.address}:80`), true, one.address)
    }
    equal(
      origins.some((origin) => origin.includes('0.0.0.0') || origin.includes('[::]') || origin.includes('fe80')),
      false,
    )
  }
})

Deno.test('dialled() is an address that can be dialled', () => {
  deepEqual(
    ['0.0.0.0', '::', '::1', '10.1.2.3'].map((host) => dialled('ws', host, 80, '/x')),
    ['ws://127.0.0.1:80/x', 'ws://[::1]:80/x', 'ws://[::1]:80/x', 'ws://10.1.2.3:80/x'],
  )
})
