// One contestant of a row, as a process: warms up, says so, then does a slice of work for every message
// and answers with its cost. What it says is µs of CPU of one piece of work.

import { randomBytes } from 'node:crypto'
import { loadLibsignal } from './libsignal.ts'
import { happy, wholeSession } from './ours.ts'
import { establish, type Library, type Octets } from './peers.ts'
import { loadVodozemac } from './vodozemac.ts'

/** By the names that the table shows. */
const LIBRARIES = {
  'impl-node, suite 1': () => happy(1),
  'impl-node, suite 2': () => happy(2),
  'impl-node, whole session': () => wholeSession,
  libsignal: loadLibsignal,
  vodozemac: loadVodozemac,
} satisfies Record<string, () => Library | Promise<Library>>
export type LibraryName = keyof typeof LIBRARIES

type Work = (count: number) => Promise<void>

const message: Octets = new Uint8Array(randomBytes(100))

const WORKS = {
  /** One side talks: the same chain all the time. */
  async talk(library) {
    const { forth } = await establish(library, message)
    return async (count) => {
      for (let i = 0; i < count; i++) await forth(message)
    }
  },
  /** Both sides talk in turn: every message begins a chain. */
  async takeTurns(library) {
    const { forth, back } = await establish(library, message)
    return async (count) => {
      for (let i = 0; i < count; i++) await (i % 2 === 0 ? back(message) : forth(message))
    }
  },
  /** Two strangers become peers, until the first message is read. */
  async pair({ pair }) {
    return async (count) => {
      for (let i = 0; i < count; i++) (await pair(message)).free?.()
    }
  },
} satisfies Record<string, (library: Library) => Promise<Work>>
export type WorkName = keyof typeof WORKS

/** CPU of a slice, in ms, and of the work before the first. */
const SLICE = 300
const WARM_UP = 700

/** User and system time of the whole process: the collector's, compiler's and libraries' threads count too. */
function cpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function costOf(work: Work, count: number): Promise<number> {
  const before = cpuMicros()
  await work(count)
  return (cpuMicros() - before) / count
}

/** The cost when it is warm. */
async function warmUp(work: Work): Promise<number> {
  for (let count = 1, spent = 0; ; count *= 2) {
    const cost = await costOf(work, count)
    spent += (cost * count) / 1_000
    if (spent >= WARM_UP) return cost
  }
}

if (process.argv[1] === import.meta.filename) {
  const [name, work] = process.argv.slice(2) as [LibraryName, WorkName]
  const run = await WORKS[work](await LIBRARIES[name]())
  const cost = await warmUp(run)
  const count = Math.max(1, Math.round((SLICE * 1_000) / cost))
  process.on('message', async () => process.send?.(await costOf(run, count)))
  process.send?.(cost)
}
