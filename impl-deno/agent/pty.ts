// A program in a pseudo-terminal: what node-pty does, and what has to be done around it.

import { Buffer } from 'node:buffer'
import process from 'node:process'
import { type IPty, spawn } from '@lydell/node-pty'

export interface PtyOptions {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly cols: number
  readonly rows: number
  output(bytes: Uint8Array): void
  /** Once, after the last output. `signal` is null where the program ended by itself. */
  exited(exitCode: number | null, signal: number | null): void
}

/** Variables that are the agent's own, and such as describe the terminal that it was started in. */
const OWN = /^(HAPPY_|DENO_|TMUX|STY$|WINDOW|TERMCAP$|COLUMNS$|LINES$)/

/** What a terminal gets of the agent's environment (rpc.terminal.environment). */
export function terminalEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(environment).filter(([name]) => !OWN.test(name))
  return { ...Object.fromEntries(kept), TERM: 'xterm-256color', COLORTERM: 'truecolor' }
}

/** While nothing is read, node-pty drops what is left 200 ms after the program has ended; this is well below. */
const LOOK_EVERY = 40
/** For which what runs in a terminal may take to end after SIGHUP. */
const GRACE = 1_000

export class Pty {
  readonly #pty: IPty
  #looking: ReturnType<typeof setInterval> | undefined
  #ended = false
  readonly #exited: Promise<void>

  constructor({ file, args, cwd, env, cols, rows, output, exited }: PtyOptions) {
    const options = { name: 'xterm-256color', cols, rows, cwd, env: { ...env }, encoding: null }
    this.#pty = spawn(file, [...args], options)
    // node-pty declares text; without an encoding it gives bytes.
    this.#pty.onData((data: unknown) => output(new Uint8Array(data as Uint8Array)))
    this.#exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        this.#ended = true
        clearInterval(this.#looking)
        resolve()
        exited(signal ? null : exitCode, signal || null)
      })
    })
  }

  get pid(): number {
    return this.#pty.pid
  }

  write(bytes: Uint8Array): void {
    // It declares text here as well.
    this.#pty.write(Buffer.from(bytes) as unknown as string)
  }

  resize(cols: number, rows: number): void {
    if (!this.#ended) this.#pty.resize(cols, rows)
  }

  /** Stops reading, so that the program waits when it has filled the kernel's buffer. */
  pause(): void {
    if (this.#looking !== undefined || this.#ended) return
    this.#pty.pause()
    this.#looking = setInterval(() => {
      if (!isAlive(this.pid)) this.resume()
    }, LOOK_EVERY)
  }

  resume(): void {
    clearInterval(this.#looking)
    this.#looking = undefined
    if (!this.#ended) this.#pty.resume()
  }

  /** Ends the program and what runs in its terminal; resolves when it is gone (rpc.terminal.close, rpc.terminal.killed). */
  async close(): Promise<void> {
    if (this.#ended) return
    this.resume()
    const members = await membersOf(this.pid)
    for (const pid of members) signal(pid, 'SIGHUP')
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, GRACE)
    })
    await Promise.race([this.#exited, late])
    clearTimeout(timer)
    for (const pid of members) signal(pid, 'SIGKILL')
    await this.#exited
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** What is gone already, or belongs to another user, has no signal. */
function signal(pid: number, name: 'SIGHUP' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch {}
}

/** The processes of a terminal are those of the session that its program leads; jobs have process groups of their own. */
async function membersOf(leader: number): Promise<number[]> {
  const ps = new Deno.Command('ps', { args: ['-A', '-o', 'pid=', '-o', 'sess='], stderr: 'null' })
  // A system without ps ends the program alone, and the kernel hangs up on what is in the foreground.
  const text = await ps.output().then(
    ({ stdout }) => new TextDecoder().decode(stdout),
    () => '',
  )
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const members = rows.filter(([, session]) => session === leader).map(([pid]) => pid as number)
  return members.includes(leader) ? members : [leader, ...members]
}
