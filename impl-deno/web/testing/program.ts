// Programs of this repository, started as a person starts them, and what they print.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

type Line = Readonly<Record<string, unknown>> & { readonly event: string }

const NODE = new URL('../../../impl-node/cli/main.ts', import.meta.url).pathname

export class Program {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #lines: Line[] = []
  #errors = ''
  #heard: () => void = () => {}

  /** The Node implementation, with `--json`. `assistant`: options that end with a command. */
  constructor(name: string, args: readonly string[], assistant: readonly string[] = []) {
    this.#name = name
    const command = ['--disable-warning=ExperimentalWarning', NODE, name, ...args, '--json', ...assistant]
    this.#child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr?.on('data', (text) => {
      this.#errors += text
    })
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.#lines.push(JSON.parse(line) as Line)
      this.#heard()
    })
    this.#child.on('exit', () => this.#heard())
  }

  /** The first line of that name; throws what the program said where it has ended without one. */
  async line(event: string): Promise<Line> {
    for (;;) {
      const found = this.#lines.find((line) => line.event === event)
      if (found) return found
      if (this.#child.exitCode !== null) throw new Error(`${this.#name} ended without "${event}": ${this.#errors}`)
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }

  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }
}
