// What a person sees of a program in a terminal: its output on the screen of an emulator (@xterm/headless, MIT, by the
// authors of the one in editors and browsers), which breaks lines anew when its size changes.

import type { TestContext } from 'node:test'
import xterm from '@xterm/headless'
import { type PtyCli, startPty } from './pty.ts'

/** ms */
const PATIENCE = 60_000

export class Screen {
  readonly cli: PtyCli
  readonly #terminal = new xterm.Terminal({ cols: 80, rows: 24, scrollback: 2_000, allowProposedApi: true })
  readonly #changed = new Set<() => void>()

  constructor(cli: PtyCli) {
    this.cli = cli
    cli.pty.onData((data) =>
      this.#terminal.write(data, () => {
        for (const listener of this.#changed) listener()
      }),
    )
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows)
    this.cli.pty.resize(columns, rows)
  }

  /** Scrollback and screen, without the spaces at the ends of lines; what the terminal broke is one line each. */
  get lines(): string[] {
    const { active } = this.#terminal.buffer
    const lines = Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? '')
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1)
  }

  /** Resolves to the lines as soon as they fit. */
  until(what: string, fits: (lines: string[]) => boolean): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(late)
        this.#changed.delete(check)
        settle()
      }
      const late = setTimeout(
        () => done(() => reject(new Error(`waited too long for ${what}; there is\n${this.lines.join('\n')}`))),
        PATIENCE,
      )
      const check = () => {
        const { lines } = this
        if (fits(lines)) done(() => resolve(lines))
      }
      this.#changed.add(check)
      check()
    })
  }

  shows(pattern: RegExp): Promise<string[]> {
    return this.until(String(pattern), (lines) => pattern.test(lines.join('\n')))
  }
}

export const startScreen = (
  t: TestContext,
  args: readonly string[],
  folder: string,
  env?: Readonly<Record<string, string>>,
): Screen => new Screen(startPty(t, args, folder, env))
