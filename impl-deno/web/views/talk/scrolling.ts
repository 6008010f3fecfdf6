// Keeps the newest in view while the person is there, and leaves them where they read otherwise.

import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'

/** Pixels above the end that still count as the end. */
const NEAR = 80

export function useScrolling() {
  const box = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const isAtEnd = useSignal(true)
  const size = useRef(0)
  /** Distance from the end, kept while older things come in above. */
  const kept = useRef<number | undefined>(undefined)

  const toEnd = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight
  }
  useLayoutEffect(() => {
    const [outer, inner] = [box.current, content.current]
    if (!outer || !inner) return
    toEnd()
    const grown = new ResizeObserver(() => {
      if (kept.current !== undefined) {
        outer.scrollTop = outer.scrollHeight - kept.current
        kept.current = undefined
      } else if (isAtEnd.peek()) toEnd()
    })
    grown.observe(inner)
    grown.observe(outer)
    return () => grown.disconnect()
  }, [])
  return {
    box,
    content,
    isAtEnd,
    toEnd,
    onScroll() {
      const outer = box.current
      if (!outer) return
      const { scrollHeight, scrollTop, clientHeight } = outer
      const isNear = scrollHeight - scrollTop - clientHeight < NEAR
      // Where the size has changed as well, it was not the person who scrolled.
      const isByPerson = size.current === scrollHeight - clientHeight
      size.current = scrollHeight - clientHeight
      if (isNear || isByPerson) isAtEnd.value = isNear
    },
    /** Something comes in above: what is seen now stays where it is. */
    keepPlace() {
      const outer = box.current
      if (outer) kept.current = outer.scrollHeight - outer.scrollTop
    },
  }
}
