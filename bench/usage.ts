// What every program that is measured does beside its work, in Node, Deno and Bun: it says where it listens, and then
// answers each line of its input with what it has used; `collect` asks for a collection before. It ends with its input,
// so nobody leaves it behind.

import process from 'node:process'

export interface Usage {
  /** Microseconds, user and system, of the whole process: threads of the collector and the compiler count. */
  readonly cpu: number
  /** Bytes. */
  readonly resident: number
}

/** Where the program was started with `--expose-gc`. */
const { gc } = globalThis as { gc?: (how: object) => void }
/** What V8 does before it gives up: nothing that is over stays, and pages that are free are given back. */
const THOROUGH = { type: 'major', execution: 'sync', flavor: 'last-resort' }

export function answerUsage(url: string): void {
  process.stdout.write(`${JSON.stringify({ url })}\n`)
  process.stdin.on('data', (line: { toString(): string }) => {
    if (line.toString().startsWith('collect')) gc?.(THOROUGH)
    const { user, system } = process.cpuUsage()
    const usage: Usage = { cpu: user + system, resident: process.memoryUsage.rss() }
    process.stdout.write(`${JSON.stringify(usage)}\n`)
  })
  process.stdin.on('end', () => process.exit(0))
}
