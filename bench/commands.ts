// A person who gives commands all the time through a real controller, and the account of them: what was done, and how
// often.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { type Given, journalFaults, judge, promptsOf, tellingFaults, untold } from '../conformance/soak/account.ts'
import type { Member } from '../conformance/soak/member.ts'
import { promptText, type Stage } from '../conformance/soak/stage.ts'

/** Commands that wait at a time. */
const WAITING = 4
/** ms between two looks at the queue. */
const LOOK = 200
/** ms for everything to end once no more is given: the longest delay of a reconnection, and repetitions. */
const CALM = 120_000

export interface Account {
  /** Commands that the controller was told to be completed, and whose effect is there once. */
  readonly acknowledged: number
  /** What is wrong: lost, done twice, told otherwise. Empty where nothing is. */
  readonly faults: readonly string[]
}

const isLive = ({ state }: Given): boolean => state === 'pending' || state === 'processing'

export class Commands {
  readonly #stage: Stage
  readonly #controller: Member
  readonly #given: Given[] = []
  readonly #giving: Promise<void>
  #isGiving = true

  constructor(stage: Stage) {
    this.#stage = stage
    this.#controller = stage.controllers[0] as Member
    this.#giving = this.#give()
    this.#giving.catch(() => {}) // `end` tells of it.
  }

  /** Commands that were told to be completed. */
  get completed(): number {
    return this.#given.filter(({ state }) => state === 'completed').length
  }

  async #give(): Promise<void> {
    for (let until = Number.POSITIVE_INFINITY; performance.now() < until; await sleep(LOOK)) {
      await this.#look()
      const waiting = this.#given.filter(isLive).length
      if (!this.#isGiving) {
        if (waiting === 0) return
        until = Math.min(until, performance.now() + CALM)
        continue
      }
      for (let count = waiting; count < WAITING; count++) await this.#giveOne()
    }
  }

  async #look(): Promise<void> {
    const { commands } = await this.#controller.ask('queue', {})
    const states = new Map(commands.map(({ id, state }) => [id, state]))
    for (const given of this.#given) given.state = states.get(given.id as string) ?? 'not in the queue any more'
  }

  async #giveOne(): Promise<void> {
    const { name } = this.#controller
    const kind = this.#given.length % 2 === 0 ? 'terminal' : 'prompt'
    const given: Given = { token: `token-${name}-${this.#given.length}`, controller: name, kind, state: 'pending' }
    const { id } = await this.#controller.ask('enqueue', this.#stage.command(given))
    this.#given.push(Object.assign(given, { id }))
  }

  /** Gives no more, waits until all have ended, and looks at what they have left behind. */
  async end(): Promise<Account> {
    this.#isGiving = false
    await this.#giving
    // A command is acknowledged when it is accepted: its turn or its shell may still be at work.
    for (const until = performance.now() + CALM; ; await sleep(LOOK)) {
      const isIdle = await this.#isIdle()
      const account = await this.#account()
      if ((isIdle && account.faults.length === 0) || performance.now() > until) return account
    }
  }

  async #isIdle(): Promise<boolean> {
    const { state } = (await this.#controller.call('claude.getStatus', {})) as Result<'claude.getStatus'>
    return state === 'idle'
  }

  async #account(): Promise<Account> {
    const journal = await this.#stage.journal()
    const { told } = this.#controller
    const missing = untold(told, journal.length)
    const faults = [
      ...journalFaults(journal),
      ...told.flatMap((run) => tellingFaults(run.slice(0, journal.length), journal)),
      ...(missing.length > 0 ? [`it has told no ${missing.slice(0, 10).join(', ')} of the journal`] : []),
    ]
    const done = this.#stage.done()
    const prompts = promptsOf(journal)
    let acknowledged = 0
    for (const given of this.#given) {
      const { told: times, states } = prompts.get(promptText(given.kind, given.token)) ?? { told: 0, states: [] }
      const evidence = { times: done.get(given.token) ?? 0, told: times, states, orphaned: 0 }
      const judged = judge(given, evidence)
      if ('fault' in judged) faults.push(judged.fault)
      else if (judged.verdict === 'once') acknowledged++
      else faults.push(`${given.token} is ${judged.verdict}, and no program was killed`)
    }
    return { acknowledged, faults }
  }
}
