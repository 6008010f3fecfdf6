// The wire of Claude Code: one JSON object a line, both ways, over an assistant's stdio.

import type { AssistantProcess } from './process.ts'

export type Line = Readonly<Record<string, unknown>> & { readonly type: string }

const isLine = (value: unknown): value is Line =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

function parse(text: string): Line | null {
  try {
    const value: unknown = JSON.parse(text)
    return isLine(value) ? value : null
  } catch {
    return null
  }
}

/** Calls `onLine` for each message, in order; what is none is passed over. `onTooLong` for a line of more than `max` bytes, after which nothing more is read. */
export function readLines(
  { stdout }: AssistantProcess,
  max: number,
  onLine: (line: Line) => void,
  onTooLong: () => void,
): void {
  let parts: Buffer[] = []
  let length = 0
  let over = false
  stdout.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length && !over; ) {
      const end = chunk.indexOf(0x0a, at)
      const piece = chunk.subarray(at, end === -1 ? chunk.length : end)
      length += piece.length
      if (length > max) {
        over = true
        parts = []
        onTooLong()
        return
      }
      parts.push(piece)
      if (end === -1) return
      const line = parse(Buffer.concat(parts).toString())
      parts = []
      length = 0
      at = end + 1
      if (line) onLine(line)
    }
  })
}

export function writeLine({ stdin }: AssistantProcess, message: object): void {
  if (stdin.writable) stdin.write(`${JSON.stringify(message)}\n`)
}
