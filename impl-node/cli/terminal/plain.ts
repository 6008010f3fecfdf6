// In the place of the block and the line editor where no cursor can be moved: a dumb terminal, or pipes. What is printed
// stays, and lines come from whoever edits them.

import type { ReadStream, WriteStream } from 'node:tty'
import { readLines } from './ask.ts'
import type { LineEditor, LineEditorEvents } from './line-editor.ts'
import type { LiveBlock } from './live.ts'

export class PlainBlock implements Pick<LiveBlock, 'set' | 'print' | 'clear' | 'close'> {
  readonly #out: WriteStream
  constructor(out: WriteStream) {
    this.#out = out
  }
  set(): void {}
  print(text: string): void {
    this.#out.write(`${text}\n`)
  }
  clear(): void {}
  close(): void {}
}

export class PlainLines implements Pick<LineEditor, 'text' | 'cursor' | 'clear' | 'open' | 'close'> {
  readonly #events: Pick<LineEditorEvents, 'onLine' | 'onEnd'>
  #stop: (() => void) | null = null
  readonly text = ''
  readonly cursor = 0

  constructor(_input: ReadStream, _output: WriteStream, events: LineEditorEvents) {
    this.#events = events
    this.open()
  }

  clear(): void {}

  open(): void {
    this.#stop = readLines(
      (line) => this.#events.onLine(line),
      () => this.#stop && this.#events.onEnd(),
    )
  }

  close(): void {
    const stop = this.#stop
    this.#stop = null
    stop?.()
  }
}
