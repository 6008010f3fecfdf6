// For how long the suite waits for what a program does at once.

import { availableParallelism, loadavg } from 'node:os'

/** Seconds, on a machine that has time for the program. */
const LEAST = 6
/** However busy the machine is: what a program does by itself every 30 s must not pass for an answer. */
const MOST = 15
/** The same for an answer, whose id tells it from everything else; the program may have to start another one first. */
const ANSWER = { least: 20, most: 50 }

/**
 * ms. Where more has to run than there are processors, each program gets less of its time. Only what fails waits
 * so long. A system that does not tell its load counts as idle.
 */
export function atOnce(load = loadavg()[0] ?? 0, processors = availableParallelism()): number {
  return stretched(LEAST, MOST, load / processors)
}

/** The same for the answer to a request. */
export function answerTime(load = loadavg()[0] ?? 0, processors = availableParallelism()): number {
  return stretched(ANSWER.least, ANSWER.most, load / processors)
}

const stretched = (least: number, most: number, busy: number): number =>
  1_000 * Math.round(Math.min(most, least * Math.max(1, busy)))
