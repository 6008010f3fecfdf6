// The git of the user of the agent, run in a folder through simple-git: never longer than it may, never more output
// than is wanted, and without anybody to ask.

import { Buffer } from 'node:buffer'
import { dirname } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { simpleGit } from 'simple-git'
import { Alarm, systemTimers, type Timers } from '../../link/timers.ts'

export interface Wanted {
  /** ms */
  readonly time: number
  /** Standard input. */
  readonly input?: string
  /** Called with each piece of output; true: no more is wanted. */
  readonly take?: (piece: Buffer, size: number) => boolean
}

export interface Ended {
  /** Null where it was ended because no more was wanted. */
  readonly exitCode: number | null
  readonly output: Buffer
  /** The last words on its standard error, or on its standard output where it wrote nothing there. */
  readonly words: string
}

/** For which a read may take; its controller waits 30 s. */
export const READ_TIME = 20_000
/** For which hooks and the network may take. */
export const COMMAND_TIME = 120_000

/** Set for every run; the first two are rpc.git.programs. */
const SETTINGS = ['protocol.ext.allow=never', 'core.fsmonitor=false', 'core.quotePath=false']
/** What somebody has set for another git (rpc.git.environment); simple-git accepts none of it unasked. */
const FOREIGN = /^(git.*|prefix|editor|visual|pager|ssh_askpass)$/i

/** `environment` is that of a terminal: without the agent's own secrets. */
function environmentOf(environment: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  const kept = Object.entries(environment).filter(([name]) => !FOREIGN.test(name))
  return {
    ...Object.fromEntries(kept),
    // rpc.git.repository: it looks no higher
    GIT_CEILING_DIRECTORIES: dirname(folder),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    // ssh asks this program and no terminal, and it answers nothing.
    SSH_ASKPASS: 'false',
    SSH_ASKPASS_REQUIRE: 'force',
  }
}

const decoder = new TextDecoder()

/** The last bytes as text, in at most `limits.gitSaid` bytes of UTF-8. */
function lastWords(bytes: Uint8Array): string {
  let text = decoder.decode(bytes.subarray(-limits.gitSaid))
  if (bytes.length > limits.gitSaid) text = text.replace(/^\ufffd+/, '')
  while (Buffer.byteLength(text) > limits.gitSaid) text = [...text].slice(1).join('')
  return text
}

/** rpc.git.failed */
export const gitFailed = (why: string, stderr = '', exitCode: number | null = null): ProtocolError =>
  new ProtocolError('git-failed', `Cannot do it: ${why}`, { stderr, exitCode })

export class GitProgram {
  readonly #environment: Readonly<Record<string, string>>
  readonly #timers: Timers

  constructor(environment: Readonly<Record<string, string>>, timers: Timers = systemTimers) {
    this.#environment = environment
    this.#timers = timers
  }

  /** Throws ProtocolError `git-failed` where it does not start or takes too long; else its exit code is told. */
  async run(folder: string, args: readonly string[], { time, input, take }: Wanted): Promise<Ended> {
    const env = environmentOf(this.#environment, folder)
    const [output, errors]: [Buffer[], Buffer[]] = [[], []]
    let size = 0
    let exitCode: number | null = null
    const satisfied = new AbortController()
    const late = new AbortController()
    const git = simpleGit({
      baseDir: folder,
      config: SETTINGS,
      abort: AbortSignal.any([satisfied.signal, late.signal]),
      allowEnvironment: Object.keys(env).filter((name) => FOREIGN.test(name)),
      // What simple-git holds back here is set above.
      unsafe: { allowUnsafeAskPass: true, allowUnsafeFsMonitor: true, allowUnsafeProtocolOverride: true },
      ...(input !== undefined && { input: () => input }),
      errors: (_, ended) => {
        exitCode = ended.exitCode
        return undefined
      },
    })
    git.env(env).outputHandler((_, stdout, stderr) => {
      stderr.on('data', (piece: Buffer) => errors.push(piece))
      stdout.on('data', (piece: Buffer) => {
        if (satisfied.signal.aborted) return
        size += piece.length
        output.push(piece)
        if (take?.(piece, size)) satisfied.abort()
      })
    })
    // rpc.git.time
    const alarm = new Alarm(this.#timers)
    alarm.set(time, () => late.abort())
    await git.raw([...args])
    alarm.clear()
    const isEnough = satisfied.signal.aborted
    // Where it was killed or is not there it has none, or one below 0.
    const code = typeof exitCode === 'number' && exitCode >= 0 ? exitCode : null
    if (code === null && !isEnough) throw gitFailed(late.signal.aborted ? 'git takes too long' : 'git does not run')
    const said = Buffer.concat(errors.length > 0 ? errors : output)
    return { exitCode: isEnough ? null : code, output: Buffer.concat(output), words: lastWords(said) }
  }

  /** The same where git has to succeed. */
  async demand(folder: string, args: readonly string[], wanted: Wanted): Promise<Ended> {
    const ended = await this.run(folder, args, wanted)
    if (ended.exitCode === 0 || ended.exitCode === null) return ended
    const [why = 'git says nothing'] = ended.words.trim().split('\n')
    throw gitFailed(why.slice(0, 200), ended.words, ended.exitCode)
  }
}
