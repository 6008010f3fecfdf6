// For how long the suite waits for what a program does at once.

import { availableParallelism, loadavg } from 'node:os'

/** Seconds, on a machine that has time for the program. */
const LEAST = 6
/** However busy the machine is: what a program does by itself every 30 s must not pass for an answer. */
const MOST = 15

/**
 * ms. Where more has to run than there are processors, each program gets less of its time. Only what fails waits
 * so long. A system that does not tell its load counts as idle.
 */
export function atOnce(load = loadavg()[0] ?? 0, processors = availableParallelism()): number {
  return 1_000 * Math.round(Math.min(MOST, LEAST * Math.max(1, load / processors)))
}
