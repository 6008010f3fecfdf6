// xterm, as this page uses it. This file is loaded when a terminal is first looked at.

/// <reference types="vite/client" />

import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { Terminal as Xterm } from '@xterm/xterm'
import { safeText } from '../../../controller/safe-text.ts'
import { utf8 } from '../../../crypto/bytes.ts'
import type { Size } from '../../state/terminal.ts'
import { texts } from '../../texts.ts'
import { lookOf, onLook } from './look.ts'
import { keepStylesStrict } from './strict-styles.ts'
import { followFingers } from './touch-scroll.ts'

export interface EmulatorOwner {
  typed(bytes: Uint8Array): void
  /** The view has room for another size. */
  fitted(size: Size): void
  /** The person leaves it with the keyboard. */
  left(): void
  /** Ctrl is held for the next key, or no longer. */
  holdsCtrl(isHeld: boolean): void
}

export type Key = 'escape' | 'tab' | 'up' | 'down' | 'left' | 'right'

keepStylesStrict()

const ESCAPE = '\u001b'
const ARROWS: Readonly<Partial<Record<Key, string>>> = { up: 'A', down: 'B', right: 'C', left: 'D' }
const LINES = 5_000

/**
 * What a program may not do here: name things (0, 1, 2), change colours or ask for them (4, 10 to 12), make links (8),
 * reach the clipboard (52).
 */
const REFUSED = [0, 1, 2, 4, 8, 10, 11, 12, 52]

export class Emulator {
  readonly #owner: EmulatorOwner
  readonly #place: HTMLElement
  readonly #xterm: Xterm
  readonly #fit = new FitAddon()
  readonly #observer: ResizeObserver
  readonly #endLook: () => void
  #isCtrlHeld = false
  /** Of what was written and is not yet taken in: whether questions in it are answered. */
  readonly #answers: boolean[] = []

  constructor(place: HTMLElement, owner: EmulatorOwner) {
    this.#owner = owner
    this.#place = place
    this.#xterm = new Xterm({
      ...lookOf(place),
      scrollback: LINES,
      // Also against text in the colour of its ground.
      minimumContrastRatio: 4.5,
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    })
    this.#xterm.loadAddon(this.#fit)
    this.#refuse()
    this.#xterm.open(place)
    this.#xterm.textarea?.setAttribute('aria-label', texts.terminal.input)
    this.#xterm.onData((text) => this.#type(text))
    this.#xterm.onBinary((text) => owner.typed(Uint8Array.from(text, (one) => one.charCodeAt(0))))
    this.#xterm.attachCustomKeyEventHandler((event) => {
      if (event.key !== 'F6' || !event.shiftKey) return true
      if (event.type === 'keydown') owner.left()
      return false
    })
    // Before xterm has it: what is pasted is what can be seen.
    place.addEventListener(
      'paste',
      (event) => {
        event.preventDefault()
        event.stopPropagation()
        this.paste(event.clipboardData?.getData('text/plain') ?? '')
      },
      { capture: true },
    )
    followFingers(this.#xterm, place, (isUp) => this.press(isUp ? 'up' : 'down'))
    this.#observer = new ResizeObserver(() => this.fit())
    this.#observer.observe(place)
    this.#endLook = onLook(() => {
      this.#xterm.options.theme = lookOf(place).theme ?? {}
    })
  }

  write(bytes: Uint8Array, mayAnswer: boolean): void {
    this.#answers.push(mayAnswer)
    this.#xterm.write(bytes, () => void this.#answers.shift())
  }

  /** Takes the size for which the view has room. */
  fit(): void {
    const size = this.#fit.proposeDimensions()
    if (!size || Number.isNaN(size.cols) || Number.isNaN(size.rows)) return
    this.resize(size)
    this.#owner.fitted(size)
  }

  /** Another device has given it this size. */
  resize({ cols, rows }: Size): void {
    if (cols !== this.#xterm.cols || rows !== this.#xterm.rows) this.#xterm.resize(cols, rows)
  }

  press(key: Key): void {
    const arrow = ARROWS[key]
    const isCtrl = this.#isCtrlHeld
    this.holdCtrl(false)
    if (arrow === undefined) this.#send(key === 'tab' ? '\t' : ESCAPE)
    else if (isCtrl) this.#send(`${ESCAPE}[1;5${arrow}`)
    else this.#send(`${ESCAPE}${this.#xterm.modes.applicationCursorKeysMode ? 'O' : '['}${arrow}`)
  }

  holdCtrl(isHeld: boolean): void {
    if (isHeld === this.#isCtrlHeld) return
    this.#isCtrlHeld = isHeld
    this.#owner.holdsCtrl(isHeld)
  }

  paste(text: string): void {
    if (text !== '') this.#xterm.paste(safeText(text))
  }

  /** For a screen reader: what is shown can be read, and what is new is said. */
  readAloud(isOn: boolean): void {
    this.#xterm.options.screenReaderMode = isOn
  }

  /** The program has ended: nothing is typed any more. */
  end(): void {
    this.#xterm.options.disableStdin = true
    this.#xterm.options.cursorBlink = false
  }

  focus(): void {
    this.#xterm.focus()
  }

  close(): void {
    this.#observer.disconnect()
    this.#endLook()
    this.#xterm.dispose()
    this.#place.replaceChildren()
  }

  #type(text: string): void {
    const code = text.length === 1 ? text.toUpperCase().charCodeAt(0) : 0
    const isControl = this.#isCtrlHeld && ((code >= 0x40 && code < 0x60) || code === 0x20)
    this.holdCtrl(false)
    this.#send(isControl ? String.fromCharCode(code & 0x1f) : text)
  }

  #send(text: string): void {
    this.#owner.typed(utf8(text))
  }

  #refuse(): void {
    const { parser } = this.#xterm
    for (const code of REFUSED) parser.registerOscHandler(code, () => true)
    // Questions to the terminal; taken from xterm where they are not to be answered.
    const isHistory = () => this.#answers[0] === false
    for (const prefix of ['', '>', '?']) {
      const of = prefix === '' ? {} : { prefix }
      parser.registerCsiHandler({ ...of, final: 'c' }, isHistory)
      parser.registerCsiHandler({ ...of, final: 'n' }, isHistory)
      parser.registerCsiHandler({ ...of, intermediates: '$', final: 'p' }, isHistory)
    }
    parser.registerDcsHandler({ intermediates: '$', final: 'q' }, isHistory)
  }
}
