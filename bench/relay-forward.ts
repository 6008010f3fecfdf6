// relay.forward.*: CPU that a relay spends on one forwarded frame, against the least that forwards on the same runtime.
// Each is a process of its own, and only its own CPU is counted.

import { ClosedLoop, type Load } from './closed-loop.ts'
import { bunProgram } from './install.ts'
import { compare, type Measured, takeTurns } from './rounds.ts'
import type { Row, Topic } from './row.ts'
import type { ProgramName } from './subject.ts'

const LOADS: readonly (Load & { readonly name: string })[] = [
  { name: '256', size: 256, pairs: 16, window: 4 },
  // One frame at a time: nothing to gather, every frame costs its own system calls.
  { name: '256.single', size: 256, pairs: 16, window: 1 },
  { name: '256.burst', size: 256, pairs: 16, window: 32 },
  { name: '4096', size: 4_096, pairs: 8, window: 8 },
  { name: '65536', size: 65_536, pairs: 4, window: 4 },
]
/** ms. */
const WARM_UP = 1_500
const ROUND = 600
const ROUNDS = 5

interface Match {
  readonly suffix: string
  readonly subject: ProgramName
  readonly reference: ProgramName
  readonly goal: number | null
  /** All, where left out. */
  readonly loads?: readonly string[]
}

const SIZES = ['256', '4096', '65536']
const MATCHES: readonly Match[] = [
  { suffix: 'node', subject: 'relay (Node)', reference: 'bare ws forwarder', goal: 1 },
  { suffix: 'deno', subject: 'relay (Deno)', reference: 'bare Deno forwarder', goal: 1.1 },
  { suffix: 'node.socket-io', subject: 'relay (Node)', reference: 'Socket.IO', goal: 1, loads: SIZES },
  { suffix: 'node.bun', subject: 'relay (Node)', reference: 'Bun (uWebSockets)', goal: null, loads: SIZES },
]

const idOf = (load: string, { suffix }: Match) => `relay.forward.${load}.${suffix}`
const matchesOf = (load: string) => MATCHES.filter(({ loads }) => loads?.includes(load) ?? true)

/** Everybody who takes part in one of the matches, under the same load in the same rounds. */
async function measureLoad(load: (typeof LOADS)[number], matches: readonly Match[]): Promise<Row[]> {
  const names = new Set(matches.flatMap(({ subject, reference }) => [subject, reference]))
  const contestants: { readonly name: ProgramName; readonly loop: ClosedLoop }[] = []
  try {
    for (const name of names) contestants.push({ name, loop: await ClosedLoop.begin(name, load) })
    for (const { loop } of contestants) await loop.measure(WARM_UP)
    const samples = await takeTurns(contestants, ROUNDS, async ({ loop }) => (await loop.measure(ROUND)).cpu)
    const measuredOf = (name: ProgramName): Measured => {
      return { name, samples: samples[contestants.findIndex((one) => one.name === name)] as number[] }
    }
    return matches.map((match) => ({
      id: idOf(load.name, match),
      unit: 'µs CPU per frame',
      ...compare(measuredOf(match.subject), measuredOf(match.reference)),
      goal: match.goal,
    }))
  } finally {
    await Promise.all(contestants.map(({ loop }) => loop.end()))
  }
}

function isThere({ reference }: Match): boolean {
  return reference !== 'Bun (uWebSockets)' || bunProgram() !== undefined
}

export const forwarding: Topic = {
  ids: LOADS.flatMap(({ name }) => matchesOf(name).map((match) => idOf(name, match))),
  needsReferences: (id) => id.endsWith('.socket-io') || id.endsWith('.bun'),
  async measure(isWanted) {
    const rows: Row[] = []
    const leftOut: string[] = []
    for (const load of LOADS) {
      const wanted = matchesOf(load.name).filter((match) => isWanted(idOf(load.name, match)))
      const matches = wanted.filter(isThere)
      leftOut.push(...wanted.filter((match) => !matches.includes(match)).map((match) => idOf(load.name, match)))
      if (matches.length > 0) rows.push(...(await measureLoad(load, matches)))
    }
    if (leftOut.length > 0) {
      console.error(
        `bench: npm has no Bun for ${process.platform} ${process.arch}, so ${leftOut.join(', ')} are left out`,
      )
    }
    return rows
  },
}
