// Where the keyboard and a screen reader go when another screen is shown.

import { useEffect, useRef } from 'preact/hooks'

/** Of the heading of a screen: takes the focus when the screen appears, or when `what` changes. */
export function useFocus<T extends HTMLElement>(what?: unknown) {
  const heading = useRef<T>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [what])
  return heading
}
