import assert from 'node:assert/strict'
import { test } from 'node:test'
import { relayMetrics } from './metrics.ts'
import { startRelay } from './server.ts'

test('an answer reads what the relay counts once, and each answer reads it anew', async (t) => {
  const relay = await startRelay()
  t.after(() => relay.close())
  let [read, connections] = [0, 0]
  const counted = {
    ...relay,
    stats: () => {
      read++
      return { ...relay.stats(), connections }
    },
  }
  const metrics = relayMetrics(counted)
  await Promise.resolve() // What was read to make them is over.
  read = 0
  for (connections of [1, 2])
    assert.match(await metrics.metrics(), new RegExp(`^happy_relay_connections ${connections}$`, 'm'))
  assert.equal(read, 2)
})

test('nothing is shown for which what is open would be counted one by one', async (t) => {
  const relay = await startRelay()
  t.after(() => relay.close())
  const text = await relayMetrics(relay).metrics()
  assert.match(text, /^process_cpu_seconds_total /m)
  assert.doesNotMatch(text, /nodejs_active_|process_open_fds/)
})
