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
  /** While older things come in above, or the person unfolds something. */
  const kept = useRef<Place | undefined>(undefined)

  const keep = (element: Element | null | undefined) => {
    kept.current = element ? { element, top: element.getBoundingClientRect().top } : undefined
  }
  const isNearEnd = ({ scrollHeight, scrollTop, clientHeight }: Element) =>
    scrollHeight - scrollTop - clientHeight < NEAR
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
        isAtEnd.value = isNearEnd(outer)
        if (isAtEnd.peek()) keep(undefined)
      } else if (isAtEnd.peek()) toEnd()
    })
    grown.observe(inner)
    grown.observe(outer)
    const unfolds = ({ target }: Event) => {
      const summary = (target as Element).closest('summary')
      if (summary) keep(summary)
    }
    inner.addEventListener('click', unfolds)
    return () => {
      grown.disconnect()
      inner.removeEventListener('click', unfolds)
    }
  }, [])
  return {
    box,
    content,
    isAtEnd,
    toEnd,
    onScroll() {
      const outer = box.current
      if (!outer) return
      const { scrollHeight, clientHeight } = outer
      const isNear = isNearEnd(outer)
      // Where the size has changed as well, it was not the person who scrolled.
      const isByPerson = size.current === scrollHeight - clientHeight
      size.current = scrollHeight - clientHeight
      if (isByPerson) keep(undefined)
      if (isNear || isByPerson) isAtEnd.value = isNear
    },
    /** Something comes in above: what is seen now stays where it is. */
    keepPlace() {
      const top = box.current?.getBoundingClientRect().top ?? 0
      const all = content.current?.querySelectorAll('.entry') ?? []
      keep(Array.from(all).find((one) => one.getBoundingClientRect().bottom > top))
    },
  }
}
