// How a program that runs until it is told to stop is told.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** ms */
const TOGETHER = 300

export interface Stop {
  /** Resolves at the first signal, or at `stop()`. */
  readonly stopped: Promise<void>
  stop(): void
}

/** Takes the signals over for good. Whoever sends a second one does not want to wait: exit code 130. */
export function untilStopped(): Stop {
  const { promise, resolve } = Promise.withResolvers<void>()
  let asked = false
  let askedAt = 0
  const onSignal = (signal: NodeJS.Signals) => {
    // The end of a terminal comes as several, from the system and from npm: only what comes later is impatience.
    if (signal !== 'SIGHUP' && asked && performance.now() - askedAt > TOGETHER) process.exit(130)
    if (!asked) askedAt = performance.now()
    asked = true
    resolve()
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return { stopped: promise, stop: resolve }
}
