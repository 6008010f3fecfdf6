// Subject and references in turn, each in a process of its own: what else the machine does meets all
// alike, and nobody pays for another's garbage.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { LibraryName, WorkName } from './contestant.ts'
import type { Row } from './row.ts'

/** Odd, so that the median is a round that took place. */
const ROUNDS = 9

/** Microseconds of CPU of one piece of work, by round. */
export interface Measured {
  readonly name: string
  readonly samples: readonly number[]
}

/** The next number that a child says. Rejects where it ends instead. */
async function numberFrom(child: ChildProcess): Promise<number> {
  const stop = new AbortController()
  const ended = once(child, 'exit', stop).then(() => {
    throw new Error(`Cannot measure ${child.spawnargs.slice(-2).join(', ')}: its process ended`)
  })
  const said = once(child, 'message', stop).then(([value]) => value as number)
  try {
    return await Promise.race([said, ended])
  } finally {
    stop.abort()
    await Promise.allSettled([said, ended])
  }
}

/** One round of everybody after the other; each round another begins. What each came to, by round. */
export async function takeTurns<Contestant, Result>(
  contestants: readonly Contestant[],
  rounds: number,
  measure: (contestant: Contestant) => Promise<Result>,
): Promise<Result[][]> {
  const results = contestants.map((): Result[] => [])
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const at = (round + turn) % contestants.length
      results[at]?.push(await measure(contestants[at] as Contestant))
    }
  }
  return results
}

export async function measureRounds(libraries: readonly LibraryName[], work: WorkName): Promise<Measured[]> {
  const contestants: { name: LibraryName; child: ChildProcess }[] = []
  try {
    for (const name of libraries) {
      const child = fork(join(import.meta.dirname, 'contestant.ts'), [name, work])
      contestants.push({ name, child })
      await numberFrom(child)
    }
    const samples = await takeTurns(contestants, ROUNDS, ({ child }) => {
      child.send('round')
      return numberFrom(child)
    })
    return contestants.map(({ name }, at) => ({ name, samples: samples[at] as number[] }))
  } finally {
    for (const { child } of contestants) child.kill()
  }
}

/** The middle value, or the mean of the two in the middle; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]]
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2
}

/** The value that `part` of all values are below or at; NaN for none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

/** Both were measured in the same rounds. */
export function compare(subject: Measured, reference: Measured): Omit<Row, 'id' | 'unit' | 'goal'> {
  const ratios = subject.samples.map((ours, round) => ours / (reference.samples[round] as number))
  return {
    subject: subject.name,
    reference: reference.name,
    subjectMedian: median(subject.samples),
    referenceMedian: median(reference.samples),
    ratio: median(ratios),
    spread: Math.max(...ratios) - Math.min(...ratios),
  }
}
