// Keeps the newest in view while the person is there, and leaves them where they read otherwise.

import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'

/** Pixels above the end that still count as the end. */
const NEAR = 80

/** What the person looks at, and where it stood. */
interface Place {
  readonly element: Element
  readonly top: number
}

export function useScrolling() {
  const box = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const isAtEnd = useSignal(true)
  const size = useRef(0)
  /** While older things come in above. */
  const kept = useRef<Place | undefined>(undefined)

  const toEnd = () => {
    isAtEnd.value = true
    if (box.current) box.current.scrollTop = box.current.scrollHeight
  }
  useLayoutEffect(() => {
    const [outer, inner] = [box.current, content.current]
    if (!outer || !inner) return
    toEnd()
    const grown = new ResizeObserver(() => {
      const place = kept.current
      if (place?.element.isConnected) {
        // Nothing where the browser has kept it by itself.
        outer.scrollTop += place.element.getBoundingClientRect().top - place.top
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
      if (isByPerson) kept.current = undefined
      if (isNear || isByPerson) isAtEnd.value = isNear
    },
    /** Something comes in above: what is seen now stays where it is. */
    keepPlace() {
      const top = box.current?.getBoundingClientRect().top ?? 0
      const all = content.current?.querySelectorAll('.entry') ?? []
      const element = Array.from(all).find((one) => one.getBoundingClientRect().bottom > top)
      kept.current = element && { element, top: element.getBoundingClientRect().top }
    },
  }
}
