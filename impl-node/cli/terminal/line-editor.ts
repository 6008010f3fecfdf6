// A line that is typed, with the keys and the history of node:readline, drawn by somebody else.

import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import type { ReadStream } from 'node:tty'

export interface LineEditorEvents {
  onLine(line: string): void
  /** The text or the cursor has changed. */
  onChange(): void
  /** Ctrl-C */
  onInterrupt(): void
  /** Ctrl-D on an empty line. */
  onEnd(): void
}

export class LineEditor {
  readonly #input: ReadStream
  readonly #events: LineEditorEvents
  #lines: Interface | null = null
  #history: string[] = []
  readonly #onKey = () => setImmediate(() => this.#lines && this.#events.onChange())

  constructor(input: ReadStream, events: LineEditorEvents) {
    this.#input = input
    this.#events = events
    this.open()
  }

  get text(): string {
    return this.#lines?.line ?? ''
  }

  /** Of UTF-16 units before it. */
  get cursor(): number {
    return this.#lines?.cursor ?? 0
  }

  clear(): void {
    this.#lines?.write(null, { ctrl: true, name: 'e' })
    this.#lines?.write(null, { ctrl: true, name: 'u' })
  }

  /** Takes the keys again after `close`. */
  open(): void {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    const lines = createInterface({
      input: this.#input,
      output: nowhere,
      terminal: true,
      history: this.#history,
      historySize: 200,
    })
    lines.on('history', (history) => {
      this.#history = history
    })
    lines.on('line', (line) => this.#events.onLine(line))
    lines.on('SIGINT', () => this.#events.onInterrupt())
    // Ctrl-Z would leave the terminal as it is now.
    lines.on('SIGTSTP', () => {})
    lines.on('close', () => this.#lines === lines && this.#events.onEnd())
    this.#lines = lines
    this.#input.on('keypress', this.#onKey)
  }

  /** Lets go of the keys. */
  close(): void {
    const lines = this.#lines
    this.#lines = null
    this.#input.off('keypress', this.#onKey)
    lines?.close()
  }
}
