// The real program in a real terminal of 80x24, and what stands on it.

import type { TestContext } from 'node:test'
import { type IPty, spawn } from '@lydell/node-pty'
import { cleanEnv, NODE_ARGS } from './cli.ts'

const ESC = '\u001b'
const STYLES = new RegExp(`${ESC}(?:\\[[0-9;?>]*[A-Za-z]|[78>]|\\(B)|\u000f`, 'g')
const HOME = `${ESC}[H`
const PATIENCE = 60_000

export const ENTER_ALTERNATE = `${ESC}[?1049h`
export const LEAVE_ALTERNATE = `${ESC}[?1049l`

export class PtyCli {
  readonly pty: IPty
  /** Everything that was written, as it was. */
  output = ''
  exitCode: number | null = null
  readonly #changed = new Set<() => void>()

  constructor(args: readonly string[], folder: string, env: Readonly<Record<string, string>> = {}) {
    this.pty = spawn(process.execPath, [...NODE_ARGS, ...args], {
      // node-pty sets TERM from it.
      name: env.TERM ?? 'xterm-256color',
      cols: 80,
      rows: 24,
      cwd: folder,
      env: { ...cleanEnv(folder), ...env },
    })
    this.pty.onData((text) => {
      this.output += text
      for (const listener of this.#changed) listener()
    })
    this.pty.onExit(({ exitCode }) => {
      this.exitCode = exitCode
      for (const listener of this.#changed) listener()
    })
  }

  type(text: string): void {
    this.pty.write(text)
  }

  /** Closes the terminal, as closing its window does. */
  hangUp(): void {
    // node-pty has this beside its declarations.
    ;(this.pty as IPty & { destroy(): void }).destroy()
  }

  /** Without escape sequences. */
  get text(): string {
    return this.output.replaceAll(STYLES, '')
  }

  /** The lines of the last picture that was drawn from the upper left corner. */
  get screen(): string[] {
    const frame = this.output.slice(this.output.lastIndexOf(HOME) + HOME.length)
    return frame.replaceAll(STYLES, '').split(/\r*\n/)
  }

  /** Resolves to the first value that `look` finds. */
  until<T>(what: string, look: () => T | null | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#changed.delete(check)
        reject(new Error(`waited too long for ${what}; there is\n${this.text.slice(-3_000)}`))
      }, PATIENCE)
      const check = () => {
        const value = look()
        const found = value !== null && value !== undefined && value !== false
        if (!found && this.exitCode === null) return
        clearTimeout(late)
        this.#changed.delete(check)
        if (found) resolve(value)
        else reject(new Error(`${what} was not seen before the end; there is\n${this.text.slice(-3_000)}`))
      }
      this.#changed.add(check)
      check()
    })
  }

  /** Waits until `pattern` is seen in what was written from `from` on. */
  shown(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return this.until(String(pattern), () => pattern.exec(this.output.slice(from).replaceAll(STYLES, '')))
  }

  exit(): Promise<number> {
    // 0 is an exit code, too.
    return this.until('its end', () => (this.exitCode === null ? null : { code: this.exitCode })).then(
      ({ code }) => code,
    )
  }
}

/** Starts the program in a terminal; it is gone after the test. */
export function startPty(
  t: TestContext,
  args: readonly string[],
  folder: string,
  env?: Readonly<Record<string, string>>,
): PtyCli {
  const cli = new PtyCli(args, folder, env)
  t.after(async () => {
    if (cli.exitCode === null) cli.pty.kill('SIGKILL')
    await cli.exit()
  })
  return cli
}
