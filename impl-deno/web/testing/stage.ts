// A browser on the page, and a relay. What the page must never do fails the test that uses it: an error, a warning of the
// browser, something that its Content-Security-Policy forbids.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterEach } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { startChromium } from './chromium.ts'
import { type Door, startDoor } from './door.ts'
import { Program, type Runtime } from './program.ts'
import { type Site, startSite } from './site.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What was shown when the test came to its end: of one that fails, on standard error. */
let shown: string[] = []
afterEach((test) => {
  if ('passed' in test && !test.passed) for (const text of shown) process.stderr.write(`${test.name}:\n${text}\n\n`)
  shown = []
})

/** As a screen reader would find it; of a page that does not answer, nothing. */
const look = (tab: Page): Promise<string> =>
  tab
    .locator('body')
    .ariaSnapshot({ timeout: 1_000 })
    .catch(() => '')

export interface Stage {
  readonly site: Site
  readonly context: BrowserContext
  readonly tab: Page
  readonly relay: Program
  /** As an agent is told of it. */
  readonly relayUrl: string
  /** In front of the relay. */
  readonly door: Door
  /** Kills the relay, and resolves with a function that starts another one behind the same door. */
  killRelay(): Promise<() => Promise<void>>
  newTab(): Promise<Page>
  /** Notes what is shown, before what it shows ends. */
  look(): Promise<void>
  close(): Promise<void>
}

export interface StageOptions {
  /** Which implementation the relay is. */
  readonly relay?: Runtime | undefined
  /** More flags of Chromium. */
  readonly flags?: readonly string[]
}

export async function startStage({ relay: runtime, flags }: StageOptions = {}): Promise<Stage> {
  let port = 0
  const door = await startDoor(() => port)
  const relayUrl = `ws://127.0.0.1:${door.port}`
  const startRelay = () => new Program('relay', ['--port', '0', '--origin', relayUrl], [], runtime)
  let relay = startRelay()
  const [site, browser, listening] = await Promise.all([startSite(), startChromium(flags), relay.line('listening')])
  port = Number(listening.port)
  const { context } = browser
  const wrong: string[] = []
  await context.addInitScript({ content: axe })
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) =>
      console.error(`violation of ${violatedDirective} by ${blockedURI} in ${sourceFile}`),
    )
  })
  const watch = (tab: Page) => {
    tab.setDefaultTimeout(60_000)
    tab.on('pageerror', ({ message }) => wrong.push(message))
    tab.on('console', (message) => {
      const isTold = message.type() === 'error' || message.type() === 'warning'
      if (isTold && !message.text().startsWith('WebSocket connection')) wrong.push(message.text())
    })
    return tab
  }
  let isNoted = false
  const lookAtAll = async () => {
    if (isNoted) return
    isNoted = true
    shown.push(...(await Promise.all(context.pages().map(look))))
  }
  return {
    ...{ site, context, relayUrl, door },
    get relay() {
      return relay
    },
    async killRelay() {
      await relay.stop('SIGKILL')
      return async () => {
        relay = startRelay()
        port = Number((await relay.line('listening')).port)
      }
    },
    tab: watch(context.pages()[0] ?? (await context.newPage())),
    newTab: async () => watch(await context.newPage()),
    look: lookAtAll,
    async close() {
      await lookAtAll()
      await browser.close()
      await relay.stop()
      await door.close()
      site.close()
      assert.deepEqual(wrong, [])
    },
  }
}
