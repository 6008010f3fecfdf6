// One program of a soak, over all its lives: it is killed as a power cut would, and started again with what it stored.

import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import type { VerbName, VerbOk, VerbWith } from '../shim/lines.ts'
import type { Target } from '../steps/parameters.ts'
import { ProgramUnderTest, type StartOptions } from '../steps/program.ts'
import { type Run, residentBytes } from './memory.ts'

/** The program was killed before it answered. */
export class Killed extends Error {}

/** ms for one answer: a call waits for an agent that may be away. */
const ANSWER_TIME = 1_200_000

export class Member {
  readonly name: string
  readonly program: ProgramUnderTest
  /** What it told of the journal, by life. */
  readonly told: JournalEntry[][] = [[]]
  readonly runs: Run[] = []
  /** Told each entry of the journal. */
  onEntry: (entry: JournalEntry) => void = () => {}
  kills = 0
  /** It is there, and not about to be killed. */
  isUp = false

  constructor(name: string, target: Target, relay: string) {
    this.name = name
    this.program = new ProgramUnderTest(target, relay, (direction, line) => {
      const { event, data } = line as { event?: string; data?: JournalEntry }
      if (direction === 'to' || event !== 'entry' || !data) return
      this.told.at(-1)?.push(data)
      this.onEntry(data)
    })
  }

  async start(options: StartOptions): Promise<void> {
    await this.program.start({ ...options, name: this.name, keepState: true })
    this.#begin()
  }

  /** Rejects with Killed where that came between, and as ProgramUnderTest does where it ended by itself. */
  async ask<V extends VerbName>(verb: V, args: VerbWith<V>): Promise<VerbOk<V>> {
    const life = this.kills
    if (!this.isUp) throw new Killed()
    try {
      return await this.program.ask(verb, args, ANSWER_TIME)
    } catch (error) {
      throw life === this.kills ? error : new Killed()
    }
  }

  async call(method: string, params: object): Promise<unknown> {
    return (await this.ask('call', { method, params })).result
  }

  async kill(): Promise<void> {
    this.isUp = false
    this.kills++
    await this.program.kill()
  }

  async startAgain(): Promise<void> {
    this.told.push([])
    await this.program.startAgain()
    this.#begin()
  }

  /** Looks at its memory, and forgets what it told: a soak keeps what it needs. */
  sample(at: number): void {
    if (!this.isUp) return
    this.program.takeAllEvents()
    const { pid } = this.program
    const bytes = pid === undefined ? undefined : residentBytes(pid)
    if (bytes !== undefined) this.runs.at(-1)?.samples.push({ at, bytes })
  }

  #begin(): void {
    this.runs.push({ who: this.name, samples: [] })
    this.isUp = true
  }
}
