// Where the keyboard of a phone covers the page instead of making it smaller (iOS), the page takes the room that is left,
// so that what is typed into stays above it.

/** Pixels; what bars of the browser take is less. */
const LEAST = 120

export function followKeyboard(): void {
  const view = window.visualViewport
  if (!view) return
  const { style } = document.documentElement
  const fit = () => {
    const isCovered = view.scale === 1 && innerHeight - view.height > LEAST
    if (!isCovered) style.removeProperty('--room')
    else {
      style.setProperty('--room', `${view.height}px`)
      // It has been pushed up for the keyboard, and fits now.
      scrollTo(0, 0)
    }
  }
  view.addEventListener('resize', fit)
}
