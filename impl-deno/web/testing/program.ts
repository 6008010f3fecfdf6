// Programs of this repository, started as a person starts them, and what they print.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

type Line = Readonly<Record<string, unknown>> & { readonly event: string }

export type Runtime = 'node' | 'deno'

/** Milliseconds for what a program is to say; some of it waits for 30 s. */
const PATIENCE = 90_000

const pathOf = (path: string): string => new URL(`../../../${path}`, import.meta.url).pathname
const COMMANDS: Readonly<Record<Runtime, readonly string[]>> = {
  node: [process.execPath, '--disable-warning=ExperimentalWarning', pathOf('impl-node/cli/main.ts')],
  deno: [pathOf('impl-deno/bin/happy-remote')],
}

/** The words with which a person would start it. */
export const commandOf = (runtime: Runtime): readonly string[] => COMMANDS[runtime]

export class Program {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #lines: Line[] = []
  #errors = ''
  #heard: () => void = () => {}

  /** With `--json`. `assistant`: options that end with a command. */
  constructor(name: string, args: readonly string[], assistant: readonly string[] = [], runtime: Runtime = 'node') {
    this.#name = name
    const [command = '', ...before] = COMMANDS[runtime]
    this.#child = spawn(command, [...before, name, ...args, '--json', ...assistant], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Lines are edited, and questions answered, in a shell that can do it, whichever the person's is.
      env: { ...process.env, SHELL: '/bin/bash' },
    })
    this.#child.stderr?.on('data', (text) => {
      this.#errors += text
    })
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.#lines.push(JSON.parse(line) as Line)
      this.#heard()
    })
    this.#child.on('exit', () => this.#heard())
  }

  /** The first line of that name, or a later one; throws what the program said where it ends, or lets 90 s go by, without it. */
  async line(event: string, number = 1): Promise<Line> {
    const until = performance.now() + PATIENCE
    for (;;) {
      const found = this.#lines.filter((line) => line.event === event)[number - 1]
      if (found) return found
      if (this.#child.exitCode !== null) throw new Error(`${this.#name} ended without "${event}": ${this.#errors}`)
      const left = until - performance.now()
      if (left <= 0) throw new Error(`${this.#name} has not said "${event}" ${number} times: ${this.#said()}`)
      await new Promise<void>((resolve) => {
        this.#heard = resolve
        setTimeout(resolve, left).unref()
      })
    }
  }

  #said(): string {
    return this.#lines.map(({ event }) => event).join(', ')
  }

  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** SIGKILL leaves it no time for anything. */
  async stop(how: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill(how)
    await ended
  }
}
