// One run of the user's own git in the workspace: with a time, a bound on what it says, and nobody whom it could ask.

import { dirname } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { terminalEnvironment } from './environment.ts'

export interface GitRun {
  /** For the standard input of git. */
  readonly input?: string
  /** Bytes of output after which git is ended. */
  readonly most?: number
  /** Looks at what has come so far; true ends git. */
  readonly enough?: (output: Buffer) => boolean
  /** It must not get into the way of another git: it takes no lock that it can do without. */
  readonly isReading?: boolean
  /** ms */
  readonly time: number
}

export interface GitOutput {
  readonly exitCode: number
  readonly output: Buffer
  /** What it wrote to its standard error, or to its standard output where that is empty; the end of it. */
  readonly said: string
  /** It was ended because it had said enough. */
  readonly isCut: boolean
}

const MOST = 64 * 1_024 * 1_024
/** rpc.git.programs */
const CONFIG = ['core.fsmonitor=false', 'protocol.ext.allow=never', 'core.quotePath=false']
const OURS = {
  GIT_TERMINAL_PROMPT: '0',
  // Without a terminal that it may use, ssh asks this program, which says no.
  SSH_ASKPASS: 'false',
  SSH_ASKPASS_REQUIRE: 'force',
}
/** rpc.git.environment, and what else simple-git refuses in one: the settings of whoever started the agent for another git. */
const GUARDED = /^(git|editor$|pager$|visual$|prefix$|ssh_askpass)/i

function gitEnvironment(workspace: string, isReading: boolean): Record<string, string> {
  const kept = Object.entries(terminalEnvironment()).filter(([name]) => !GUARDED.test(name))
  return {
    ...Object.fromEntries(kept),
    ...OURS,
    // rpc.git.repository: a repository above is none of ours
    GIT_CEILING_DIRECTORIES: dirname(workspace),
    ...(isReading && { GIT_OPTIONAL_LOCKS: '0' }),
  }
}

/** The end of a text, in so many bytes; a character that is cut is left out. */
function endOf(bytes: Buffer, most: number): string {
  const end = bytes.subarray(Math.max(0, bytes.length - most))
  let from = 0
  while (end.length < bytes.length && from < end.length && ((end[from] as number) & 0xc0) === 0x80) from++
  let text = end.subarray(from).toString('utf8')
  // What is not UTF-8 has become longer.
  while (Buffer.byteLength(text) > most) text = text.slice(Math.ceil((Buffer.byteLength(text) - most) / 3))
  return text.toWellFormed()
}

/** Rejects with `git-failed` where git cannot be started or takes too long; its exit code is the caller's matter. */
export async function runGit(workspace: string, args: readonly string[], run: GitRun): Promise<GitOutput> {
  // Only here: most agents are never asked.
  const { simpleGit } = await import('simple-git')
  const { input, most = MOST, enough, time } = run
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  let size = 0
  let exitCode: number | null = null
  const stop = new AbortController()
  const late = new AbortController()
  const env = gitEnvironment(workspace, run.isReading ?? false)
  const git = simpleGit({
    baseDir: workspace,
    abort: AbortSignal.any([stop.signal, late.signal]),
    config: CONFIG,
    // They are our own.
    unsafe: { allowUnsafeFsMonitor: true, allowUnsafeProtocolOverride: true, allowUnsafeAskPass: true },
    allowEnvironment: Object.keys(env).filter((name) => GUARDED.test(name)),
    ...(input !== undefined && { input: () => input }),
    errors: (_error, result) => {
      exitCode = result.exitCode
      // What became of it is told below.
      return undefined
    },
  })
  git.env(env).outputHandler((_command, stdout, stderr) => {
    stdout.on('data', (bytes: Buffer) => {
      if (stop.signal.aborted) return
      out.push(bytes)
      size += bytes.length
      if (size > most || enough?.(bytes)) stop.abort()
    })
    stderr.on('data', (bytes: Buffer) => void err.push(bytes))
  })
  // rpc.git.time
  const timer = setTimeout(() => late.abort(), time)
  await git.raw([...args])
  clearTimeout(timer)
  const isCut = stop.signal.aborted
  // Neither an end by a signal nor a program that is not there has an exit code; simple-git says null or less than 0.
  if (!isCut && (exitCode === null || exitCode < 0)) {
    throw gitFailed(late.signal.aborted ? 'it takes too long' : 'it cannot be started, or was ended', '', null)
  }
  const output = Buffer.concat(out)
  const said = Buffer.concat(err)
  return {
    exitCode: isCut ? 0 : (exitCode ?? 0),
    output,
    said: endOf(said.length > 0 ? said : output, limits.gitSaid),
    isCut,
  }
}

/** rpc.git.failed */
export function gitFailed(why: string, stderr: string, exitCode: number | null): ProtocolError {
  return new ProtocolError('git-failed', `Cannot do it with git: ${why}`, { stderr, exitCode })
}

/** The output of a git that must succeed. */
export async function mustGit(workspace: string, args: readonly string[], run: GitRun): Promise<GitOutput> {
  const done = await runGit(workspace, args, run)
  if (done.exitCode === 0 || done.isCut) return done
  const [line = ''] = done.said.split('\n').filter((each) => each.trim() !== '')
  throw gitFailed(line.slice(0, 200) || `exit code ${done.exitCode}`, done.said, done.exitCode)
}

/** A controller waits 30 s for a read. */
export const READ: GitRun = { time: 20_000, isReading: true }
/** Hooks and networks take their time. */
export const COMMAND: GitRun = { time: 120_000 }
