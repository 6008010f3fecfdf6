// What every program that is measured does beside its work, in Node, Deno and Bun: it says where it listens, and then
// answers each line of its input with what it has used. It ends with its input, so nobody leaves it behind.

import process from 'node:process'

export interface Usage {
  /** Microseconds, user and system, of the whole process: threads of the collector and the compiler count. */
  readonly cpu: number
  /** Bytes that are resident, after a collection where the program was started with a way to ask for one. */
  readonly resident: number
}

/** `--expose-gc` gives it to Node and Deno. */
const { gc } = globalThis as { gc?: () => void }

export function answerUsage(url: string): void {
  process.stdout.write(`${JSON.stringify({ url })}\n`)
  process.stdin.on('data', () => {
    gc?.()
    const { user, system } = process.cpuUsage()
    const usage: Usage = { cpu: user + system, resident: process.memoryUsage.rss() }
    process.stdout.write(`${JSON.stringify(usage)}\n`)
  })
  process.stdin.on('end', () => process.exit(0))
}
