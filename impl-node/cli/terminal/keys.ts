// Single keys from a terminal, without Enter.

import { emitKeypressEvents, type Key } from 'node:readline'
import type { ReadStream } from 'node:tty'

/** `name` as node:readline names keys; `text` is what was typed, '' where the key is no character. */
export interface KeyPress {
  readonly name: string
  readonly text: string
  readonly ctrl: boolean
}

/** Ctrl-C is a key here, not a signal. Returns how to stop, which gives the terminal its old mode back. */
export function readKeys(input: ReadStream, onKey: (key: KeyPress) => void): () => void {
  const listener = (text: string | undefined, key: Key) => {
    const isText = text !== undefined && !key.ctrl && !key.meta && !/\p{Cc}/u.test(text)
    onKey({ name: key.name ?? '', text: isText ? text : '', ctrl: key.ctrl ?? false })
  }
  emitKeypressEvents(input)
  const wasRaw = input.isRaw
  const reset = () => input.setRawMode(wasRaw)
  input.setRawMode(true)
  input.on('keypress', listener)
  input.resume()
  process.on('exit', reset)
  return () => {
    process.off('exit', reset)
    input.off('keypress', listener)
    input.pause()
    reset()
  }
}
