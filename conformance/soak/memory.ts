// How much memory the programs of a soak have, over time.

import { readFileSync } from 'node:fs'

/** Of one run of a program. */
export interface Run {
  readonly who: string
  readonly samples: { readonly at: number; readonly bytes: number }[]
}

/** A run that is younger has not yet loaded and compiled what it needs. */
const WARM_UP = 15_000
/** Less cannot be told from the rhythm of a collector. */
const LEAST = 20
/** Growth that is allowed, from the first half of a run to its second: a part, and bytes beside. */
export const TOLERANCE = { part: 0.2, bytes: 16 * 1_048_576 }

/** Bytes of physical memory; undefined where the system does not tell it. */
export function residentBytes(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kib === undefined ? undefined : Number(kib) * 1_024
  } catch {
    return undefined
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

export interface Halves {
  readonly who: string
  /** Seconds that were looked at. */
  readonly seconds: number
  /** Bytes, medians. */
  readonly first: number
  readonly second: number
  /** The same for each tenth of it. */
  readonly tenths: readonly number[]
  readonly isFlat: boolean
}

/** The first half of a run against its second, after its warm-up. Undefined where it was too short. */
export function halvesOf({ who, samples }: Run): Halves | undefined {
  const begin = samples[0]?.at ?? 0
  const warm = samples.filter(({ at }) => at - begin >= WARM_UP)
  const last = warm.at(-1)
  if (warm.length < LEAST || !last) return undefined
  const half = warm.length >> 1
  const bytes = warm.map((sample) => sample.bytes)
  const [first, second] = [median(bytes.slice(0, half)), median(bytes.slice(half))]
  const seconds = Math.round((last.at - (warm[0]?.at ?? 0)) / 1_000)
  const tenth = (i: number) =>
    bytes.slice(Math.floor((i * bytes.length) / 10), Math.floor(((i + 1) * bytes.length) / 10))
  const tenths = Array.from({ length: 10 }, (_, i) => median(tenth(i)))
  return { who, seconds, first, second, tenths, isFlat: second <= first * (1 + TOLERANCE.part) + TOLERANCE.bytes }
}

/** Of each program the longest run that can be compared. */
export function longest(runs: readonly Run[]): Halves[] {
  const byWho = Map.groupBy(
    runs.flatMap((run) => halvesOf(run) ?? []),
    ({ who }) => who,
  )
  return [...byWho.values()].flatMap((halves) => halves.sort((a, b) => b.seconds - a.seconds).slice(0, 1))
}
