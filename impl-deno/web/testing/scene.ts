// A browser on the page, a relay, and an agent whose assistant follows a script. What the page must never do fails the
// test that uses it: an error, something that its Content-Security-Policy forbids.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { startChromium } from './chromium.ts'
import { Program } from './program.ts'
import { type Site, startSite } from './site.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SCRIPT = new URL('./assistant.script.json', import.meta.url).pathname
const ASSISTANT = new URL('../../../conformance/assistants/acp.ts', import.meta.url).pathname

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}
declare const axeOf: { run(options: object): Promise<{ violations: Violation[] }> }

export interface Scene {
  readonly site: Site
  readonly context: BrowserContext
  readonly tab: Page
  readonly agent: Program
  readonly workspace: string
  newTab(): Promise<Page>
  /** Kills the agent, and resolves with a function that starts it again. */
  killAgent(): Promise<() => Promise<void>>
  /** Goes through all screens of a pairing with a code; the tab is then at the conversation. */
  pair(): Promise<void>
  close(): Promise<void>
}

/** No rule of axe-core is broken by what the tab shows. */
export async function assertAccessible(tab: Page): Promise<void> {
  const { violations } = await tab.evaluate(() =>
    (globalThis as unknown as { axe: typeof axeOf }).axe.run({ resultTypes: ['violations'] }),
  )
  const told = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
  assert.deepEqual(told, [])
}

/** `grant`: what the device may do; what an agent grants by itself where it is absent. */
export async function startScene({ grant }: { grant?: string } = {}): Promise<Scene> {
  const workspace = mkdtempSync(join(tmpdir(), 'happy-remote-web-'))
  const relay = new Program('relay', ['--port', '0'])
  const [site, browser, { url }] = await Promise.all([startSite(), startChromium(), relay.line('listening')])
  const options = ['--relay', String(url).replace(/\/v1$/, ''), '--workspace', workspace, '--name', 'desk']
  if (grant !== undefined) options.push('--grant', grant)
  const assistant = ['--assistant', 'acp', '--', process.execPath, ASSISTANT, '--script', SCRIPT]
  const startAgent = (...more: string[]) =>
    new Program('agent', [...options, '--state', join(workspace, '.state'), ...more], assistant)
  let agent = startAgent('--pair')
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
      if (message.type() === 'error' && !message.text().startsWith('WebSocket connection')) wrong.push(message.text())
    })
    return tab
  }
  const newTab = async () => watch(await context.newPage())
  const tab = watch(context.pages()[0] ?? (await context.newPage()))
  return {
    ...{ site, context, tab, workspace, newTab },
    get agent() {
      return agent
    },
    async killAgent() {
      await agent.stop('SIGKILL')
      return async () => {
        agent = startAgent()
        await agent.line('started')
      }
    },
    async pair() {
      const { uri } = await agent.line('offer')
      await tab.goto(site.url)
      await tab.getByRole('link', { name: 'Pair a computer' }).click()
      await tab.getByLabel('Pairing code or link').fill(String(uri))
      await tab.getByRole('button', { name: 'Continue' }).click()
      await tab.getByRole('button', { name: 'Pair', exact: true }).click()
      await agent.line('digits')
      agent.type(await digitsOn(tab))
      await tab.getByRole('button', { name: 'Open' }).click()
    },
    async close() {
      await browser.close()
      await agent.stop()
      await relay.stop()
      site.close()
      rmSync(workspace, { recursive: true, force: true })
      assert.deepEqual(wrong, [])
    },
  }
}

export const digitsOn = async (tab: Page): Promise<string> =>
  ((await tab.locator('.digits').textContent()) ?? '').replaceAll(/\D/g, '')
