// The agent or controller under test: one process behind its shim, its stored state, and its clocks.

import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Compile } from 'typebox/compile'
import { atOnce } from '../peers/patience.ts'
import { Shim, type Tap } from '../shim/driver.ts'
import {
  AgentState,
  ControllerState,
  type EventData,
  type EventName,
  type VerbName,
  type VerbOk,
  type VerbWith,
} from '../shim/lines.ts'
import { NotApplicable, ShimBroken, SuiteError, Unimplemented, Untestable } from '../shim/trouble.ts'
import { SUITE_NAME, type Target } from './parameters.ts'

/** The longest time, in ms, that the suite waits for where it cannot move the clock of the program. */
const LONGEST_WAIT = 130_000
/** The clock moves in steps of so many ms, so that keepalives are answered in between. */
const STEP = 5_000

/** A variable in the environment of the program that counts as one of its own secrets. */
export const AGENT_SECRET = { name: 'HAPPY_REMOTE_SECRET', value: 'not-for-terminals' } as const

/** Of whoever started the program: for another git than its own. */
const GIT_AUTHOR = { GIT_AUTHOR_NAME: 'Nobody', GIT_AUTHOR_EMAIL: 'nobody@example.com' }

const agentState = Compile(AgentState)
const controllerState = Compile(ControllerState)

export interface StartOptions {
  readonly name?: string
  /** Keep what it stores, so that it can be started again. */
  readonly keepState?: boolean
  /** Store sessions as well: profile P. */
  readonly keepSessions?: boolean
  /** A script for its assistant. */
  readonly script?: unknown
  /** ms that a permission request of an agent waits. */
  readonly permissionTime?: number
  /** Entries that the journal of an agent keeps. */
  readonly journalEntries?: number
}

export class ProgramUnderTest {
  readonly #target: Extract<Target, { kind: 'program' }>
  readonly #relay: string
  readonly #tap: Tap | undefined
  #options: StartOptions = {}
  #shim: Shim | undefined
  #folder: string | undefined
  #witness: string | undefined
  #copy: string | undefined
  /** By how much its clocks are ahead. */
  #ahead = { wall: 0, monotonic: 0 }
  #log = ''
  #isOrdinary = false
  /** Before its clock is moved: what others owe it by then they do now. */
  onTime: () => void = () => {}

  constructor(target: Target, relay: string, tap?: Tap) {
    if (target.kind === 'url') throw new SuiteError('An agent or controller has no address')
    this.#target = target
    this.#relay = relay
    this.#tap = tap
  }

  has(capability: string): boolean {
    return this.#target.capabilities.includes(capability)
  }

  /** Throws NotApplicable. */
  require(capability: string): void {
    if (!this.has(capability)) throw new NotApplicable(`the shim does not declare the capability "${capability}"`)
  }

  /** Of the process; undefined where there is none. */
  get pid(): number | undefined {
    return this.#shim?.pid
  }

  /** It was started in the ordinary way, runs, and nobody has set its clock. */
  get isAsStarted(): boolean {
    return this.#isOrdinary && this.#shim !== undefined && this.#shim.trouble === undefined
  }

  async start(options: StartOptions = {}): Promise<void> {
    this.#options = options
    this.#isOrdinary = Object.keys(options).length === 0
    if (options.keepState) {
      this.require('state')
      this.#folder ??= mkdtempSync(join(tmpdir(), 'happy-remote-suite-'))
    }
    if (options.keepSessions) {
      this.require('persist')
      this.#witness ??= mkdtempSync(join(tmpdir(), 'happy-remote-witness-'))
    }
    await this.#run()
  }

  /** Ends the process at once, as a power cut does. What it stored stays. */
  async kill(): Promise<void> {
    const shim = this.#running
    this.#log += shim.stderr
    this.#shim = undefined
    await shim.kill()
  }

  /** Ends it cleanly, as an operator would. */
  async stop(): Promise<void> {
    const shim = this.#running
    this.#shim = undefined
    await shim.end()
    this.#log += shim.stderr
  }

  /** Starts a second one with the same state, and ends it. Rejects with Refused where it does not start. */
  async startTwin(): Promise<void> {
    const twin = new Shim(this.#target.program)
    try {
      await twin.hello(SUITE_NAME)
      await twin.ask('start', { relay: this.#relay, state: this.folder })
    } finally {
      await twin.kill()
    }
  }

  /** Starts it again with what it has stored. */
  async startAgain(): Promise<void> {
    if (!this.#folder) throw new SuiteError('The program was started without a folder for its state')
    await this.#run()
  }

  /** Keeps a copy of what it has stored; it does not run. */
  copyState(): void {
    this.#copy = mkdtempSync(join(tmpdir(), 'happy-remote-copy-'))
    cpSync(this.folder, this.#copy, { recursive: true })
  }

  /** Puts the copy back in the place of what it has stored; it does not run. */
  restoreState(): void {
    if (!this.#copy) throw new SuiteError('No step has copied the state')
    rmSync(this.folder, { recursive: true, force: true })
    cpSync(this.#copy, this.folder, { recursive: true })
  }

  /** What the system knew of its sessions is gone, as after a restart of the machine; it does not run. */
  forgetWitness(): void {
    if (!this.#witness) throw new SuiteError('The program was started without a witness')
    rmSync(this.#witness, { recursive: true, force: true })
    mkdirSync(this.#witness, { mode: 0o700 })
  }

  ask<V extends VerbName>(verb: V, args: VerbWith<V>, time?: number): Promise<VerbOk<V>> {
    return this.#running.ask(verb, args, time)
  }

  expectEvent<E extends EventName>(
    name: E,
    matches: (data: EventData<E>) => boolean = () => true,
    time = atOnce(),
  ): Promise<EventData<E>> {
    return this.#running.expectEvent(name, time, matches)
  }

  /** The params of an event of the agent. */
  expectRpcEvent(name: string, matches: (params: unknown) => boolean = () => true, time = atOnce()): Promise<unknown> {
    return this.#running.expectRpcEvent(name, time, matches)
  }

  /** Events that wait, taken. */
  takeEvents(name: string): Readonly<Record<string, unknown>>[] {
    return this.#running.events.takeAll(({ event }) => event === name).map(({ data }) => data)
  }

  takeAllEvents(): void {
    this.#running.events.takeAll()
  }

  async agentState(): Promise<AgentState> {
    const answer = await this.ask('state', {})
    if (!agentState.Check(answer)) throw new ShimBroken('The program answers state with what is no state of an agent')
    return answer
  }

  async controllerState(): Promise<ControllerState> {
    const answer = await this.ask('state', {})
    if (!controllerState.Check(answer)) {
      throw new ShimBroken('The program answers state with what is no state of a controller')
    }
    return answer
  }

  /** Waits until `holds`. False when it does not in time. */
  async until(holds: () => Promise<boolean>, time = atOnce()): Promise<boolean> {
    for (const deadline = performance.now() + time; performance.now() < deadline; ) {
      if (await holds()) return true
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return holds()
  }

  /** ms, by the monotonic clock of the program. */
  now(): number {
    return performance.now() + this.#ahead.monotonic
  }

  /** ms since 1970, by the wall clock of the program. */
  wall(): number {
    return Date.now() + this.#ahead.wall
  }

  /** Lets `time` ms pass: moves the clocks of the program by steps, or waits. */
  async pass(time: number, step = STEP): Promise<void> {
    if (!this.has('clock')) {
      if (time > LONGEST_WAIT) this.require('clock')
      await new Promise((resolve) => setTimeout(resolve, time))
      return
    }
    for (let left = time; left > 0; left -= step) {
      const part = Math.min(step, left)
      this.onTime()
      await this.#move(part, part)
      // Time for what became due to be sent, and for a keepalive to be answered.
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** The wall clock alone jumps, as after a sleep or when it is set. */
  async jump(wall: number): Promise<void> {
    this.require('clock')
    this.#isOrdinary = false
    await this.#move(wall, 0)
  }

  /** All that it wrote to standard error. */
  get log(): string {
    return this.#log + (this.#shim?.stderr ?? '')
  }

  /** The folder of what it stores. */
  get folder(): string {
    if (!this.#folder) throw new SuiteError('The program was started without a folder for its state')
    return this.#folder
  }

  /** Ends it. Throws Failed or ShimBroken where it did not hold out until now. */
  async end(): Promise<void> {
    const trouble = this.#shim?.trouble
    // What it might do on the way out is a matter of the scenarios about `stop`.
    await this.#shim?.kill()
    for (const folder of [this.#folder, this.#witness, this.#copy]) {
      if (folder) rmSync(folder, { recursive: true, force: true })
    }
    if (trouble) throw trouble
  }

  get #running(): Shim {
    if (!this.#shim) throw new SuiteError('The program under test does not run')
    return this.#shim
  }

  async #run(): Promise<void> {
    const { name, script, permissionTime, journalEntries } = this.#options
    if (permissionTime !== undefined) this.require('expiry')
    if (journalEntries !== undefined) this.require('journal')
    const { program } = this.#target
    this.#shim = new Shim({
      ...program,
      env: { ...program.env, ...GIT_AUTHOR, [AGENT_SECRET.name]: AGENT_SECRET.value },
    })
    this.#shim.tap = this.#tap
    await this.#shim.hello(SUITE_NAME)
    const { wall, monotonic } = this.#ahead
    if (wall !== 0 || monotonic !== 0) await this.ask('clock', { wall, monotonic })
    if (script !== undefined) {
      this.require('backend')
      await this.ask('backend', { script })
    }
    const relay = this.#relay
    const state = this.#folder
    const witness = this.#witness
    try {
      await this.ask('start', {
        relay,
        ...(state !== undefined && { state }),
        ...(witness !== undefined && { witness }),
        ...(name !== undefined && { name }),
        ...(permissionTime !== undefined && { permissionTime }),
        ...(journalEntries !== undefined && { journalEntries }),
      })
    } catch (error) {
      if (error instanceof Unimplemented) throw new Untestable(`start is not implemented: ${error.message}`)
      throw error
    }
  }

  async #move(wall: number, monotonic: number): Promise<void> {
    await this.ask('clock', { wall, monotonic })
    this.#ahead = { wall: this.#ahead.wall + wall, monotonic: this.#ahead.monotonic + monotonic }
  }
}
