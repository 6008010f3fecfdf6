// A program that is measured, as a process of its own (usage.ts is its side).

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { bunProgram } from './install.ts'
import type { Usage } from './usage.ts'

/** ms for a start or an answer, on a machine that does much else. */
const PATIENCE = 60_000

/** How each runtime is started, and what lets a program ask it for a collection. */
const RUNTIMES = {
  node: { command: () => [process.execPath, '--disable-warning=ExperimentalWarning'], collecting: '--expose-gc' },
  deno: { command: () => ['deno', 'run', '--quiet', '--allow-all'], collecting: '--v8-flags=--expose-gc' },
  // It may have been installed only now.
  bun: { command: () => [bunProgram() ?? 'bun', 'run'], collecting: '--expose-gc' },
} as const

/** By the names that the table shows; `speaks` says how its clients become pairs (pair.ts). */
export const PROGRAMS = {
  'relay (Node)': { runtime: 'node', file: 'node/relay.ts', speaks: 'relay' },
  'relay (Deno)': { runtime: 'deno', file: 'deno/relay.ts', speaks: 'relay' },
  'bare ws forwarder': { runtime: 'node', file: 'node/bare.ts', speaks: 'paths' },
  'bare Deno forwarder': { runtime: 'deno', file: 'deno/bare.ts', speaks: 'paths' },
  'Socket.IO': { runtime: 'node', file: 'node/socket-io.ts', speaks: 'socketIo' },
  'Bun (uWebSockets)': { runtime: 'bun', file: 'bun/bare.ts', speaks: 'paths' },
} as const
export type ProgramName = keyof typeof PROGRAMS

export interface SubjectOptions {
  /** Of a relay, which would keep to its own otherwise. */
  readonly limits?: Readonly<Record<string, number>>
  /** Where its cluster meets. */
  readonly redis?: string
  /** Whether it can be asked for a collection. */
  readonly collects?: boolean
}

type Child = ChildProcessByStdio<Writable, Readable, null>

export class Subject {
  readonly name: ProgramName
  readonly url: string
  readonly #child: Child
  readonly #lines: AsyncIterator<string>

  private constructor(name: ProgramName, url: string, child: Child, lines: AsyncIterator<string>) {
    this.name = name
    this.url = url
    this.#child = child
    this.#lines = lines
  }

  static async start(name: ProgramName, { collects = false, ...options }: SubjectOptions = {}): Promise<Subject> {
    const { runtime, file } = PROGRAMS[name]
    const { command, collecting } = RUNTIMES[runtime]
    const [program, ...flags] = [...command(), ...(collects ? [collecting] : [])]
    const args = [...flags, join(import.meta.dirname, file), JSON.stringify(options)]
    const child = spawn(program as string, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    child.on('error', () => {}) // A command that is not there: its output ends, and that is what is said.
    child.stdin.on('error', () => {})
    // Its clients only see that their connections end.
    child.once('exit', (code, signal) => {
      if (!child.killed) console.error(`bench: ${name} has ended by itself (${signal ?? code})`)
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const { url } = (await answerFrom(name, child, lines)) as { url: string }
    return new Subject(name, url, child, lines)
  }

  async usage(before: 'collect' | '' = ''): Promise<Usage> {
    this.#child.stdin.write(`${before}\n`)
    return (await answerFrom(this.name, this.#child, this.#lines)) as Usage
  }

  /** Resolves when it has ended. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

/** Its next line. Rejects, with the process ended, where none comes. */
async function answerFrom(name: string, child: Child, lines: AsyncIterator<string>): Promise<unknown> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    child.kill('SIGKILL')
    late.reject(new Error(`Cannot measure ${name}: its process says nothing for ${PATIENCE / 1_000} s`))
  }, PATIENCE)
  try {
    const { value, done } = await Promise.race([lines.next(), late.promise])
    if (done) throw new Error(`Cannot measure ${name}: its process has ended`)
    return JSON.parse(value)
  } finally {
    clearTimeout(timer)
  }
}
