// How long one look for a code takes in the page, in a picture without one: that is where the decoder looks longest.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Look, lookAt } from '../views/pair/look.ts'
import { startChromium } from './chromium.ts'

const [WIDTH, HEIGHT] = [1_280, 720]
const SITE = 'http://looks.test/'
const decoder = createRequire(import.meta.url).resolve('qr/decode.js')

interface Decoder {
  readonly BarcodeDetector: new () => { detect(picture: ImageData): Promise<readonly object[]> }
}

/** In the browser. */
async function times([look, rounds, width, height, site]: [Look, number, number, number, string]): Promise<number[]> {
  const { BarcodeDetector } = (await import(`${site}decode.js`)) as Decoder
  const detector = new BarcodeDetector()
  const [source, seen] = [document.createElement('canvas'), document.createElement('canvas')]
  Object.assign(source, { width, height })
  Object.assign(seen, { width: look.columns, height: look.rows })
  const drawing = source.getContext('2d') as CanvasRenderingContext2D
  const looking = seen.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D
  const image = drawing.createImageData(width, height)
  let state = 1
  for (let i = 0; i < width * height; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    const [x, y] = [i % width, Math.floor(i / width)]
    const grey = 70 + 40 * Math.sin(x / 37) * Math.cos(y / 29) + ((state >> 16) % 48) - 24
    image.data.set([grey, grey, grey, 255], 4 * i)
  }
  drawing.putImageData(image, 0, 0)
  const taken: number[] = []
  for (let round = 0; round < rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 80))
    const began = performance.now()
    looking.drawImage(source, look.x, look.y, look.width, look.height, 0, 0, look.columns, look.rows)
    await detector.detect(looking.getImageData(0, 0, look.columns, look.rows))
    taken.push(performance.now() - began)
  }
  return taken
}

/** Milliseconds of so many looks at 1280 × 720, half of them at the middle, on a processor that is so many times slower. */
export async function lookTimes(rounds: number, slower: number): Promise<number[]> {
  const { context, close } = await startChromium()
  try {
    const tab = context.pages()[0] ?? (await context.newPage())
    await tab.route(`${SITE}**`, (route) => {
      const name = route.request().url().slice(SITE.length)
      if (name === '') return route.fulfill({ contentType: 'text/html', body: '<!doctype html>' })
      return route.fulfill({ contentType: 'text/javascript', body: readFileSync(join(dirname(decoder), name), 'utf8') })
    })
    await tab.goto(SITE)
    await (await context.newCDPSession(tab)).send('Emulation.setCPUThrottlingRate', { rate: slower })
    const taken: number[] = []
    for (const turn of [0, 1]) {
      const look = lookAt(WIDTH, HEIGHT, turn)
      taken.push(
        ...(await tab.evaluate(times, [look, rounds / 2, WIDTH, HEIGHT, SITE] as [
          Look,
          number,
          number,
          number,
          string,
        ])),
      )
    }
    return taken
  } finally {
    await close()
  }
}
