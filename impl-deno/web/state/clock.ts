// The present time, for what is shown with its age.

import { signal } from '@preact/signals'

/** Milliseconds since 1970; a second old at most. */
export const now = signal(Date.now())

/** Lets it go on; the result ends that. */
export function startClock(): () => void {
  const timer = setInterval(() => {
    now.value = Date.now()
  }, 1_000)
  return () => clearInterval(timer)
}
