import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ASSUMED, type Costs, ceilingOf, needOf } from './capacity.ts'
import { constantsFrom, costsOf, NEEDED_ROWS, readConstants, speechOf } from './constants.ts'
import type { Row } from './row.ts'
import { pageWith, scalingTable, TABLE_NAMES } from './scaling-tables.ts'

const COSTS: Costs = {
  ...{ idle: 16, idleRedis: 1, ping: 10, connect: 300, bind: 300, bindRedis: 50 },
  ...{ frame: 10, kib: 1, hop: 50, hopRedis: 10 },
}
const SPEECH = { framesPerSecond: 20, bytes: 1_280 }

const CONSTANTS = readConstants()

test('the page has each table once, as it is reckoned from the constants', () => {
  const page = readFileSync(join(import.meta.dirname, '../spec/scaling.md'), 'utf8')
  assert.equal(pageWith(page, CONSTANTS), page, 'run node bench/scaling.ts --write')
  const names = [...page.matchAll(/<!-- reckoned: (\w+) -->\n\n\|/g)].map(([, name]) => name)
  assert.deepEqual(names, TABLE_NAMES)
  assert.throws(() => scalingTable('poems', CONSTANTS), /no table poems/)
})

test('other constants make another page, and only its tables change', () => {
  const page = 'before\n<!-- reckoned: origin -->\nold\n<!-- /reckoned -->\nafter\n'
  const other = Object.fromEntries(NEEDED_ROWS.map((id) => [id, { subject: 1, reference: 1, measured: 'some day' }]))
  const lines = [
    '| measured | rows     |',
    '| -------- | -------- |',
    `| some day | ${NEEDED_ROWS.length} of ${NEEDED_ROWS.length} |`,
  ]
  assert.equal(pageWith(page, other), page.replace('old', `\n${lines.join('\n')}\n`))
})

test('idle pairings need memory and pings, and nothing of Redis but its memory', () => {
  const { connections, cores, memory, nodes, redis, frames } = needOf({ idle: 600_000, active: 0 }, COSTS, SPEECH)
  assert.equal(connections, 1_200_000)
  assert.equal(frames, 0)
  // 80,000 pings a second of 10 µs, and 278 connects of 600 µs.
  assert.ok(Math.abs(cores.pings - 0.8) < 1e-9)
  assert.ok(Math.abs(cores.connects - 0.1667) < 1e-3)
  assert.equal(memory, (1_200_000 * 16) / 2 ** 20)
  assert.equal(nodes, Math.ceil(memory / ASSUMED.nodeMemory))
  assert.ok(redis.cores < 0.02 && redis.shards === 1 && redis.megabits === 0)
})

test('with more nodes more frames hop, and there are nodes enough for that, too', () => {
  const { nodes, nodesByCpu, cores, redis, frames } = needOf({ idle: 0, active: 100_000 }, COSTS, SPEECH)
  assert.equal(nodes, nodesByCpu)
  assert.ok(cores.all / nodes <= ASSUMED.busy && cores.all / (nodes - 1) > 0.95 * ASSUMED.busy)
  // Almost all of 625,000 frames a second hop.
  assert.equal(frames, 100_000 * ASSUMED.speaking * 25)
  assert.ok(redis.cores > 6 && redis.cores < 6.4)
  assert.equal(redis.shards, Math.ceil(redis.cores / ASSUMED.busy))
})

test('a small number of pairings needs one node, where no frame hops', () => {
  const { nodes, redis } = needOf({ idle: 1_000, active: 100 }, COSTS, SPEECH)
  assert.equal(nodes, 1)
  assert.equal(redis.megabits, 0)
})

test('what a node is full of first is what it has least of', () => {
  const ceiling = ceilingOf(COSTS, SPEECH)
  assert.equal(ceiling.idleByMemory, (ASSUMED.nodeMemory * 2 ** 20) / 16 / 2)
  assert.equal(ceiling.idleByPings, 60_000 * 7.5)
  assert.ok(ceiling.activeHopping < ceiling.activeAlone / 4)
})

test('constants come from the rows of a run, and stay what they were where it has none', () => {
  for (const runtime of ['node', 'deno'] as const) {
    for (const [name, cost] of Object.entries(costsOf(CONSTANTS, runtime))) assert.ok(cost >= 0, `${name} ${cost}`)
  }
  assert.ok(speechOf(CONSTANTS).bytes > 0)
  const row = { id: 'relay.ping.node', subjectMedian: 12.34567, referenceMedian: 11 } as Row
  const { constants, missing } = constantsFrom([row, { ...row, id: 'rpc.other' }], CONSTANTS, 'today')
  assert.deepEqual(constants, { ...CONSTANTS, 'relay.ping.node': { subject: 12.35, reference: 11, measured: 'today' } })
  assert.deepEqual(
    missing,
    NEEDED_ROWS.filter((id) => id !== 'relay.ping.node'),
  )
  assert.throws(() => costsOf({}, 'node'), /there is no relay/)
})
