// A line that is typed, with the keys and the history of node:readline, drawn by somebody else. What is pasted is text,
// its line ends too.

import { createInterface, type Interface } from 'node:readline'
import { PassThrough, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { ReadStream, WriteStream } from 'node:tty'

export interface LineEditorEvents {
  onLine(line: string): void
  /** The text or the cursor has changed. */
  onChange(): void
  /** Ctrl-C */
  onInterrupt(): void
  /** Ctrl-D on an empty line. */
  onEnd(): void
}

const BRACKETED = '\u001b[?2004h'
const UNBRACKETED = '\u001b[?2004l'
const PASTE_BEGIN = '\u001b[200~'
const PASTE_END = '\u001b[201~'
// biome-ignore lint/suspicious/noControlCharactersInRegex: PASTE_BEGIN, as far as it has come
const HALF_BEGIN = /\u001b\[(?:2(?:00?)?)?$/
const CTRL_C = '\u0003'
/** Stands for a line end within the line: of the characters that mean nothing. */
const LINE_END = '\ue00a'

export class LineEditor {
  readonly #input: ReadStream
  readonly #output: WriteStream
  readonly #events: LineEditorEvents
  #lines: Interface | null = null
  #keys = new PassThrough()
  #history: string[] = []
  #decoder = new StringDecoder()
  /** The beginning of a paste that has not come whole. */
  #half = ''
  /** What was pasted so far; null outside of a paste. */
  #pasted: string | null = null
  #isChangeDue = false
  readonly #onData = (bytes: Buffer) => this.#take(this.#decoder.write(bytes))
  readonly #onEnd = () => this.#events.onEnd()
  readonly #giveBack = () => this.#setRaw(false)

  /** Takes the keys of `input`; `output` is told to mark what is pasted. */
  constructor(input: ReadStream, output: WriteStream, events: LineEditorEvents) {
    this.#input = input
    this.#output = output
    this.#events = events
    this.open()
  }

  get text(): string {
    return this.#lines?.line ?? ''
  }

  /** As it is shown: a line without control characters, in which a line end is one character. */
  static shown(text: string): string {
    return text.replaceAll(LINE_END, '⏎').replace(/\p{Cc}/gu, ' ')
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
    const keys = new PassThrough()
    const lines = createInterface({
      input: keys,
      output: nowhere,
      terminal: true,
      history: this.#history,
      historySize: 200,
    })
    lines.on('history', (history) => {
      this.#history = history
    })
    lines.on('line', (line) => this.#events.onLine(line.replaceAll(LINE_END, '\n')))
    lines.on('SIGINT', () => this.#events.onInterrupt())
    // Ctrl-Z would leave the terminal as it is now.
    lines.on('SIGTSTP', () => {})
    lines.on('close', () => this.#lines === lines && this.#events.onEnd())
    this.#lines = lines
    this.#keys = keys
    keys.on('keypress', () => this.#changed())
    this.#setRaw(true)
    process.on('exit', this.#giveBack)
    this.#input.on('data', this.#onData).on('end', this.#onEnd)
    this.#input.resume()
  }

  /** Lets go of the keys. */
  close(): void {
    const lines = this.#lines
    if (!lines) return
    this.#lines = null
    this.#input.off('data', this.#onData).off('end', this.#onEnd)
    this.#input.pause()
    process.off('exit', this.#giveBack)
    this.#setRaw(false)
    lines.close()
  }

  #setRaw(isRaw: boolean): void {
    if (this.#input.isTTY && !this.#input.destroyed) this.#input.setRawMode(isRaw)
    if (this.#output.isTTY) this.#output.write(isRaw ? BRACKETED : UNBRACKETED)
  }

  #changed(): void {
    if (this.#isChangeDue) return
    this.#isChangeDue = true
    // What the key does comes first, and many keys at once are one change.
    setImmediate(() => {
      this.#isChangeDue = false
      if (this.#lines) this.#events.onChange()
    })
  }

  #take(text: string): void {
    if (this.#pasted !== null) {
      this.#paste(text)
      return
    }
    const all = this.#half + text
    this.#half = HALF_BEGIN.exec(all)?.[0] ?? ''
    const begin = all.indexOf(PASTE_BEGIN)
    this.#type(begin < 0 ? all.slice(0, all.length - this.#half.length) : all.slice(0, begin))
    if (begin < 0) return
    this.#half = ''
    this.#pasted = ''
    this.#paste(all.slice(begin + PASTE_BEGIN.length))
  }

  #paste(text: string): void {
    // A paste whose end was lost on the way must not swallow the keys for ever.
    const isGivenUp = text === CTRL_C
    this.#pasted += isGivenUp ? '' : text
    const pasted = this.#pasted as string
    const end = isGivenUp ? pasted.length : pasted.indexOf(PASTE_END)
    if (end < 0) return
    this.#pasted = null
    const plain = pasted.slice(0, end).replace(/\r\n?|\n/g, LINE_END)
    this.#insert(plain.replace(/\p{Cc}/gu, (one) => (one === '\t' ? one : '')))
    this.#take(isGivenUp ? text : pasted.slice(end + PASTE_END.length))
  }

  /** Line by line: what is behind a line that gives the keys away is for whoever takes them then. */
  #type(text: string): void {
    const lines = text.split(/(?<=[\r\n])/)
    for (const [i, line] of lines.entries()) {
      if (!this.#lines) {
        this.#input.unshift(Buffer.from(lines.slice(i).join('')))
        return
      }
      this.#typeLine(line)
    }
  }

  /** A run of plain characters goes in as a whole: key by key, node:readline measures the whole line each time. */
  #typeLine(text: string): void {
    const end = text.length > 1 ? (/[\r\n]?$/.exec(text)?.index ?? 0) : 0
    const plain = text.slice(0, end)
    const isPlain = end > 1 && !/\p{Cc}/u.test(plain)
    if (isPlain) this.#insert(plain)
    const keys = isPlain ? text.slice(end) : text
    // At once, not in a later turn: the line may give the keys away.
    if (keys !== '') this.#keys.emit('data', Buffer.from(keys))
  }

  #insert(text: string): void {
    if (text !== '') this.#lines?.write(text)
    this.#changed()
  }
}
