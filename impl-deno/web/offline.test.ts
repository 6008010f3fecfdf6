// The page where there is no network, and where relay, agent or network go away and come back, in real Chromium.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { testPairs } from './testing/pairs.ts'
import { assertAccessible, startScene } from './testing/scene.ts'
import type { Site } from './testing/site.ts'
import { DRAFT, SHOWN, stored, until } from './testing/stored.ts'

const TIME = { timeout: 240_000 }
const END = 'This is the end of the story.'

async function give(tab: Page, prompt: string): Promise<void> {
  await tab.getByLabel('Prompt').fill(prompt)
  await tab.getByRole('button', { name: 'Send' }).click()
}

/** Resolves when the worker answers for this page. */
const isKept = (tab: Page) =>
  until(tab, () => navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null), undefined)

testPairs(
  'the page opens without a network and shows what it knew; what is given there is done once, later',
  TIME,
  async (scene) => {
    const { tab, site, context } = scene
    const atAgent = async () => (await tab.getByText('I change', { exact: false }).count()) as number
    await scene.pair()
    await give(tab, 'Tell me a story')
    await tab.getByText(END, { exact: false }).waitFor()
    await tab.locator('.delivery', { hasText: 'Done' }).waitFor()
    await isKept(tab)
    await stored(tab, SHOWN, 1)
    await tab.getByLabel('Prompt').fill('Say hello instead of hi')
    await stored(tab, DRAFT, 1)

    const startRelay = await scene.killRelay()
    await site.stop()
    await context.setOffline(true)
    await tab.reload()
    await tab.getByText(END, { exact: false }).waitFor()
    await tab.getByText('Offline, last heard').first().waitFor()
    await tab.getByText('This device has no network.', { exact: false }).waitFor()
    await assertAccessible(tab)
    assert.equal(await tab.getByLabel('Prompt').inputValue(), 'Say hello instead of hi')
    await tab.getByRole('button', { name: 'Send' }).click()
    await tab.locator('.delivery', { hasText: 'Waits to be sent' }).waitFor()
    await stored(tab, DRAFT, 0)
    await tab.reload()
    await tab.locator('.delivery', { hasText: 'Waits to be sent' }).waitFor()
    assert.equal(await tab.getByLabel('Prompt').inputValue(), '')

    await startRelay()
    await site.start()
    await context.setOffline(false)
    const ask = tab.getByRole('article', { name: 'Edit greeting.ts' })
    await ask.getByRole('button', { name: 'Allow once' }).click()
    await tab.getByText('The greeting is changed.').waitFor()
    await tab.getByText('Online, heard').first().waitFor()
    assert.equal(await tab.getByText('no network', { exact: false }).count(), 0)
    assert.equal(await tab.getByText('Say hello instead of hi').count(), 1)
    assert.equal(await atAgent(), 1)
  },
)

const hashOf = (bytes: Uint8Array): string => `sha384-${createHash('sha384').update(bytes).digest('base64')}`

/** Another page at the site, and a worker that knows it; without the second a server in the middle of an update. */
function change(site: Site, { isWhole }: { isWhole: boolean }): void {
  const before = site.files.get('/index.html') as Uint8Array
  const page = Buffer.from(
    Buffer.from(before).toString().replace('<title>', '<meta name="release" content="2"><title>'),
  )
  const worker = Buffer.from(site.files.get('/service-worker.js') as Uint8Array).toString()
  const name = /name:\s*"([\w-]{22})"/.exec(worker)?.[1] ?? ''
  site.files.set('/index.html', page)
  const other = worker.replaceAll(name, [...name].toReversed().join(''))
  site.files.set('/service-worker.js', Buffer.from(isWhole ? other.replaceAll(hashOf(before), hashOf(page)) : other))
}

const releaseOf = (tab: Page): Promise<string | null> =>
  tab.evaluate(() => document.querySelector('meta[name=release]')?.getAttribute('content') ?? null)

test('the page installs as an app, and a newer release is told and waits until it is asked for', TIME, async () => {
  const scene = await startScene()
  const { tab, site } = scene
  try {
    await tab.goto(site.url)
    const manifest = JSON.parse(Buffer.from(site.files.get('/manifest.webmanifest') as Uint8Array).toString())
    for (const { src, sizes } of manifest.icons as { src: string; sizes: string }[]) {
      const png = Buffer.from(site.files.get(`/${src}`) as Uint8Array)
      assert.equal(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`, sizes, src)
    }
    const devtools = await scene.context.newCDPSession(tab)
    assert.deepEqual((await devtools.send('Page.getInstallabilityErrors')).installabilityErrors, [])
    await isKept(tab)
    const look = () => tab.evaluate(() => navigator.serviceWorker.ready.then((kept) => kept.update()).catch(() => {}))

    // A server in the middle of an update gives no release.
    const whole = new Map(site.files)
    change(site, { isWhole: false })
    await look()
    const isQuiet = () => navigator.serviceWorker.ready.then(({ installing, waiting }) => !installing && !waiting)
    await until(tab, isQuiet, undefined)
    await tab.reload()
    await tab.getByRole('heading', { name: 'No computer yet' }).waitFor()
    assert.equal(await releaseOf(tab), null)

    for (const [path, bytes] of whole) site.files.set(path, bytes)
    change(site, { isWhole: true })
    await look()
    await tab.getByText('A newer version is here.').waitFor()
    await assertAccessible(tab)
    assert.equal(await releaseOf(tab), null)
    const other = await scene.newTab()
    await other.goto(site.url)
    await other.getByText('A newer version is here.').waitFor()
    assert.equal(await releaseOf(other), null)
    await other.close()
    await tab.getByRole('button', { name: 'Reload' }).click()
    await tab.waitForFunction(() => document.querySelector('meta[name=release]') !== null)
    assert.equal(await tab.getByText('A newer version is here.').count(), 0)
  } finally {
    await scene.close()
  }
})

testPairs(
  'network, relay and agent go and come back in the middle of an answer, and nothing is lost or doubled',
  TIME,
  async (scene) => {
    const { tab, door } = scene
    await scene.pair()
    await tab.getByText('Online, heard').first().waitFor()
    await give(tab, 'Tell me a story')
    await tab.getByText('Once upon a time', { exact: false }).waitFor()
    door.shut()
    await tab.getByText('No way to the relay').first().waitFor()
    door.open()
    // As a phone says that has a network again; before that the page waits for longer and longer.
    await tab.evaluate(() => dispatchEvent(new Event('online')))
    await tab.getByText(/Once upon a time.*This is the end of the story\./s).waitFor()
    await tab.locator('.delivery', { hasText: 'Done' }).waitFor()
    assert.equal(await tab.getByText('Once upon a time', { exact: false }).count(), 1)

    const startRelay = await scene.killRelay()
    await tab.getByText('No way to the relay').first().waitFor()
    await give(tab, 'One more story')
    await tab.locator('.delivery', { hasText: 'Waits to be sent' }).waitFor()
    await startRelay()
    await tab.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
    await tab.getByText(END, { exact: false }).nth(1).waitFor()

    const startAgent = await scene.killAgent()
    await tab.getByText('Away, last heard').first().waitFor()
    await give(tab, 'A last story')
    await tab.locator('.delivery', { hasText: 'Waits to be sent' }).waitFor()
    await startAgent()
    await tab.getByText(END, { exact: false }).nth(2).waitFor()
    assert.equal(await tab.getByText('A last story').count(), 1)
    await tab.getByText('Online, heard').first().waitFor()
  },
)
