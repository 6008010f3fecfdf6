// Every screen in light and dark, on a phone and on a desktop: no rule of axe-core is broken, whatever is touched is large
// enough for a finger, and nothing runs out of the page or is squeezed, also on a small phone, a phone on its side, a tablet
// and with large text.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { assertAccessible } from '../testing/scene.ts'
import { PHONE, type Stop, tour } from '../testing/tour.ts'

const DESKTOP = { width: 1280, height: 800 }
const SMALL = { width: 360, height: 640 }
const OTHERS = [SMALL, { width: 844, height: 390 }, { width: 820, height: 1180 }]
/** In the browser: what is touched, but for links within a text and what cannot be seen. */
const TOUCHED = 'a[href], button, input, textarea, select, summary'

const tooSmall = (tab: Page): Promise<string[]> =>
  tab.locator(TOUCHED).evaluateAll((all) =>
    all.flatMap((element) => {
      // A finger may touch the whole label of a box.
      const touched = element.matches('[type=checkbox], [type=radio]') ? (element.closest('label') ?? element) : element
      const { width, height } = touched.getBoundingClientRect()
      const isSeen = element.checkVisibility({ visibilityProperty: true }) && width > 1
      if (!isSeen || element.closest('.markdown p, .markdown li, .xterm')) return []
      const name = element.getAttribute('aria-label') ?? element.textContent
      return width < 43.9 || height < 43.9 ? [`${name}: ${Math.round(width)} × ${Math.round(height)}`] : []
    }),
  )

/** Scrolls to the side where it does not fit; a terminal does until the computer has taken its new size. */
const SIDEWAYS = 'pre, textarea, .table, .sections, .crumbs, .terminal-list, .keys, .terminal-screen'

/** What runs out of the page, where only its parts may scroll, and what has room for no more than a letter or two. */
const misfits = (tab: Page): Promise<string[]> =>
  tab.evaluate((sideways) => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement
    const found = scrollWidth > clientWidth || scrollHeight > clientHeight ? ['runs out of the page'] : []
    for (const element of document.querySelectorAll<HTMLElement>('body *:not(.visually-hidden, .xterm *)')) {
      const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim())
      const isField = element.matches('textarea, input[type=text]')
      const { scrollWidth: needed, clientWidth: given } = element
      const mayScroll = element.closest(sideways) !== null
      const isCut = getComputedStyle(element).overflowX === 'hidden'
      if (given > 0 && needed > given + 1 && !isCut && !mayScroll)
        found.push(`${element.className}: needs ${needed}, and has ${given}`)
      if (!(hasText || isField) || !element.checkVisibility({ visibilityProperty: true })) continue
      const { width, height, right } = element.getBoundingClientRect()
      const size = Number.parseFloat(getComputedStyle(element).fontSize)
      const name = element.getAttribute('aria-label') ?? (element.textContent || element.id)
      if (right > clientWidth + 1 && !mayScroll) found.push(`${name}: ends at ${Math.round(right)}`)
      if (width < 3 * size && height > 4 * size) found.push(`${name}: ${Math.round(width)} × ${Math.round(height)}`)
    }
    return found
  }, SIDEWAYS)

/** All that is wrong at one screen. */
async function faultsOf({ name, tab, arrange }: Stop): Promise<string[]> {
  const faults: string[] = []
  const note = (size: { width: number }, found: readonly string[]) =>
    faults.push(...found.map((fault) => `${name} at ${size.width}: ${fault}`))
  const asksAxe = (rules?: readonly string[]) =>
    assertAccessible(tab, rules).then(
      () => [],
      ({ actual }: { actual: string[] }) => actual,
    )
  for (const size of [PHONE, DESKTOP]) {
    await tab.setViewportSize(size)
    await tab.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
    await arrange?.()
    note(size, await asksAxe())
    note(size, await tooSmall(tab))
    await tab.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
    note(size, await asksAxe(['color-contrast']))
  }
  for (const size of OTHERS) {
    await tab.setViewportSize(size)
    note(size, await misfits(tab))
  }
  await tab.setViewportSize(PHONE)
  await tab.evaluate("document.documentElement.style.fontSize = '200%'")
  const withLargeText = await misfits(tab)
  faults.push(...withLargeText.map((fault) => `${name} with large text: ${fault}`))
  await tab.evaluate("document.documentElement.style.fontSize = ''")
  return faults
}

test('every screen is there for everyone, on a phone and on a desktop, in light and dark', {
  timeout: 600_000,
}, async () => {
  const faults: string[] = []
  await tour(async (stop) => {
    faults.push(...(await faultsOf(stop)))
  })
  assert.deepEqual(faults, [])
})
