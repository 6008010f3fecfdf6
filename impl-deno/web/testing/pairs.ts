// Tests that are run with both implementations of a relay and of an agent, without each with each.

import { suite, test } from 'node:test'
import type { Runtime } from './program.ts'
import { type Scene, startScene } from './scene.ts'

interface Pair {
  readonly relay: Runtime
  readonly agent: Runtime
}

const PAIRS: readonly Pair[] = [
  { relay: 'node', agent: 'deno' },
  { relay: 'deno', agent: 'node' },
]

/** At once, for most of such a test is waiting. `timeout`: milliseconds for each. */
export function testPairs(title: string, { timeout }: { timeout: number }, run: (scene: Scene) => Promise<void>): void {
  suite(title, { concurrency: true }, () => {
    for (const pair of PAIRS) {
      test(`${title}: ${pair.relay} relay, ${pair.agent} agent`, { timeout }, async () => {
        const scene = await startScene(pair)
        try {
          await run(scene)
        } finally {
          await scene.close()
        }
      })
    }
  })
}
