// One soak: faults for a time, then calm, then the account.

import { setTimeout as sleep } from 'node:timers/promises'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { Refused } from '../shim/driver.ts'
import {
  type Given,
  journalFaults,
  judge,
  permissionFaults,
  promptsOf,
  tellingFaults,
  untold,
  type Verdict,
} from './account.ts'
import { Killed, type Member } from './member.ts'
import { type Halves, longest } from './memory.ts'
import { type Cut, Dice, FAULTS, kindOf, type Outage, planOf } from './plan.ts'
import { Scene } from './scene.ts'
import { answerTo, type Cast, promptText } from './stage.ts'

/** Commands of one controller that wait at a time. */
const WAITING = 8
/** Calls of one controller under way at a time, beside its queue. */
const CALLING = 3
/** ms between two looks at a queue. */
const LOOK = 400
/** ms for everything to end once nothing goes wrong any more: the longest delay of a reconnection, and repetitions. */
const CALM = 180_000

/** Lines of the log of a program, where it ended by itself. */
const LOG_SHOWN = 20

export interface SoakReport {
  readonly name: string
  readonly seed: string
  readonly seconds: number
  readonly frames: number
  /** Frames by fault. */
  readonly faults: Readonly<Record<string, number>>
  readonly cuts: number
  readonly kills: { readonly relay: number; readonly agent: number; readonly controller: number }
  readonly commands: number
  readonly verdicts: Readonly<Record<Verdict, number>>
  readonly permissions: number
  /** Entries of the journal, and how often a controller had to tell that some were lost on the way. */
  readonly entries: number
  readonly memory: readonly Halves[]
  /** Seconds from the last fault until everything had ended. */
  readonly calm: number
  /** What is wrong; empty where nothing is. */
  readonly wrong: readonly string[]
}

export async function soak(
  name: string,
  seed: string,
  time: number,
  cast: Cast,
  say: (line: string) => void,
): Promise<SoakReport> {
  const scene = await Scene.begin(seed, cast)
  try {
    return await new Soak(scene, name, seed, time, say).run()
  } catch (error) {
    for (const { name: who, program } of scene.stage.members) {
      const last = program.log.trimEnd().split('\n').slice(-LOG_SHOWN).join('\n')
      if (last !== '') say(`${name}: the last that ${who} wrote to its log:\n${last}`)
    }
    throw error
  } finally {
    await scene.end()
  }
}

class Soak {
  readonly #scene: Scene
  readonly #name: string
  readonly #seed: string
  readonly #time: number
  readonly #say: (line: string) => void
  readonly #given: Given[] = []
  readonly #permissions = new Map<string, PermissionRequest>()
  /** Answers to permissions under way, by life of a controller. */
  readonly #answering = new Set<string>()
  readonly #calling = new Map<Member, number>()
  /** A program ended by itself. */
  #trouble: Error | undefined
  readonly #over = new AbortController()
  readonly #count = { cuts: 0, relay: 0 }
  #began = 0
  #isGiving = true

  constructor(scene: Scene, name: string, seed: string, time: number, say: (line: string) => void) {
    this.#scene = scene
    this.#name = name
    this.#seed = seed
    this.#time = time
    this.#say = say
  }

  async run(): Promise<SoakReport> {
    const { agent, controllers } = this.#scene
    const plan = planOf(this.#seed, this.#time)
    for (const controller of controllers) {
      controller.onEntry = (entry) => {
        if (!('body' in entry)) return
        const request = entry.body as PermissionRequest
        if (entry.kind === 'permission.requested') this.#permissions.set(request.requestId, request)
        if (entry.kind === 'permission.resolved') this.#permissions.delete(request.requestId)
      }
    }
    this.#scene.spoil()
    this.#began = performance.now()
    const giving = controllers.map((controller) => this.#give(controller))
    const watching = this.#watch()
    await Promise.race([
      // A program that ends by itself, or breaks the shim protocol, ends the soak.
      Promise.all([...giving, watching]),
      Promise.all([
        this.#cuts(plan.cuts),
        this.#relayOutages(plan.relay),
        this.#outages(agent, plan.agent),
        this.#outages(controllers[0], plan.controller),
        this.#until(this.#time),
      ]),
    ])
    this.#scene.calm()
    this.#isGiving = false
    const calmAt = performance.now()
    const lateness = await Promise.race([this.#settled(), Promise.all([...giving, watching]).then(() => null)])
    const calm = (performance.now() - calmAt) / 1_000
    this.#over.abort()
    await Promise.all([...giving, watching])
    return this.#account(calm, lateness === null ? [] : [lateness])
  }

  get #now(): number {
    return performance.now() - this.#began
  }

  /** Resolves at `at` ms of the soak, or when it is over. */
  async #until(at: number): Promise<void> {
    await sleep(Math.max(0, at - this.#now), undefined, { signal: this.#over.signal }).catch(() => {})
  }

  async #cuts(cuts: readonly Cut[]): Promise<void> {
    for (const cut of cuts) {
      await this.#until(cut.at)
      await this.#orKilled(this.#scene.cut(cut))
      this.#count.cuts++
    }
  }

  async #relayOutages(outages: readonly Outage[]): Promise<void> {
    for (const { at, time } of outages) {
      await this.#until(at)
      await this.#scene.relay.crash()
      await this.#until(this.#now + time)
      await this.#scene.relay.listen()
      this.#count.relay++
    }
  }

  async #outages(member: Member, outages: readonly Outage[]): Promise<void> {
    for (const { at, time } of outages) {
      await this.#until(at)
      await member.kill()
      await this.#until(this.#now + time)
      await member.startAgain()
    }
  }

  async #watch(): Promise<void> {
    for (let round = 0; !this.#over.signal.aborted; round++) {
      if (this.#trouble) throw this.#trouble
      this.#scene.sample()
      // An agent that ended by itself shows here.
      await this.#orKilled(this.#scene.agent.ask('state', {}))
      if (round % 30 === 29) this.#sayProgress()
      await this.#until(this.#now + 1_000)
    }
  }

  #sayProgress(): void {
    const ended = this.#given.filter(({ state }) => state !== undefined && !isLive(state)).length
    const { agent, controllers } = this.#scene
    this.#say(
      `${this.#name}: ${Math.round(this.#now / 1_000)} s, ${this.#given.length} commands given, ${ended} ended, ` +
        `${controllers[1].told[0]?.at(-1)?.seq ?? 0} entries, kills ${agent.kills} + ${controllers[0].kills}`,
    )
  }

  /** A person who gives commands all the time, looks at the queue, and answers what the assistant asks. */
  async #give(controller: Member): Promise<void> {
    const mine: Given[] = []
    while (!this.#over.signal.aborted) {
      if (controller.isUp) await this.#orKilled(this.#round(controller, mine))
      await this.#until(this.#now + LOOK)
    }
  }

  async #round(controller: Member, mine: Given[]): Promise<void> {
    const { commands } = await controller.ask('queue', {})
    const states = new Map(commands.map(({ id, state }) => [id, state]))
    for (const command of mine) {
      if (command.id === undefined) continue
      const state = states.get(command.id)
      command.state = state ?? 'not in the queue any more'
    }
    for (const request of this.#permissions.values()) this.#answer(controller, request)
    if (!this.#isGiving) return
    while ((this.#calling.get(controller) ?? 0) < CALLING) void this.#call(controller, this.#next(controller, mine))
    let waiting = mine.filter(({ state }) => state !== undefined && isLive(state)).length
    for (; waiting < WAITING; waiting++) {
      const given = this.#next(controller, mine)
      const { id } = await controller.ask('enqueue', this.#scene.stage.command(given))
      given.id = id
      given.state = 'pending'
    }
  }

  #next({ name }: Member, mine: Given[]): Given {
    const kind = kindOf(this.#seed, name, mine.length)
    const given: Given = { token: `token-${name}-${mine.length}`, controller: name, kind }
    mine.push(given)
    this.#given.push(given)
    return given
  }

  /** Gives a command without the queue: it is lost with the controller, and with nothing else. */
  async #call(controller: Member, given: Given): Promise<void> {
    const { method, params } = this.#scene.stage.command(given)
    const count = (more: number) => this.#calling.set(controller, (this.#calling.get(controller) ?? 0) + more)
    count(1)
    try {
      await controller.call(method, params)
      given.state = 'completed'
    } catch (error) {
      if (error instanceof Refused) {
        given.state = 'failed'
        given.status = error.code
      } else if (!(error instanceof Killed)) this.#trouble ??= error as Error
    } finally {
      count(-1)
    }
  }

  /** Both controllers answer, each in its own way: the first one wins. */
  #answer(controller: Member, request: PermissionRequest): void {
    const key = `${controller.name}/${controller.kills}/${request.requestId}`
    if (this.#answering.has(key)) return
    this.#answering.add(key)
    const option = new Dice(this.#seed, 'option', controller.name, this.#answering.size).roll() < 0.5 ? 'yes' : 'no'
    // Another one may have answered, or the assistant is gone: the journal tells what became of it.
    this.#orKilled(controller.call('permission.answer', answerTo(request, option))).catch((error) => {
      if (!(error instanceof Refused)) this.#trouble ??= error as Error
    })
  }

  async #orKilled(asked: Promise<unknown>): Promise<void> {
    try {
      await asked
    } catch (error) {
      if (!(error instanceof Killed)) throw error
    }
  }

  /** Waits until everything has ended. Gives what has not. */
  async #settled(): Promise<string | null> {
    const { controllers } = this.#scene
    let why = ''
    for (const deadline = performance.now() + CALM; performance.now() < deadline; ) {
      const queued = this.#given.filter(({ state }) => state !== undefined && isLive(state)).length
      const waiting = [...this.#calling.values()].reduce((sum, count) => sum + count, queued)
      const status = (await controllers[1]
        .call('claude.getStatus', {})
        .catch((error) =>
          error instanceof Refused ? null : Promise.reject(error),
        )) as Result<'claude.getStatus'> | null
      const last = controllers.map(({ told }) => told.at(-1)?.at(-1)?.seq ?? 0)
      why = `${waiting} commands wait, the assistant is ${status?.state}, the newest entries are ${last.join(' and ')}`
      if (waiting === 0 && status?.state === 'idle' && last[0] === last[1]) return null
      await sleep(500)
    }
    return `It does not end within ${CALM / 1_000} s: ${why}`
  }

  async #account(calm: number, wrong: string[]): Promise<SoakReport> {
    const { agent, controllers } = this.#scene
    for (const given of this.#given) {
      if (given.state !== 'failed' || given.id === undefined) continue
      const controller = controllers.find(({ name }) => name === given.controller)
      const status = (await controller?.call('command.status', { id: given.id })) as Result<'command.status'>
      given.status = status.state
    }
    const journal = await this.#scene.stage.journal()
    await agent.kill()
    await agent.startAgain()
    const afterwards = await this.#scene.stage.journal()
    if (JSON.stringify(journal) !== JSON.stringify(afterwards.slice(0, journal.length)))
      wrong.push('the journal is another one after a last kill of the agent')
    wrong.push(...journalFaults(journal))
    for (const { name, told } of controllers) {
      for (const run of told)
        wrong.push(
          ...tellingFaults(
            run.filter(({ seq }) => seq <= journal.length),
            journal,
          ).map((what) => `${name} ${what}`),
        )
      const missing = untold(told, journal.length)
      if (missing.length > 0) wrong.push(`${name} has told no ${missing.slice(0, 10).join(', ')} of the journal`)
    }
    const permissions = permissionFaults(journal)
    wrong.push(...permissions.faults)

    const done = this.#scene.stage.done()
    const prompts = promptsOf(journal)
    const orphaned = journal.filter(
      (entry) => 'body' in entry && (entry.body as { reason?: string }).reason === 'orphaned',
    ).length
    const verdicts: Record<Verdict, number> = { once: 0, interrupted: 0, unanswered: 0 }
    for (const given of this.#given) {
      const { told, states } = prompts.get(promptText(given.kind, given.token)) ?? { told: 0, states: [] }
      const judged = judge(given, { times: done.get(given.token) ?? 0, told, states, orphaned })
      if ('fault' in judged) wrong.push(judged.fault)
      else verdicts[judged.verdict]++
    }
    const memory = longest([agent, ...controllers].flatMap(({ runs }) => runs))
    for (const { who, first, second, isFlat } of memory) {
      if (!isFlat) wrong.push(`the memory of ${who} grows from ${mib(first)} to ${mib(second)} MiB`)
    }
    return {
      name: this.#name,
      seed: this.#seed,
      seconds: Math.round(this.#time / 1_000),
      frames: this.#scene.frames,
      faults: Object.fromEntries(
        [...Map.groupBy(FAULTS, ({ fault }) => fault)].map(([fault, kinds]) => [
          fault,
          kinds.reduce((sum, kind) => sum + (this.#scene.met.get(kind) ?? 0), 0),
        ]),
      ),
      cuts: this.#count.cuts,
      kills: { relay: this.#count.relay, agent: agent.kills - 1, controller: controllers[0].kills },
      commands: this.#given.length,
      verdicts,
      permissions: permissions.asked,
      entries: journal.length,
      memory,
      calm: Math.round(calm * 10) / 10,
      wrong,
    }
  }
}

const isLive = (state: string): boolean => state === 'pending' || state === 'processing'
export const mib = (bytes: number): number => Math.round(bytes / 1_048_576)
