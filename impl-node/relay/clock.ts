// Time as the relay sees it: injected, so that a test can move it.

export interface Clock {
  /** Milliseconds since any fixed moment; never goes back. For durations. */
  monotonic(): number
  /** Milliseconds since 1970. For what clients are shown. */
  wall(): number
  /** Runs `run` every `ms` milliseconds until the returned function is called. */
  every(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  every(ms, run) {
    const timer = setInterval(run, ms)
    timer.unref()
    return () => clearInterval(timer)
  },
}
