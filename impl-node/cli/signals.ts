// How a program that runs until it is told to stop is told.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface Stop {
  /** Resolves at the first signal, or at `stop()`. */
  readonly stopped: Promise<void>
  stop(): void
}

/** Takes the signals over for good. Whoever sends a second one does not want to wait: exit code 130. */
export function untilStopped(): Stop {
  const { promise, resolve } = Promise.withResolvers<void>()
  let asked = false
  const onSignal = () => {
    if (asked) process.exit(130)
    asked = true
    resolve()
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return { stopped: promise, stop: resolve }
}
