// node bench/scaling.ts [--from results.json [--note words]] [--write]: the figures of spec/scaling.md, printed. With --write
// into the page. With --from the constants come from a run of the bench first (npm run --silent bench -- --json >
// results.json), are kept in constants.json with the day, the machine and the words, and the page is written.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CONSTANTS_FILE, type Constants, constantsFrom, readConstants } from './constants.ts'
import type { Row } from './row.ts'
import { pageWith, scalingTable, TABLE_NAMES } from './scaling-tables.ts'

const PAGE = join(import.meta.dirname, '../spec/scaling.md')

function take(file: string, note: string | undefined): Constants {
  const { rows } = JSON.parse(readFileSync(file, 'utf8')) as { rows: Row[] }
  const measured = [new Date().toISOString().slice(0, 10), `${cpus().length} cores`, ...(note ? [note] : [])].join(', ')
  const { constants, missing } = constantsFrom(rows, existsSync(CONSTANTS_FILE) ? readConstants() : {}, measured)
  writeFileSync(CONSTANTS_FILE, `${JSON.stringify(constants, null, 2)}\n`)
  if (missing.length > 0) console.error(`scaling: ${file} has no ${missing.join(', ')}; what was known stays`)
  return constants
}

const { values } = parseArgs({
  options: { from: { type: 'string' }, note: { type: 'string' }, write: { type: 'boolean' } },
})
const constants = values.from === undefined ? readConstants() : take(values.from, values.note)
if (values.write || values.from !== undefined) writeFileSync(PAGE, pageWith(readFileSync(PAGE, 'utf8'), constants))
for (const name of TABLE_NAMES) console.log(`${name}\n\n${scalingTable(name, constants)}\n`)
