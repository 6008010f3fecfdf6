// npm run bench -- [row…] [--json] [--plot file.svg]: the performance table. A row is named by its id or the beginning of
// it: `crypto` means every row of crypto. Progress goes to stderr. Goals that are missed do not fail it; rows that cannot be
// measured do, and the others are shown nevertheless.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { batching } from './batch.ts'
import { installReferences } from './install.ts'
import { pairing } from './pairing.ts'
import { plot } from './plot.ts'
import { dhStep, sameChain } from './ratchet.ts'
import { extraHop, nodesTogether } from './relay-cluster.ts'
import { clusterCpu, clusterMemory } from './relay-cost.ts'
import { crowds } from './relay-crowd.ts'
import { forwarding } from './relay-forward.ts'
import { latencies } from './relay-latency.ts'
import type { Row, Topic } from './row.ts'
import { flooded, roundTrip } from './rpc.ts'
import { formatTable } from './table.ts'
import { terminals } from './terminal.ts'

const TOPICS: readonly Topic[] = [
  forwarding,
  ...nodesTogether,
  ...extraHop,
  ...clusterCpu,
  ...clusterMemory,
  latencies,
  crowds,
  sameChain,
  dhStep,
  pairing,
  roundTrip,
  batching,
  terminals,
  flooded,
]

/** ms for a topic; on a machine that does nothing else the longest takes a third of it. */
const TOPIC_TIME = 600_000

const say = (line: string): void => console.error(`bench: ${line}`)

function fail(line: string, code: number): never {
  say(line)
  process.exit(code)
}

function readArguments(): { words: readonly string[]; json: boolean; picture: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: 'boolean' }, plot: { type: 'string' } },
      allowPositionals: true,
    })
    return { words: positionals, json: values.json ?? false, picture: values.plot }
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), 2)
  }
}

const { words, json, picture } = readArguments()
const isNamedBy = (word: string) => (id: string) => id === word || id.startsWith(`${word}.`)
const isWanted = (id: string) => words.length === 0 || words.some((word) => isNamedBy(word)(id))

const allIds = TOPICS.flatMap(({ ids }) => ids)
const unknown = words.find((word) => !allIds.some(isNamedBy(word)))
if (unknown !== undefined) fail(`Cannot measure ${unknown}: there are ${allIds.join(', ')}`, 2)

const topics = TOPICS.filter(({ ids }) => ids.some(isWanted))
if (
  topics.some(({ ids, needsReferences }) => ids.some((id) => isWanted(id) && needsReferences(id))) &&
  !installReferences(say)
) {
  fail('Cannot install the references: npm ci failed in bench/ (is the registry reachable?)', 1)
}

const rows: Row[] = []
const minutes = () => `${(performance.now() / 60_000).toFixed(1)} min`

/** False where it takes so long that what it has begun would disturb all others. */
async function measured(topic: Topic): Promise<boolean> {
  const late = Promise.withResolvers<'late'>()
  const timer = setTimeout(late.resolve, TOPIC_TIME, 'late')
  try {
    const result = await Promise.race([topic.measure(isWanted), late.promise])
    if (result === 'late') return false
    rows.push(...result.filter(({ id }) => isWanted(id)))
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  } finally {
    clearTimeout(timer)
  }
  return true
}

function show(): void {
  console.log(json ? JSON.stringify({ rows }, null, 1) : formatTable(rows))
  if (picture === undefined) return
  try {
    writeFileSync(picture, plot(rows))
  } catch (error) {
    say(`Cannot write ${picture}: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}

for (const [at, topic] of topics.entries()) {
  const ids = topic.ids.filter(isWanted).join(', ')
  say(`${at + 1} of ${topics.length}, after ${minutes()}: ${ids}`)
  if (await measured(topic)) continue
  show()
  fail(`Cannot measure ${ids}: it takes longer than ${TOPIC_TIME / 60_000} min`, 1)
}
show()
say(`this took ${minutes()}`)
