import { equal, match } from 'node:assert/strict'
import { relayMetrics } from './metrics.ts'
import { startRelay } from './server.ts'

Deno.test('all series of an answer come from one reading, and the next answer reads again', async () => {
  const relay = await startRelay()
  let readings = 0
  const metrics = relayMetrics({
    ...relay,
    stats() {
      readings++
      return { ...relay.stats(), connections: readings }
    },
  })
  await Promise.resolve() // What the registry was made with is over.
  const before = readings
  for (const shown of [before + 1, before + 2]) {
    match(await metrics.text(), new RegExp(`^happy_relay_connections ${shown}$`, 'm'))
    equal(readings, shown)
  }
  await relay.close()
})
