// How the process of a scripted assistant begins and ends, whatever the wire that it speaks.

import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Script } from './script.ts'

/** ms between two looks for the file that a start awaits. */
const START_LOOK = 20

/** Runs `main`; what it throws is told in a line, with exit code 2. */
export function run(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(2)
  })
}

/** Resolves when the script lets its assistant begin; ends the process where it does not. */
export async function begin({ stubborn, start }: Script): Promise<void> {
  if (stubborn) process.on('SIGTERM', () => undefined)
  if (start && 'exit' in start) process.exit(start.exit)
  while (start && !existsSync(start.awaits)) {
    // Whoever would have made the file has gone with its folder, and so may the agent.
    if (!existsSync(dirname(start.awaits))) process.exit(1)
    await sleep(START_LOOK)
  }
}

/** After the end of the input. */
export function end({ stubborn }: Script): void {
  if (!stubborn) process.exit(0)
  setInterval(() => undefined, 60_000)
}
