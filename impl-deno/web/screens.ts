// `npm run screens`: a picture of every screen, at the size of a phone and of a desktop, in light and dark, into
// `docs/screens/`, and from some of them that of the README. With `--to FOLDER` there, and also at the other sizes that
// the design must bear; with `--only REGEX` of some screens alone.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { type Place, POSTER, poster, type Scheme, settled, sharpPicture } from './testing/poster.ts'
import { smallPicture } from './testing/small-picture.ts'
import { keepStill } from './testing/still.ts'
import { PHONE, type Stop, tour } from './testing/tour.ts'

interface Look {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly schemes: readonly Scheme[]
  /** Of the text, as the person may have set it. */
  readonly scale?: number
  /** The system gives the colours. */
  readonly forced?: boolean
}

const SCHEMES = ['light', 'dark'] as const
const KEPT: readonly Look[] = [
  { name: 'phone', ...PHONE, schemes: SCHEMES },
  { name: 'desktop', width: 1280, height: 800, schemes: SCHEMES },
]
const LOOKED_AT: readonly Look[] = [
  { name: 'small', width: 360, height: 640, schemes: ['light'] },
  { name: 'landscape', width: 844, height: 390, schemes: ['dark'] },
  { name: 'tablet', width: 820, height: 1180, schemes: ['light'] },
  { name: 'large-text', ...PHONE, schemes: ['light'], scale: 2 },
  { name: 'forced', ...PHONE, schemes: ['dark'], forced: true },
]

/** As it is drawn once nothing moves any more. */
async function show(tab: Page, { width, height, scale = 1, forced = false }: Look, scheme: Scheme): Promise<void> {
  await tab.setViewportSize({ width, height })
  const forcedColors = forced ? 'active' : 'none'
  await tab.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce', forcedColors })
  await tab.evaluate((percent) => {
    document.documentElement.style.fontSize = `${percent}%`
  }, scale * 100)
  await tab.mouse.move(0, 0)
}

const { values } = parseArgs({ options: { to: { type: 'string' }, only: { type: 'string', default: '' } } })
const docs = join(import.meta.dirname, '..', '..', 'docs')
const folder = values.to ?? join(docs, 'screens')
const looks = values.to === undefined ? KEPT : [...KEPT, ...LOOKED_AT]
const parts = { light: new Map<Place, Uint8Array>(), dark: new Map<Place, Uint8Array>() }

async function visit({ name, tab, arrange }: Stop): Promise<void> {
  if (!new RegExp(values.only).test(name)) return
  for (const look of looks) {
    for (const scheme of look.schemes) {
      await show(tab, look, scheme)
      await arrange?.()
      await settled(tab)
      const file = `${name}.${look.name}.${scheme}.png`
      writeFileSync(join(folder, file), smallPicture(await tab.screenshot({ animations: 'disabled' })))
    }
  }
  for (const { place, stop, ...size } of POSTER) {
    if (stop !== name) continue
    for (const scheme of SCHEMES) {
      await show(tab, { name, ...size, schemes: SCHEMES }, scheme)
      await arrange?.()
      parts[scheme].set(place, await sharpPicture(tab, size))
    }
  }
  await show(tab, { name, ...PHONE, schemes: SCHEMES }, 'light')
}

if (values.to === undefined && values.only === '') rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
await tour(visit, ({ context }) => keepStill(context))
for (const scheme of SCHEMES) {
  if (parts[scheme].size === POSTER.length) {
    const picture = await poster(parts[scheme], scheme)
    writeFileSync(join(values.to ?? docs, `poster.${scheme}.png`), smallPicture(picture))
  }
}
