// A relay as an operator starts it: the command line of one of the implementations, with its metrics.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const RUN = {
  node: ['node', '--disable-warning=ExperimentalWarning', 'impl-node/cli/main.ts'],
  deno: ['deno', 'run', '--quiet', '--no-prompt', '--allow-all', 'impl-deno/cli/main.ts'],
} as const
export type Implementation = keyof typeof RUN
export const IMPLEMENTATIONS = Object.keys(RUN) as readonly Implementation[]

export class RelayProcess {
  readonly implementation: Implementation
  readonly url: string
  readonly #metrics: string
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(implementation: Implementation, url: string, metrics: string, child: ChildProcess) {
    this.implementation = implementation
    this.url = url
    this.#metrics = metrics
    this.#child = child
    this.#ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve()
  }

  /** Rejects where it ends before it listens. */
  static async start(implementation: Implementation, ...options: readonly string[]): Promise<RelayProcess> {
    const [program, ...args] = RUN[implementation]
    const all = ['relay', '--port', '0', '--admin-port', '0', '--json', '--limit', 'drainTime=1', ...options]
    const child = spawn(program, [...args, ...all], {
      cwd: join(import.meta.dirname, '..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { value, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
    if (done) throw new Error(`Cannot measure: the relay (${implementation}) has not started`)
    const { url, adminPort } = JSON.parse(value) as { url: string; adminPort: number }
    return new RelayProcess(implementation, url, `http://127.0.0.1:${adminPort}/metrics`, child)
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch(this.#metrics)).text()
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
  }

  /** MiB that are resident. */
  async memory(): Promise<number> {
    return (await this.metric('process_resident_memory_bytes')) / 2 ** 20
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
  }
}
