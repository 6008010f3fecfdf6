// npm run bench -- [row…] [--json]: the performance table. A row is named by its id or the beginning of
// it: `crypto` means every row of crypto. Progress goes to stderr. Goals that are missed do not fail it.

import { parseArgs } from 'node:util'
import { batching } from './batch.ts'
import { installReferences } from './install.ts'
import { pairing } from './pairing.ts'
import { dhStep, sameChain } from './ratchet.ts'
import { forwarding } from './relay-forward.ts'
import type { Row, Topic } from './row.ts'
import { flooded, roundTrip } from './rpc.ts'
import { formatTable } from './table.ts'
import { terminals } from './terminal.ts'

const TOPICS: readonly Topic[] = [forwarding, sameChain, dhStep, pairing, roundTrip, batching, terminals, flooded]

const say = (line: string): void => console.error(`bench: ${line}`)

function fail(line: string, code: number): never {
  say(line)
  process.exit(code)
}

function readArguments(): { words: readonly string[]; json: boolean } {
  try {
    const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true })
    return { words: positionals, json: values.json ?? false }
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), 2)
  }
}

const { words, json } = readArguments()
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
for (const [at, topic] of topics.entries()) {
  say(`${at + 1} of ${topics.length}: ${topic.ids.filter(isWanted).join(', ')}`)
  rows.push(...(await topic.measure(isWanted)).filter(({ id }) => isWanted(id)))
}
console.log(json ? JSON.stringify({ rows }, null, 1) : formatTable(rows))
