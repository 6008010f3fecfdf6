// Time as a session sees it. Tests give their own.

export interface Clock {
  /** Milliseconds that never run backwards; their origin means nothing. */
  monotonic(): number
  /** Milliseconds since 1970. */
  wall(): number
}

export const systemClock: Clock = { monotonic: () => performance.now(), wall: () => Date.now() }
