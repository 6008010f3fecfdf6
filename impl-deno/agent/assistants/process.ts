// An assistant's process: its pipes, the last line of its errors, and how it ends with all that it has started.

import process from 'node:process'

/** For which a process may take to end by itself when its input has ended, and again after SIGTERM. */
const GRACE = 2_000

/** Variables that are the agent's own. */
const OWN = /^HAPPY_/

export class AssistantProcess {
  readonly #child: Deno.ChildProcess
  readonly ended: Promise<Deno.CommandStatus>
  #isEnded = false
  #lastError = ''

  /** `hidden`: further variables that it does not see. Throws where the program cannot be started. */
  constructor(command: readonly string[], cwd: string, hidden: readonly string[] = []) {
    const [file = '', ...args] = command
    const isIts = (name: string) => !OWN.test(name) && !hidden.includes(name)
    const env = Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => isIts(name)))
    const pipes = { stdin: 'piped', stdout: 'piped', stderr: 'piped' } as const
    // Detached: a process group of its own, which is signalled as a whole.
    this.#child = new Deno.Command(file, { args, cwd, env, clearEnv: true, ...pipes, detached: true }).spawn()
    this.ended = this.#child.status.then((status) => {
      this.#isEnded = true
      return status
    })
    void this.#readErrors()
  }

  get input(): WritableStream<Uint8Array> {
    return this.#child.stdin
  }

  get output(): ReadableStream<Uint8Array> {
    return this.#child.stdout
  }

  /** The last line that it wrote to its standard error; for the computer's own user alone. */
  get lastError(): string {
    return this.#lastError
  }

  /** Ends it, in bounded time, and everything of its process group. */
  async end(): Promise<void> {
    for (const name of ['SIGTERM', 'SIGKILL'] as const) {
      if (this.#isEnded) break
      this.#signal(name)
      await this.#endedWithin(GRACE)
    }
    await this.ended
    // What it has left behind.
    this.#signal('SIGKILL')
  }

  #signal(name: 'SIGTERM' | 'SIGKILL'): void {
    try {
      process.kill(-this.#child.pid, name)
    } catch {
      // Nobody is left.
    }
  }

  async #endedWithin(time: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, time)
    })
    await Promise.race([this.ended, late])
    clearTimeout(timer)
  }

  async #readErrors(): Promise<void> {
    let rest = ''
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).slice(-65_536).split('\n')
      rest = lines.pop() ?? ''
      this.#lastError = lines.findLast((line) => line.trim() !== '') ?? this.#lastError
    }
    if (rest.trim() !== '') this.#lastError = rest
  }
}
