// A program at a terminal of 80 x 24, and what stands on its screen, cell by cell.

import { type IPty, spawn } from '@lydell/node-pty'
import xterm from '@xterm/headless'
import { commandOf, type Runtime } from './program.ts'

const COLUMNS = 80
const ROWS = 24
/** Of the 16 colours and the defaults of a dark terminal, how light they are. */
const LIGHT = 0xd0
const DARK = 0x14

export interface Cell {
  readonly text: string
  /** How light what is drawn and what is behind it are, 0 to 255. */
  readonly ink: number
  readonly paper: number
}

/** Of the colour cube and the greys, as every terminal has them; whatever a theme changes counts as ink on paper. */
function lightness(colour: number, otherwise: number): number {
  if (colour < 16) return otherwise
  if (colour >= 232) return 8 + (colour - 232) * 10
  const levels = [0, 95, 135, 175, 215, 255]
  const [red = 0, green = 0, blue = 0] = [36, 6, 1].map((part) => levels[Math.floor((colour - 16) / part) % 6])
  return Math.round(0.299 * red + 0.587 * green + 0.114 * blue)
}

export class TerminalProgram {
  readonly #pty: IPty
  readonly #terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true })
  readonly #waiting = new Set<() => void>()
  #hasEnded = false
  readonly #ended: Promise<void>

  constructor(args: readonly string[], runtime: Runtime, folder: string) {
    const [command = '', ...before] = commandOf(runtime)
    this.#pty = spawn(command, [...before, ...args], {
      name: 'xterm-256color',
      cols: COLUMNS,
      rows: ROWS,
      cwd: folder,
      env: { ...process.env, NO_COLOR: undefined, SHELL: '/bin/bash' },
    })
    const tell = () => {
      for (const look of this.#waiting) look()
    }
    this.#pty.onData((data) => this.#terminal.write(data, tell))
    this.#ended = new Promise((resolve) => {
      this.#pty.onExit(() => {
        this.#hasEnded = true
        tell()
        resolve()
      })
    })
  }

  /** What stands on the screen, without the spaces at the ends of its lines. */
  get text(): string {
    const { active } = this.#terminal.buffer
    const lines = Array.from({ length: ROWS }, (_, y) => active.getLine(active.baseY + y)?.translateToString(true))
    return lines.join('\n')
  }

  get cells(): readonly (readonly Cell[])[] {
    const { active } = this.#terminal.buffer
    return Array.from({ length: ROWS }, (_, y) => {
      const line = active.getLine(active.baseY + y)
      return Array.from({ length: COLUMNS }, (_, x) => {
        const cell = line?.getCell(x)
        const ink = cell?.isFgPalette() ? lightness(cell.getFgColor(), LIGHT) : LIGHT
        const paper = cell?.isBgPalette() ? lightness(cell.getBgColor(), DARK) : DARK
        return { text: cell?.getChars() || ' ', ink, paper }
      })
    })
  }

  /** Waits until the screen shows it; throws what stands there where the program has ended without. */
  shows(what: RegExp | (() => boolean)): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const isShown = typeof what === 'function' ? what() : what.test(this.text)
        if (!isShown && !this.#hasEnded) return
        this.#waiting.delete(look)
        if (isShown) resolve()
        else reject(new Error(`The program has ended without ${what}:\n${this.text}`))
      }
      this.#waiting.add(look)
      look()
    })
  }

  type(text: string): void {
    this.#pty.write(text)
  }

  async stop(): Promise<void> {
    if (!this.#hasEnded) this.#pty.kill('SIGTERM')
    await this.#ended
  }
}
