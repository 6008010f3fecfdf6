// The focus of a keyboard, and with it the place of a screen reader, does not fall out of the page when what had it goes
// away, or can be used no more: it goes to the nearest that is left.

/** What can have the focus without being something to do: a part that scrolls, a heading. */
const PLACE = '[tabindex]'

/** The nearest place around `lost` and outwards, or in the part of the page that it was in. */
function nearest(around: readonly Element[]): HTMLElement | undefined {
  for (const element of around) {
    if (!element.isConnected) continue
    const found = element.matches(PLACE) ? element : element.querySelector(`:is(h1, h2)${PLACE}`)
    if (found instanceof HTMLElement) return found
  }
  return undefined
}

export function keepFocus(): void {
  /** What had the focus, and all that it is in, from the inside outwards. */
  let around: Element[] = []
  let isAsked = false
  addEventListener('focusin', ({ target }) => {
    around = []
    for (let at = target as Element | null; at; at = at.parentElement) around.push(at)
  })
  const look = () => {
    isAsked = false
    const [lost] = around
    if (!lost || document.activeElement !== document.body) return
    // Whoever touches beside it has left it.
    if (lost.isConnected && !lost.matches(':disabled') && lost.checkVisibility()) return
    nearest(around.slice(1))?.focus({ preventScroll: true })
  }
  // Behind what a view does for the focus by itself.
  const ask = () => {
    if (isAsked) return
    isAsked = true
    requestAnimationFrame(() => setTimeout(look))
  }
  const watched = { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled'] }
  new MutationObserver(ask).observe(document.body, watched)
}
