// Questions to the person at the terminal, and lines from standard input.

import { createInterface } from 'node:readline'
import { givenUp } from '../failure.ts'

/** Whether somebody can be asked: questions go to standard error, answers come from standard input. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** The answer in one line, trimmed. Throws Failure where the person gives up (Ctrl-C, Ctrl-D). */
export async function ask(question: string, signal?: AbortSignal): Promise<string> {
  let answer = ''
  const isFirst = (line: string) => {
    answer = line
    return true
  }
  await askLines(question, question, isFirst, signal)
  return answer
}

/** The same in several lines, each trimmed, until one `isLast`; `more` asks for those behind the first. */
export function askLines(
  question: string,
  more: string,
  isLast: (line: string) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr })
    const done = (end: () => void) => {
      signal?.removeEventListener('abort', abort)
      lines.removeAllListeners('close').removeAllListeners('line')
      lines.close()
      end()
    }
    const giveUp = () => {
      process.stderr.write('\n')
      reject(givenUp())
    }
    const abort = () => {
      process.stderr.write('\n')
      done(() => reject(signal?.reason))
    }
    lines.on('SIGINT', () => done(giveUp))
    lines.on('close', () => done(giveUp))
    lines.on('line', (line) => {
      if (isLast(line.trim())) done(resolve)
      else {
        lines.setPrompt(more)
        lines.prompt()
      }
    })
    lines.setPrompt(question)
    lines.prompt()
    signal?.addEventListener('abort', abort)
  })
}

/** No unless the person says yes. */
export const confirm = async (question: string): Promise<boolean> => /^(y|yes)$/i.test(await ask(`${question} [y/N] `))

/** Calls `onLine` with each trimmed line of standard input until its end. Returns how to stop. */
export function readLines(onLine: (line: string) => void, onEnd?: () => void): () => void {
  const lines = createInterface({ input: process.stdin, terminal: false })
  lines.on('line', (line) => onLine(line.trim()))
  if (onEnd) lines.on('close', onEnd)
  // Its end may have come while something else read it, and is not told twice.
  if (process.stdin.readableEnded) setImmediate(() => lines.close())
  return () => {
    lines.removeAllListeners('close')
    lines.close()
    process.stdin.pause()
  }
}
