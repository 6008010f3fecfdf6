// What batching saves, and what it costs: a thousand small events with and without it, and how long a message waits that
// should not wait.

import { setTimeout as sleep } from 'node:timers/promises'
import { ROUTED_HEADER } from '@happy-remote/schemas/relay.ts'
import { Batcher, type Outgoing } from '../impl-node/link/batch.ts'
import { sessionPair } from './ours.ts'
import { compare } from './rounds.ts'
import type { Row, Topic } from './row.ts'

const EVENTS = 1_000
/** ms between two: about as fast as an assistant speaks. */
const EVERY = 4
const ROUNDS = 5
const MESSAGES = 12
/** ms after which a message is the first for a while: nobody is there to wait for. */
const QUIET = 70
/** ms that a message that should not wait may be later than without batching. */
const DELAY_GOAL = 1

const encoder = new TextEncoder()

const event = (index: number): string =>
  JSON.stringify({
    ...{ id: crypto.randomUUID(), type: 'event', method: 'claude.delta' },
    params: {
      conversationId: crypto.randomUUID(),
      messageId: crypto.randomUUID(),
      kind: 'text',
      text: `word ${index} `,
    },
  })

type Send = (outgoing: Pick<Outgoing, 'contentType' | 'content'>) => void
interface Way {
  add(json: string, urgent: boolean): void
  flush(): void
}
const WAYS: Readonly<Record<'batched' | 'alone', (send: Send) => Way>> = {
  batched: (send) => new Batcher(send, () => performance.now()),
  alone: (send) => ({ add: (json) => send({ contentType: 'rpc', content: encoder.encode(json) }), flush: () => {} }),
}
type WayName = keyof typeof WAYS

/** Bytes at the relay, and encryptions, of a thousand events. */
async function cost(name: WayName): Promise<{ bytes: number; frames: number }> {
  const seal = sessionPair()
  let [bytes, frames] = [0, 0]
  const way = WAYS[name](({ contentType, content }) => {
    bytes += ROUTED_HEADER + seal('left', contentType as 'rpc' | 'batch', new Uint8Array(content))
    frames++
  })
  const began = performance.now()
  for (let i = 0; i < EVENTS; i++) {
    // What is late comes at once: the pace is that of the clock, not of the timers.
    const early = began + i * EVERY - performance.now()
    if (early > 0) await sleep(early)
    way.add(event(i), false)
  }
  way.flush()
  return { bytes, frames }
}

/** ms until a message is handed to the session: the worst of some. `before` is what happens before each. */
async function delay(name: WayName, urgent: boolean, before: (way: Way) => Promise<void>): Promise<number> {
  let onSent: (text: string) => void = () => {}
  const way = WAYS[name](({ content }) => onSent(new TextDecoder().decode(content)))
  let worst = 0
  for (let i = 0; i < MESSAGES; i++) {
    await before(way)
    const sent = Promise.withResolvers<number>()
    const own = event(i)
    onSent = (text) => text.includes(own) && sent.resolve(performance.now())
    const began = performance.now()
    way.add(own, urgent)
    worst = Math.max(worst, (await sent.promise) - began)
    onSent = () => {}
  }
  return worst
}

const lone = (name: WayName) => delay(name, false, () => sleep(QUIET).then(() => {}))
/** Three others wait already. */
const urgent = (name: WayName) =>
  delay(name, true, async (way) => {
    for (let i = 0; i < 4; i++) way.add(event(i), false)
  })

async function rowOf(
  id: string,
  unit: string,
  measure: (name: WayName) => Promise<number>,
  goal: (alone: number) => number | null = () => null,
): Promise<Row> {
  const samples: Record<WayName, number[]> = { batched: [], alone: [] }
  for (let round = 0; round < ROUNDS; round++) {
    const order: WayName[] = round % 2 === 0 ? ['batched', 'alone'] : ['alone', 'batched']
    for (const name of order) samples[name].push(await measure(name))
  }
  const row = compare(
    { name: 'with batching', samples: samples.batched },
    { name: 'each alone', samples: samples.alone },
  )
  return { id, unit, ...row, goal: goal(row.referenceMedian) }
}

const later = (alone: number): number => (alone + DELAY_GOAL) / alone

export const batching: Topic = {
  ids: ['batch.bytes.node', 'batch.encryptions.node', 'batch.lone.node', 'batch.urgent.node'],
  needsReferences: () => false,
  measure: async () => [
    await rowOf('batch.bytes.node', 'bytes of 1,000 events', async (name) => (await cost(name)).bytes),
    await rowOf('batch.encryptions.node', 'encryptions', async (name) => (await cost(name)).frames),
    await rowOf('batch.lone.node', 'ms, worst of a round', lone, later),
    await rowOf('batch.urgent.node', 'ms, worst of a round', urgent, later),
  ],
}
