// `node impl-deno/web/icons.ts`: the icons of the installed app, drawn from `public/icon.svg` by Chromium. They are committed;
// it is run again when the drawing changes.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChromium } from './testing/chromium.ts'

const PUBLIC = join(import.meta.dirname, 'public')

/** Where nobody else cuts them the corners are round. */
const ICONS = [
  { file: 'icon-192.png', size: 192, corner: 0.22 },
  { file: 'icon-512.png', size: 512, corner: 0.22 },
  { file: 'icon-maskable-512.png', size: 512, corner: 0 },
  { file: 'apple-touch-icon.png', size: 180, corner: 0 },
]

const drawing = readFileSync(join(PUBLIC, 'icon.svg')).toString('base64')
const { context, close } = await startChromium()
const tab = await context.newPage()
for (const { file, size, corner } of ICONS) {
  await tab.setViewportSize({ width: size, height: size })
  await tab.setContent(
    `<body style="margin:0"><img src="data:image/svg+xml;base64,${drawing}"
      style="display:block;width:${size}px;height:${size}px;border-radius:${size * corner}px">`,
  )
  await tab.locator('img').evaluate((img: HTMLImageElement) => img.decode())
  await tab.screenshot({ path: join(PUBLIC, file), omitBackground: true })
  console.log(`${file}  ${size} × ${size}`)
}
await close()
