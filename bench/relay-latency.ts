// relay.latency.*: time of a frame from one client through the relay to the other, at parts of the highest rate, against
// the least that forwards on the same runtime. Both get the same frames a second.

import { ClosedLoop, type Load } from './closed-loop.ts'
import { compare, type Measured, percentile, takeTurns } from './rounds.ts'
import type { Row, Topic } from './row.ts'
import type { ProgramName } from './subject.ts'

const LOAD: Load = { size: 256, pairs: 16, window: 4 }
/** Per cent of the rate that the slower of the two reaches when frames wait for one another. */
const PARTS = [10, 50, 80]
const PERCENTILES = { p50: 0.5, p99: 0.99, p999: 0.999 } as const
const ROUNDS = 5
/** ms. */
const WARM_UP = 1_500
const ROUND = 1_500

const MATCHES: readonly { runtime: string; subject: ProgramName; reference: ProgramName }[] = [
  { runtime: 'node', subject: 'relay (Node)', reference: 'bare ws forwarder' },
  { runtime: 'deno', subject: 'relay (Deno)', reference: 'bare Deno forwarder' },
]
type Match = (typeof MATCHES)[number]

const idsOf = ({ runtime }: Match) =>
  PARTS.flatMap((part) => Object.keys(PERCENTILES).map((name) => `relay.latency.${name}.${part}.${runtime}`))

async function measureMatch({ runtime, subject, reference }: Match): Promise<Row[]> {
  const loops: ClosedLoop[] = []
  try {
    for (const name of [subject, reference]) loops.push(await ClosedLoop.begin(name, LOAD))
    for (const loop of loops) await loop.measure(WARM_UP)
    const rates: number[] = []
    for (const loop of loops) rates.push((await loop.measure(WARM_UP)).rate)
    const highest = Math.min(...rates)
    const open = loops.map((loop) => loop.open())
    const rows: Row[] = []
    for (const part of PARTS) {
      const rate = (highest * part) / 100
      for (const loop of open) await loop.measure(rate, ROUND)
      const times = await takeTurns(open, ROUNDS, (loop) => loop.measure(rate, ROUND))
      for (const [name, at] of Object.entries(PERCENTILES)) {
        const of = (who: string, which: 0 | 1): Measured => {
          return { name: who, samples: (times[which] as number[][]).map((round) => percentile(round, at)) }
        }
        rows.push({
          id: `relay.latency.${name}.${part}.${runtime}`,
          unit: `ms at ${Math.round(rate / 100) * 100} frames/s`,
          ...compare(of(subject, 0), of(reference, 1)),
          goal: null,
        })
      }
    }
    return rows
  } finally {
    await Promise.all(loops.map((loop) => loop.end()))
  }
}

export const latencies: Topic = {
  ids: MATCHES.flatMap(idsOf),
  needsReferences: () => false,
  async measure(isWanted) {
    const rows: Row[] = []
    for (const match of MATCHES) if (idsOf(match).some(isWanted)) rows.push(...(await measureMatch(match)))
    return rows
  },
}
