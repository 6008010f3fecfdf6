// An assistant's process: a session of its own, a bounded memory of stderr, and no orphans.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { terminalEnvironment } from '../environment.ts'
import { endSession } from '../process-session.ts'

/** Characters of stderr that are remembered, and of one line that are told. */
const STDERR_KEPT = 4_096
const LINE_TOLD = 300
/** ms for which a process may leave by itself after the end of its input, then after SIGTERM. */
const LEAVE_TIME = 500
const TERM_TIME = 2_000
/** ms for which output is awaited after the process is gone: a stranger may hold the pipe. */
const DRAIN_TIME = 1_000

export interface ProcessOptions {
  readonly command: readonly string[]
  /** Absolute path. */
  readonly cwd: string
  /** Filtered before the assistant sees it; process.env where absent. */
  readonly env?: NodeJS.ProcessEnv
}

/** What every adapter is told of the assistant that it starts. */
export interface AdapterOptions {
  /** argv; the first is found through PATH */
  readonly command: readonly string[]
  /** Absolute path of the folder that the assistant works in. */
  readonly workspace: string
  /** Filtered before use; process.env where absent. */
  readonly env?: NodeJS.ProcessEnv
  /** ms */
  readonly startTime?: number
  /** bytes of the longest line that is read */
  readonly lineMax?: number
}

export interface AssistantProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  /** Resolves to how it ended, for people. By then nothing that it left in its session runs, and its output was read. */
  readonly ended: Promise<string>
  /** Ends it: end of input, then SIGTERM, then SIGKILL. Resolves like `ended`. */
  stop(): Promise<string>
}

/** Text of a program for one line of a message to people. */
export function forPeople(text: string, max = LINE_TOLD): string {
  const plain = stripVTControlCharacters(text)
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
  return plain.length > max ? `${plain.slice(0, max)}…` : plain
}

/** The line of stderr that says most: below an error many runtimes write the stack, and their version. */
function reasonIn(errors: string): string | undefined {
  const lines = errors.split('\n').filter((line) => line.trim() !== '')
  return lines.findLast((line) => line.includes('Error') && !/^\s*at /.test(line)) ?? lines.at(-1)
}

/** Starts `command`. Throws ProtocolError `assistant-unavailable` where there is no such program. */
export async function spawnAssistant({ command, cwd, env }: ProcessOptions): Promise<AssistantProcess> {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    cwd,
    env: terminalEnvironment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
    // setsid(2), so that what the assistant starts can be ended with it, and Ctrl-C is the agent's to handle.
    detached: true,
  })
  try {
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  } catch (error) {
    throw new ProtocolError('assistant-unavailable', `Cannot start the assistant: ${whyNot(error, file, cwd)}`)
  }
  child.on('error', () => undefined)
  // EPIPE says no more than the exit does.
  child.stdin.on('error', () => undefined)

  const kill = (signal: NodeJS.Signals): void => killGroup(child, signal)
  const killAtExit = (): void => kill('SIGKILL')
  process.once('exit', killAtExit)

  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-STDERR_KEPT)
  })

  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      process.off('exit', killAtExit)
      resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`)
    })
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const ended = exited.then(async (how) => {
    if (child.pid !== undefined) await endSession(child.pid, 0)
    await within(closed, DRAIN_TIME)
    child.stdout.destroy()
    child.stderr.destroy()
    const line = reasonIn(errors)
    return line ? `${how}: ${forPeople(line)}` : how
  })

  async function stop(): Promise<string> {
    child.stdin.end()
    if (!(await within(exited, LEAVE_TIME))) kill('SIGTERM')
    if (!(await within(exited, TERM_TIME))) kill('SIGKILL')
    return ended
  }
  return { stdin: child.stdin, stdout: child.stdout, ended, stop }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    // Windows has no process groups; there the process alone is ended.
    if (process.platform === 'win32') child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch {
    // Nothing of the group is left.
  }
}

function whyNot(error: unknown, file: string, cwd: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (!existsSync(cwd)) return `the folder ${cwd} does not exist.`
  if (code === 'ENOENT') return `the command "${forPeople(file)}" was not found.`
  if (code === 'EACCES') return `the command "${forPeople(file)}" may not be executed.`
  return `the command "${forPeople(file)}" failed (${code ?? 'unknown error'}).`
}

async function within(what: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController()
  try {
    const late = sleep(ms, false, { signal: timer.signal }).catch(() => false)
    return await Promise.race([what.then(() => true), late])
  } finally {
    timer.abort()
  }
}
