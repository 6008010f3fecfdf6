// Where the keyboard and a screen reader go when another screen is shown.

import { useEffect, useRef } from 'preact/hooks'

/** Of the heading of a screen: takes the focus when the screen appears, or when `what` changes; not where `isShown` is not. */
export function useFocus<T extends HTMLElement>(what?: unknown, isShown = true) {
  const heading = useRef<T>(null)
  useEffect(() => {
    if (isShown) heading.current?.focus({ preventScroll: true })
  }, [what, isShown])
  return heading
}

/** As the `ref` of what stands in the place of what was touched: takes the focus when it appears. */
export const takeFocus = (element: HTMLElement | null): void => element?.focus()
