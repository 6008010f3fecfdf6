// The picture of the README: a desktop between two phones, put together by the browser itself.

import type { Page } from 'playwright-core'
import { startChromium } from './chromium.ts'

export type Scheme = 'light' | 'dark'
export type Place = 'left' | 'middle' | 'right'

interface Size {
  readonly width: number
  readonly height: number
}

/** What stands where: the name of a stop of the tour, and the size at which it is seen there. */
export const POSTER: readonly (Size & { readonly place: Place; readonly stop: string })[] = [
  { place: 'left', stop: 'approval', width: 390, height: 844 },
  { place: 'middle', stop: 'talk', width: 1280, height: 800 },
  { place: 'right', stop: 'terminal', width: 390, height: 844 },
]

const [WIDTH, HEIGHT] = [1160, 600]
/** Pixels for each of them: sharp where the README is shown, and no more. */
const SHARPNESS = 2

const STYLE = `
  body { margin: 0; width: ${WIDTH}px; height: ${HEIGHT}px; position: relative; }
  img { position: absolute; border: 1px solid light-dark(#c9c4b7, #454b45); box-sizing: border-box;
    box-shadow: 0 12px 32px rgb(0 0 0 / 22%); }
  .middle { left: 156px; top: 0; width: 768px; height: 480px; border-radius: 12px; }
  .left, .right { bottom: 20px; width: 234px; height: 506.4px; border-radius: 24px; }
  .left { left: 30px; }
  .right { right: 30px; }
`

/** What the tab shows, at that size and finer than its own pixels; its ground is transparent where nothing is. */
export async function sharpPicture(tab: Page, { width, height }: Size): Promise<Uint8Array> {
  const protocol = await tab.context().newCDPSession(tab)
  const metrics = { width, height, deviceScaleFactor: SHARPNESS, mobile: false }
  await protocol.send('Emulation.setDeviceMetricsOverride', metrics)
  await protocol.send('Emulation.setDefaultBackgroundColorOverride', { color: { r: 0, g: 0, b: 0, a: 0 } })
  await settled(tab)
  const { data } = await protocol.send('Page.captureScreenshot', { format: 'png' })
  await protocol.send('Emulation.setDefaultBackgroundColorOverride')
  await protocol.detach()
  return Buffer.from(data, 'base64')
}

/** Resolves once nothing that was asked for is still to be drawn. */
export const settled = (tab: Page): Promise<void> =>
  tab.evaluate(async () => {
    await document.fonts.ready
    for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve))
  })

/** `pictures` by their places. Resolves with a PNG. */
export async function poster(pictures: ReadonlyMap<Place, Uint8Array>, scheme: Scheme): Promise<Uint8Array> {
  const browser = await startChromium()
  try {
    const tab = await browser.context.newPage()
    const images = (['middle', 'left', 'right'] as const).map((place) => {
      const data = Buffer.from(pictures.get(place) ?? new Uint8Array()).toString('base64')
      return `<img class="${place}" alt="" src="data:image/png;base64,${data}">`
    })
    await tab.setContent(`<style>:root { color-scheme: ${scheme}; } ${STYLE}</style>${images.join('')}`)
    await tab.evaluate(() => Promise.all([...document.images].map((image) => image.decode())))
    return await sharpPicture(tab, { width: WIDTH, height: HEIGHT })
  } finally {
    await browser.close()
  }
}
