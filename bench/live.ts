// Real programs for a row: our relay, our agent and a controller that is paired with it, each a process of its own. They
// are started and paired as the conformance suite does it, through their shims.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Script } from '../conformance/assistants/script.ts'
import { FaultyRelay } from '../conformance/peers/faulty-relay.ts'
import { build } from '../conformance/runner/build.ts'
import { loadImplementation } from '../conformance/runner/configuration.ts'
import { preflight } from '../conformance/runner/preflight.ts'
import { Shim } from '../conformance/shim/driver.ts'
import type { Target } from '../conformance/steps/parameters.ts'
import { ProgramUnderTest } from '../conformance/steps/program.ts'
import type { Order } from './client.ts'
import { median } from './rounds.ts'

export const RUNTIMES = ['node', 'deno'] as const
export type Runtime = (typeof RUNTIMES)[number]

const here = (path: string) => join(import.meta.dirname, path)
const SCRIPT: Script = { name: 'Bench', replies: [], otherwise: [{ do: 'text', text: 'Heard.' }] }
const PAIRING_TIME = 60_000

/** A program that takes orders (client.ts). */
export class ClientProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>

  constructor(command: Command) {
    this.#child = run(command)
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** The ms that each piece of it took. */
  async order(order: Order): Promise<number[]> {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`)
    return this.answer()
  }

  /** What it says next. */
  async answer(): Promise<number[]> {
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`Cannot measure: ${this.#child.spawnargs.join(' ')} has ended`)
    return JSON.parse(value) as number[]
  }

  /** Resolves when it has ended. */
  async end(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined
    this.#child.kill()
    await ended
  }
}

export type Command = readonly [string, ...string[]]

/** What it writes to standard error is for people. */
export const run = ([file, ...args]: Command): ChildProcessWithoutNullStreams =>
  spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] }) as unknown as ChildProcessWithoutNullStreams

export async function targetOf(runtime: Runtime, role: 'relay' | 'agent' | 'controller') {
  const { implementation, folder } = loadImplementation(here(`../conformance/implementations/${runtime}.json`))
  const declared = implementation.roles[role]
  if (!declared) throw new Error(`${implementation.name} has no ${role}`)
  const program = { ...declared, cwd: folder }
  const { capabilities } = await preflight(role, program, { starts: false })
  return { kind: 'program', program, capabilities } satisfies Target
}

/** What the programs of `runtimes` are made of, once. */
export async function buildPrograms(runtimes: readonly Runtime[]): Promise<void> {
  for (const runtime of runtimes) {
    await build(loadImplementation(here(`../conformance/implementations/${runtime}.json`)))
  }
}

export class Live {
  readonly #runtime: Runtime
  readonly #agent: ProgramUnderTest
  readonly #controller: ProgramUnderTest
  readonly #relay: Shim
  /** Bytes of the frame of a request, and of its answer. */
  readonly sizes: { readonly request: number; readonly response: number }

  private constructor(
    runtime: Runtime,
    agent: ProgramUnderTest,
    controller: ProgramUnderTest,
    relay: Shim,
    sizes: Live['sizes'],
  ) {
    this.#runtime = runtime
    this.#agent = agent
    this.#controller = controller
    this.#relay = relay
    this.sizes = sizes
  }

  /** `method` is the one whose frames are weighed. */
  static async begin(runtime: Runtime, method: string): Promise<Live> {
    await buildPrograms([runtime])
    // Paired, and weighed, through the relay of the suite, which sees each frame; then ours takes its place.
    const scale = new FaultyRelay()
    const url = await scale.listen()
    const [agent, controller] = [
      new ProgramUnderTest(await targetOf(runtime, 'agent'), url),
      new ProgramUnderTest(await targetOf(runtime, 'controller'), url),
    ]
    await agent.start({ keepState: true, script: SCRIPT })
    await controller.start({ keepState: true })
    const { uri } = await agent.ask('offer', {})
    const { digits } = await controller.ask('pair', { uri })
    await agent.ask('confirm', { digits })
    await controller.expectEvent('paired', () => true, PAIRING_TIME)
    await controller.stop()
    const weighing = new ClientProcess(commandOf(runtime, controller.folder))
    await weighing.order({ do: 'calls', method, params: {}, count: 5 })
    scale.passed.length = 0
    await weighing.order({ do: 'calls', method, params: {}, count: 40 })
    const frames = Map.groupBy(scale.passed, ({ to }) => to)
    const [one = 0, two = 0] = [...frames.values()].map((all) => median(all.map(({ bytes }) => bytes.length)))
    await weighing.end()
    const port = Number(new URL(url).port)
    await scale.crash()
    const relay = new Shim((await targetOf(runtime, 'relay')).program)
    await relay.hello('bench')
    await relay.ask('start', { host: '127.0.0.1', port })
    return new Live(runtime, agent, controller, relay, { request: one, response: two })
  }

  /** The command of the controller, with the command of a terminal behind it. One at a time has the pairing. */
  controller(...command: readonly string[]): Command {
    return [...commandOf(this.#runtime, this.#controller.folder), ...command]
  }

  async end(): Promise<void> {
    await Promise.all([this.#agent.end(), this.#controller.end(), this.#relay.kill()])
  }
}

const commandOf = (runtime: Runtime, folder: string): Command =>
  runtime === 'node'
    ? [process.execPath, '--disable-warning=ExperimentalWarning', here('controller.ts'), folder]
    : ['deno', 'run', '--quiet', '--allow-all', here('deno/controller.ts'), folder]
