// Of a long conversation only its newest part is in the page, so that a phone stays quick: what is older comes at a touch,
// and goes again when the person is back at the end.

import { useRef, useState } from 'preact/hooks'
import type { Entry } from '../../state/conversation.ts'

/** Entries that are shown, and those by which that may grow. */
const SHOWN = 150
const SLACK = 100

/** The place of the first entry that is shown, where `first` was it before. */
export function firstShown(count: number, first: number, isAtEnd: boolean): number {
  const isLong = count - first > SHOWN + SLACK
  return first < 0 || (isAtEnd && isLong) ? Math.max(0, count - SHOWN) : first
}

export function useWindow(entries: readonly Entry[], isAtEnd: boolean) {
  const present = useRef(entries)
  present.current = entries
  /** The key of the first that is shown. */
  const [first, setFirst] = useState<string>()
  const known = first === undefined ? -1 : entries.findIndex(({ key }) => key === first)
  const place = firstShown(entries.length, known, isAtEnd)
  const { key } = entries[place] ?? {}
  if (key !== first) setFirst(key)
  return {
    shown: entries.slice(place),
    /** Whether older ones are here. */
    hasMore: place > 0,
    /** Also such as have come since this was drawn. */
    showMore: () =>
      setFirst((before) => {
        const at = present.current.findIndex(({ key }) => key === before)
        return present.current[Math.max(0, at - SHOWN)]?.key
      }),
  }
}
