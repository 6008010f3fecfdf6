// `npm run web:measure`: how long a person waits for the page. From a code that was read to the prompt of the first shell,
// on this machine, with consent and digits given at once; and until the page is painted on a slow phone with a slow
// network, as a relay serves it. Each time a browser without cache and keys. And how long a look for a code holds the page up.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CDPSession, Page } from 'playwright-core'
import { release } from './build.ts'
import { startChromium } from './testing/chromium.ts'
import { lookTimes } from './testing/looks.ts'
import { Program, type Runtime } from './testing/program.ts'
import { startAgent } from './testing/scene.ts'

const ROUNDS = 7
const LOOKS = 50
const PHONE = { width: 390, height: 844 }
/** Of a mid-range phone: so many times slower than here. */
const SLOWER = 4
/** Chromium's "Slow 4G": 1.6 Mbit/s, 750 kbit/s up, 150 ms. */
const NETWORK = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 }

/** A tab of a browser that has nothing of the page. */
async function asNew(tab: Page, cdp: CDPSession, url: string): Promise<void> {
  await tab.goto('about:blank')
  await cdp.send('Network.clearBrowserCache')
  await cdp.send('Storage.clearDataForOrigin', { origin: new URL(url).origin, storageTypes: 'all' })
}

/** Milliseconds since the code was read, when the page shows each of these. */
interface Way {
  readonly digits: number
  readonly paired: number
  readonly prompt: number
}

/** Does in the page what a person does, without a person's pauses. */
function goThrough(): Promise<Way> {
  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const observer = new MutationObserver(() => check())
      const check = () => {
        const found = look()
        if (found === undefined) return
        observer.disconnect()
        resolve(found)
      }
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
      check()
    })
  const touch = async (text: string) => {
    const named = () =>
      [...document.querySelectorAll<HTMLElement>('button, a')].find(({ textContent }) => textContent?.trim() === text)
    ;(await until(named)).click()
  }
  const { typeDigits } = globalThis as unknown as { typeDigits(digits: string): Promise<void> }
  const go = async () => {
    const began = performance.now()
    await touch('Continue')
    await touch('Pair')
    const shown = await until(() => document.querySelector('.digits')?.textContent ?? undefined)
    const digits = performance.now() - began
    await typeDigits(shown)
    await touch('Open')
    const paired = performance.now() - began
    await touch('Terminal')
    await touch('New terminal')
    await until(() => (/[$#>]\s*$/.test(document.querySelector('.xterm-rows')?.textContent ?? '') ? true : undefined))
    return { digits, paired, prompt: performance.now() - began }
  }
  return go()
}

async function ways(runtime: Runtime, site: string): Promise<Way[]> {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-measure-'))
  const relay = new Program('relay', ['--port', '0', '--web', site], [], runtime)
  const { url, port } = await relay.line('listening')
  const agent = startAgent({ relayUrl: String(url).replace(/\/v1$/, ''), workspace: folder, options: [], runtime })
  const { context, close } = await startChromium()
  try {
    const [tab] = context.pages() as [Page]
    const cdp = await context.newCDPSession(tab)
    await tab.setViewportSize(PHONE)
    let round = 0
    await tab.exposeFunction('typeDigits', async (digits: string) => {
      await agent.line('digits', round)
      agent.type(digits.replaceAll(/\D/g, ''))
    })
    const gone: Way[] = []
    for (round = 1; round <= ROUNDS; round++) {
      const page = `http://127.0.0.1:${port}/`
      await asNew(tab, cdp, page)
      agent.type('pair')
      const { uri } = await agent.line('offer', round)
      await tab.goto(`${page}#/pair`)
      await tab.getByLabel('Pairing code or link').fill(String(uri))
      gone.push(await tab.evaluate(goThrough))
      await agent.line('paired', round)
    }
    return gone
  } finally {
    await close()
    await agent.stop()
    await relay.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Milliseconds to the first paint with content, and until the page can be used. */
async function paintTimes(runtime: Runtime, site: string): Promise<{ painted: number[]; usable: number[] }> {
  const relay = new Program('relay', ['--port', '0', '--web', site], [], runtime)
  const { port } = await relay.line('listening')
  const { context, close } = await startChromium()
  try {
    const [tab] = context.pages() as [Page]
    const cdp = await context.newCDPSession(tab)
    await tab.setViewportSize(PHONE)
    await cdp.send('Network.enable')
    const [painted, usable]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      const page = `http://127.0.0.1:${port}/`
      await asNew(tab, cdp, page)
      await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
      await cdp.send('Network.emulateNetworkConditions', NETWORK)
      await tab.goto(page)
      await tab.getByRole('link', { name: 'Pair a computer' }).waitFor()
      const [paint, whole] = await tab.evaluate(() => [
        performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
        performance.now(),
      ])
      painted.push(paint as number)
      usable.push(whole as number)
      await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    }
    return { painted, usable }
  } finally {
    await close()
    await relay.stop()
  }
}

function told(what: string, times: readonly number[], goal = ''): void {
  const sorted = times.toSorted((a, b) => a - b)
  const last = sorted.length - 1
  const [least, middle, most] = [0, 0.5, 1].map((part) => Math.round(sorted[Math.floor(part * last)] ?? NaN))
  console.log(`${what.padEnd(52)} ${String(middle).padStart(6)} ms  (${least} to ${most} in ${last + 1})  ${goal}`)
}

const site = mkdtempSync(join(tmpdir(), 'happy-remote-measured-'))
const home = mkdtempSync(join(tmpdir(), 'happy-remote-measured-home-'))
// What a person's shell does at its start is not ours.
process.env.HOME = home
try {
  told('one look for a code on a slow phone', await lookTimes(LOOKS, SLOWER), 'goal 50')
  await release(site)
  for (const runtime of ['node', 'deno'] as const) {
    const name = runtime === 'node' ? 'Node' : 'Deno'
    const gone = await ways(runtime, site)
    const to = (stop: keyof Way) => gone.map((way) => way[stop])
    told(`code read to shell prompt, ${name} agent and relay`, to('prompt'), 'goal 1000')
    told('  of that to the digits', to('digits'))
    told('  and to the word that it is paired', to('paired'))
    const { painted, usable } = await paintTimes(runtime, site)
    told(`first paint on a slow phone, ${name} relay`, painted, 'goal 2000')
    told(`page usable on a slow phone, ${name} relay`, usable)
  }
} finally {
  for (const folder of [site, home]) rmSync(folder, { recursive: true, force: true })
}
