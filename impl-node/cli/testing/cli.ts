// The real program as a child process, and waiting for what it prints.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
export const NODE_ARGS = ['--disable-warning=ExperimentalWarning', MAIN]
/** ms after which a wait has failed. */
const PATIENCE = 60_000

export type JsonEvent = { readonly event: string } & Readonly<Record<string, unknown>>

/** An environment in which nothing of the person who runs the tests is found. */
export function cleanEnv(folder: string): Record<string, string> {
  const { PATH = '', SHELL = '/bin/sh', NODE_COMPILE_CACHE } = process.env
  const cache = NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}
  return { ...cache, PATH, SHELL, HOME: folder, TERM: 'xterm-256color', LANG: 'C.UTF-8' }
}

/** A folder that is gone after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

export interface CliOptions {
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  /** Whole standard input; without it, it stays open for `type`. */
  readonly stdin?: string
}

export class Cli {
  readonly child: ChildProcessWithoutNullStreams
  stdout = ''
  stderr = ''
  readonly #changed = new Set<() => void>()
  readonly #exited: Promise<number>
  readonly #args: readonly string[]

  constructor(args: readonly string[], { folder, env, stdin }: CliOptions) {
    this.#args = args
    this.child = spawn(process.execPath, [...NODE_ARGS, ...args], {
      cwd: folder,
      env: { ...cleanEnv(folder), ...env },
    })
    const changed = () => {
      for (const listener of this.#changed) listener()
    }
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      changed()
    })
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      changed()
    })
    this.child.stdin.on('error', () => {})
    this.#exited = once(this.child, 'close').then(([code, signal]) => {
      changed()
      return code ?? `ended by ${signal}`
    })
    if (stdin !== undefined) this.child.stdin.end(stdin)
  }

  type(text: string): void {
    this.child.stdin.write(text)
  }

  /** Resolves to the exit code. */
  exit(): Promise<number> {
    return this.#within(this.#exited, 'its end')
  }

  /** Every object that was printed with --json. */
  get events(): JsonEvent[] {
    const lines = this.stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as JsonEvent)
  }

  /** The first event of this name, or the one after so many, now or later. */
  event(name: string, after = 0): Promise<JsonEvent> {
    const look = () => {
      const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1)
      const lines = whole.split('\n').filter((line) => line !== '')
      return lines.map((line) => JSON.parse(line) as JsonEvent).filter(({ event }) => event === name)[after]
    }
    return this.#until(look, `the event ${name}`)
  }

  /** Resolves to what `pattern` matches in what was printed on either stream. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until(() => pattern.exec(this.stdout) ?? pattern.exec(this.stderr) ?? undefined, String(pattern))
  }

  /** Ends it whatever it does. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#exited
  }

  #until<T>(look: () => T | undefined, what: string): Promise<T> {
    const found = new Promise<T>((resolve, reject) => {
      const check = () => {
        const value = look()
        if (value === undefined) return
        this.#changed.delete(check)
        resolve(value)
      }
      this.#changed.add(check)
      void this.#exited.then(() => {
        check()
        reject(this.#failure(`${what} was not seen before the end`))
      })
      check()
    })
    return this.#within(found, what)
  }

  async #within<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.#failure(`waited too long for ${what}`)), PATIENCE)
    })
    return Promise.race([promise, late]).finally(() => clearTimeout(timer))
  }

  #failure(what: string): Error {
    return new Error(`${this.#args.join(' ')}: ${what}\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`)
  }
}

/** Starts the program; it is gone after the test. */
export function startCli(t: TestContext, args: readonly string[], options: CliOptions): Cli {
  const cli = new Cli(args, options)
  t.after(() => cli.kill())
  return cli
}

/** Runs it to its end. */
export async function runCli(
  args: readonly string[],
  options: CliOptions,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const cli = new Cli(args, { stdin: '', ...options })
  try {
    const exitCode = await cli.exit()
    return { exitCode, stdout: cli.stdout, stderr: cli.stderr }
  } finally {
    await cli.kill()
  }
}
