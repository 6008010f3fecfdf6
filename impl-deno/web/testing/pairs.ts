// Tests that are run with both implementations of a relay and of an agent, without each with each.

import { suite, test } from 'node:test'
import type { Runtime } from './program.ts'

export interface Pair {
  readonly relay: Runtime
  readonly agent: Runtime
}

const PAIRS: readonly Pair[] = [
  { relay: 'node', agent: 'deno' },
  { relay: 'deno', agent: 'node' },
]

/** At once, for most of such a test is waiting. `timeout`: milliseconds for each. */
export function testPairs(title: string, { timeout }: { timeout: number }, run: (pair: Pair) => Promise<void>): void {
  suite(title, { concurrency: true }, () => {
    for (const pair of PAIRS) test(`${title}: ${pair.relay} relay, ${pair.agent} agent`, { timeout }, () => run(pair))
  })
}
