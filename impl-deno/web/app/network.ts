// When to connect at once: the page is looked at again, or the network is another one; and whether there is any.

import { signal } from '@preact/signals'

/** What tells which network it is, where a browser has it. */
interface Connection extends EventTarget {
  readonly type?: string
}

/** As far as the browser knows; what reaches a computer is proof of more. */
export const hasNetwork = signal(navigator.onLine)

/** `hidden`: milliseconds for which nobody has looked at the page; Infinity where the network is another one. */
export function watchAttention(back: (hidden: number) => void, away: () => void): void {
  let hiddenAt = Date.now()
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) return back(Date.now() - hiddenAt)
    hiddenAt = Date.now()
    away()
  })
  addEventListener('pagehide', away)
  addEventListener('pageshow', ({ persisted }) => {
    // It was kept whole while another page was shown, and its connections were not.
    if (persisted) back(Number.POSITIVE_INFINITY)
  })
  addEventListener('offline', () => {
    hasNetwork.value = false
  })
  addEventListener('online', () => {
    hasNetwork.value = true
    back(Number.POSITIVE_INFINITY)
  })
  const { connection } = navigator as { connection?: Connection }
  let type = connection?.type
  // It also tells of each change of its speed.
  connection?.addEventListener('change', () => {
    if (connection.type === type) return
    type = connection.type
    back(Number.POSITIVE_INFINITY)
  })
}
