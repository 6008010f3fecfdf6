// What was measured, as it is committed: of some rows of the table the numbers that capacity.ts reckons with.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Costs, Speech } from './capacity.ts'
import type { Implementation } from './relay-process.ts'
import type { Row } from './row.ts'

export const CONSTANTS_FILE = join(import.meta.dirname, 'constants.json')

export interface Constant {
  /** Medians. */
  readonly subject: number
  readonly reference: number
  /** The day, and the machine. */
  readonly measured: string
}

/** By the id of their row. */
export type Constants = Readonly<Record<string, Constant>>

interface Source {
  readonly row: string
  readonly side: 'subject' | 'reference'
}
type Sources<Name extends string> = Readonly<Record<Name, Source>>

const subject = (row: string): Source => ({ row, side: 'subject' })
const reference = (row: string): Source => ({ row, side: 'reference' })

const costSources = (runtime: Implementation): Sources<Exclude<keyof Costs, 'kib'> | 'small' | 'large'> => ({
  idle: subject(`relay.cluster.idle.${runtime}`),
  idleRedis: subject(`relay.cluster.idle.redis.${runtime}`),
  ping: subject(`relay.ping.${runtime}`),
  connect: subject(`relay.cluster.connect.${runtime}`),
  bind: subject(`relay.cluster.bind.${runtime}`),
  bindRedis: subject(`relay.cluster.bind.redis.${runtime}`),
  frame: reference(`relay.hop.cpu.${runtime}`),
  small: subject(`relay.forward.256.${runtime}`),
  large: subject(`relay.forward.4096.${runtime}`),
  hop: subject(`relay.hop.cpu.${runtime}`),
  hopRedis: subject(`relay.hop.redis.${runtime}`),
})

const SPEECH_SOURCES = {
  bytes: subject('batch.bytes.node'),
  frames: subject('batch.encryptions.node'),
} as const
/** A round of the rows `batch.*`: a thousand events, one every 4 ms. */
const SPEECH_SECONDS = 4
/** KiB between the two sizes of frames. */
const SIZES_APART = (4_096 - 256) / 1_024

const RUNTIMES: readonly Implementation[] = ['node', 'deno']
export const NEEDED_ROWS: readonly string[] = [
  ...new Set(
    [...RUNTIMES.flatMap((runtime) => Object.values(costSources(runtime))), ...Object.values(SPEECH_SOURCES)].map(
      ({ row }) => row,
    ),
  ),
].sort()

export const readConstants = (): Constants => JSON.parse(readFileSync(CONSTANTS_FILE, 'utf8')) as Constants

/** The constants of the rows that a run has, and of the others what was known. */
export function constantsFrom(
  rows: readonly Row[],
  known: Constants,
  measured: string,
): { readonly constants: Constants; readonly missing: readonly string[] } {
  const fresh = new Map(rows.map((row) => [row.id, row]))
  const digits = (value: number) => Number(value.toPrecision(4))
  const constants = Object.fromEntries(
    NEEDED_ROWS.flatMap((id) => {
      const row = fresh.get(id)
      if (!row) return known[id] ? [[id, known[id]]] : []
      return [[id, { subject: digits(row.subjectMedian), reference: digits(row.referenceMedian), measured }]]
    }),
  )
  return { constants, missing: NEEDED_ROWS.filter((id) => !fresh.has(id)) }
}

function mediansOf<Name extends string>(constants: Constants, sources: Sources<Name>): Record<Name, number> {
  const entries = Object.entries<Source>(sources).map(([name, { row, side }]) => {
    const known = constants[row]
    if (known === undefined) throw new Error(`Cannot reckon: there is no ${row} in ${CONSTANTS_FILE}`)
    return [name, known[side]]
  })
  return Object.fromEntries(entries) as Record<Name, number>
}

export function costsOf(constants: Constants, runtime: Implementation): Costs {
  const { small, large, ...costs } = mediansOf(constants, costSources(runtime))
  return { ...costs, kib: Math.max(0, large - small) / SIZES_APART }
}

export function speechOf(constants: Constants): Speech {
  const { bytes, frames } = mediansOf(constants, SPEECH_SOURCES)
  return { framesPerSecond: frames / SPEECH_SECONDS, bytes: bytes / frames }
}
