// Standard output: sentences for people, or with `--json` one object a line for programs.

import type { Failure } from './failure.ts'
import { wrap } from './terminal/columns.ts'
import { Progress } from './terminal/progress.ts'

/** What both a person and a program are to know. */
export type Say = (sentence: string, event: Readonly<Record<string, unknown>> & { readonly event: string }) => void

export const sayTo =
  (json: boolean): Say =>
  (sentence, event) => {
    process.stdout.write(`${json ? jsonLine(event) : sentence}\n`)
  }

/** JSON without a raw control character: JSON.stringify leaves C1 as it is, which terminals obey. */
const jsonLine = (event: object): string =>
  JSON.stringify(event).replace(/[\u007f-\u009f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)

/** Where a sub-command shows what is no JSON: the streams of the process, or the conversation of `control`. */
export interface Output {
  /** What is written is seen by a person, and obeyed by a terminal. */
  readonly isScreen: boolean
  /** Content as it is, also a piece of a line. */
  write(content: string | Uint8Array): Promise<void>
  /** For people only, beside the output. */
  note(sentence: string): void
  progress(label: string): Pick<Progress, 'show' | 'end'>
}

export const processOutput: Output = {
  isScreen: process.stdout.isTTY === true,
  write: (content) =>
    new Promise((resolve, reject) => {
      process.stdout.write(content, (error) => (error ? reject(error) : resolve()))
    }),
  note: (sentence) => note(sentence),
  progress: (label) => new Progress(label),
}

/** For people only, beside the output: progress, advice. */
export const note = (sentence: string): void => void process.stderr.write(`${sentence}\n`)

/** On standard error, as `{"event":"error","code","message"}` with `--json`. */
export function tellFailure({ code, message }: Failure, json: boolean): void {
  // A terminal would break words, and with them what is to be typed.
  const { isTTY, columns = 80 } = process.stderr
  const text = isTTY ? wrap(message, columns).join('\n') : message
  process.stderr.write(`${json ? JSON.stringify({ event: 'error', code, message }) : text}\n`)
}
