// relay.idle.* and relay.fan-in.*: how long it takes until ten thousand agents that all come at once are bound, as behind a
// relay that has begun anew, and what they cost while they are there.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { agentKeys, Crowd } from './crowd.ts'
import { compare, type Measured, takeTurns } from './rounds.ts'
import type { Row, Topic } from './row.ts'
import type { ProgramName } from './subject.ts'

const COUNT = 10_000
/** Where they stop, and their memory is looked at. */
const STEPS = [2_500, 5_000, COUNT]
/** Connections that come and go before anything is measured. */
const WARM_UP = 500
const ROUNDS = 5
/** design: memory of an idle bound connection. */
const GOAL = 1.3
/** Files that a process has open beside its connections. */
const OTHER_FILES = 200
const SIGNATURE_TIME = 60_000

const MATCHES = [
  { runtime: 'node', subject: 'relay (Node)', reference: 'bare ws forwarder' },
  { runtime: 'deno', subject: 'relay (Deno)', reference: 'bare Deno forwarder' },
] as const satisfies readonly { runtime: string; subject: ProgramName; reference: ProgramName }[]
type Runtime = (typeof MATCHES)[number]['runtime']

interface Stay {
  /** KiB of a connection, by how many there were. */
  readonly memory: ReadonlyMap<number, number>
  /** Seconds until all were there, without the stops, and µs of CPU of each that came. */
  readonly seconds: number
  readonly cpu: number
}

const idleId = (count: number, runtime: Runtime) =>
  count === COUNT ? `relay.idle.${runtime}` : `relay.idle.${count}.${runtime}`
const fanInIds = (runtime: Runtime) =>
  [`relay.fan-in.${runtime}`, `relay.fan-in.cpu.${runtime}`, `relay.fan-in.signature.${runtime}`] as const

/** A new process each time: memory that one has taken is seldom seen again. */
async function stay(name: ProgramName, keys: ReturnType<typeof agentKeys>): Promise<Stay> {
  console.error(`bench: ${COUNT} agents at ${name}`)
  const crowd = await Crowd.begin(name, keys)
  try {
    await crowd.gather(WARM_UP)
    await crowd.scatter()
    const none = await crowd.resident()
    const memory = new Map<number, number>()
    let [milliseconds, cpu] = [0, 0]
    for (const count of STEPS) {
      const [before, began] = [await crowd.subject.usage(), performance.now()]
      await crowd.gather(count)
      milliseconds += performance.now() - began
      cpu += (await crowd.subject.usage()).cpu - before.cpu
      memory.set(count, ((await crowd.resident()) - none) / count / 1_024)
    }
    return { memory, seconds: milliseconds / 1_000, cpu: cpu / COUNT }
  } finally {
    await crowd.end()
  }
}

/** µs of CPU of the check of a bind's signature, alone. */
async function signature(runtime: Runtime): Promise<Measured> {
  const file = join(import.meta.dirname, runtime, 'signature.ts')
  const [program, ...args] = runtime === 'node' ? [process.execPath, file] : ['deno', 'run', '--quiet', '-A', file]
  const { stdout } = await promisify(execFile)(program as string, [...args, String(ROUNDS)], {
    timeout: SIGNATURE_TIME,
  })
  return { name: 'its signature alone', samples: JSON.parse(stdout) }
}

async function rowsOf(runtime: Runtime, subject: Stays, reference: Stays): Promise<Row[]> {
  const [time, cpu, signatureCost] = fanInIds(runtime)
  const of = ({ name, stays }: Stays, what: (stay: Stay) => number): Measured => {
    return { name, samples: stays.map(what) }
  }
  const both = (what: (stay: Stay) => number) => compare(of(subject, what), of(reference, what))
  const memory = (count: number): Row => {
    const compared = both((stay) => stay.memory.get(count) as number)
    return { id: idleId(count, runtime), unit: 'KiB per connection', ...compared, goal: count === COUNT ? GOAL : null }
  }
  const agents = of(subject, (stay) => stay.cpu)
  return [
    ...STEPS.map(memory),
    { id: time, unit: `s for ${COUNT} agents`, ...both((stay) => stay.seconds), goal: null },
    { id: cpu, unit: 'µs CPU per agent', ...both((stay) => stay.cpu), goal: null },
    { id: signatureCost, unit: 'µs CPU per agent', ...compare(await signature(runtime), agents), goal: null },
  ]
}

interface Stays {
  readonly name: ProgramName
  readonly stays: readonly Stay[]
}

/** Files that a process may have open; Node and Deno raise theirs to this by themselves. */
async function openFiles(): Promise<number> {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'ulimit -Hn'])
  return stdout.trim() === 'unlimited' ? Number.POSITIVE_INFINITY : Number(stdout)
}

export const crowds: Topic = {
  ids: MATCHES.flatMap(({ runtime }) => [...STEPS.map((count) => idleId(count, runtime)), ...fanInIds(runtime)]),
  needsReferences: () => false,
  async measure(isWanted) {
    const files = await openFiles()
    if (files < COUNT + OTHER_FILES) {
      console.error(`bench: a process may have ${files} files open here, so relay.idle and relay.fan-in are left out`)
      return []
    }
    const matches = MATCHES.filter(({ runtime }) =>
      [...STEPS.map((count) => idleId(count, runtime)), ...fanInIds(runtime)].some(isWanted),
    )
    const names: ProgramName[] = matches.flatMap(({ subject, reference }) => [subject, reference])
    const keys = agentKeys(COUNT)
    const all = await takeTurns(names, ROUNDS, (name) => stay(name, keys))
    const staysOf = (name: ProgramName): Stays => ({ name, stays: all[names.indexOf(name)] as Stay[] })
    const rows: Row[] = []
    for (const { runtime, subject, reference } of matches) {
      rows.push(...(await rowsOf(runtime, staysOf(subject), staysOf(reference))))
    }
    return rows
  },
}
