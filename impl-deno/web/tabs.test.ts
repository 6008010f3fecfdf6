// Several tabs of the page in real Chromium: one holds the keys, the others follow it.

import assert from 'node:assert/strict'
import { testPairs } from './testing/pairs.ts'
import { assertAccessible } from './testing/scene.ts'

const TIME = { timeout: 240_000 }

testPairs(
  'a second tab follows the first live, acts through it, and holds the keys when that one is closed',
  TIME,
  async (scene) => {
    const { tab, site } = scene
    await scene.pair()
    await tab.getByLabel('Prompt').fill('Tell me a story')
    await tab.getByRole('button', { name: 'Send' }).click()
    await tab.getByText('Once upon a time', { exact: false }).waitFor()

    // Has the keys between two that use them, and does nothing: nobody answers the tab that follows until it is closed.
    const between = await scene.newTab()
    await between.goto(`${site.url}icon.svg`)
    await between.evaluate(() => {
      void navigator.locks.request('happy-remote', () => new Promise(() => {}))
    })
    const other = await scene.newTab()
    await other.goto(site.url)
    await other.getByRole('link', { name: 'desk' }).click()
    await other.getByText('Once upon a time', { exact: false }).waitFor()
    for (const one of [tab, other]) await one.getByText('This is the end of the story.', { exact: false }).waitFor()
    await other.getByText('Online, heard').first().waitFor()

    await other.getByLabel('Prompt').fill('Say hello instead of hi')
    await other.getByRole('button', { name: 'Send' }).click()
    for (const one of [tab, other]) await one.getByRole('article', { name: 'Edit greeting.ts' }).waitFor()
    await other.getByRole('button', { name: 'Allow once' }).click()
    for (const one of [tab, other]) {
      await one.getByText('The greeting is changed.').waitFor()
      await one.getByText('Allowed by this device').waitFor()
      assert.equal(await one.getByRole('article', { name: 'Edit greeting.ts' }).count(), 0)
      assert.equal(await one.getByText('Say hello instead of hi').count(), 1)
    }
    await other.getByRole('link', { name: 'Terminal' }).click()
    await other.getByText('The terminals are open in another tab', { exact: false }).waitFor()
    await assertAccessible(other)
    await other.getByRole('link', { name: 'Talk' }).click()

    await other.getByLabel('Prompt').fill('Now push it')
    await tab.close()
    await other.getByRole('button', { name: 'Send' }).click()
    await other.getByLabel('Prompt').fill('And then ask me')
    await between.close()
    // It reaches the relay by itself, with what was given when no other did.
    await other.getByRole('article', { name: 'Run `git push --force origin main`' }).waitFor()
    assert.equal(await other.getByText('Now push it').count(), 1)
    assert.equal(await other.getByLabel('Prompt').inputValue(), 'And then ask me')
    await other.getByRole('link', { name: 'Terminal' }).click()
    await other.getByRole('button', { name: 'New terminal' }).waitFor()
  },
)

testPairs(
  'a tab takes the keys when its person wants to use it, and the one that had them follows',
  TIME,
  async (scene) => {
    const { tab, site } = scene
    await scene.pair()
    const [other, third] = [await scene.newTab(), await scene.newTab()]
    for (const one of [other, third]) {
      await one.goto(site.url)
      await one.getByRole('link', { name: 'desk' }).waitFor()
    }
    await third.goto(`${site.url}#/pair`)
    await third.getByRole('heading', { name: 'Open in another tab' }).waitFor()
    await third.getByRole('button', { name: 'Use it here' }).click()
    await third.getByLabel('Pairing code or link').waitFor()
    for (const one of [tab, other]) {
      await one.goto(`${site.url}#/pair`)
      await one.getByRole('heading', { name: 'Open in another tab' }).waitFor()
      await one.getByText('Online, heard').first().waitFor()
    }
  },
)
