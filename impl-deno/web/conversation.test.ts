// A conversation in real Chromium, with a Node agent whose assistant follows a script.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { give } from './testing/acts.ts'
import { assertAccessible, startScene } from './testing/scene.ts'

const TIME = { timeout: 240_000 }

/** As the keyboard of a phone does that covers the page. */
async function coverHalf(tab: Page): Promise<void> {
  await tab.getByLabel('Prompt').waitFor()
  await tab.evaluate(() => {
    Object.defineProperty(visualViewport, 'height', { value: innerHeight / 2, configurable: true })
    visualViewport?.dispatchEvent(new Event('resize'))
  })
  const { y = 0, height = 0 } = (await tab.getByLabel('Prompt').boundingBox()) ?? {}
  assert.ok(y > 0 && y + height <= (tab.viewportSize()?.height ?? 0) / 2, `${y} + ${height}`)
  await tab.evaluate(() => {
    Object.defineProperty(visualViewport, 'height', { value: innerHeight, configurable: true })
    visualViewport?.dispatchEvent(new Event('resize'))
  })
}

test(
  'a prompt streams Markdown, an edit is shown as a diff and allowed, and a push is denied with a note',
  TIME,
  async () => {
    const scene = await startScene()
    const { tab } = scene
    try {
      await scene.pair()
      await give(tab, 'Say hello instead of hi')
      await tab.getByRole('heading', { name: 'The plan' }).waitFor()
      const ask = tab.getByRole('article', { name: 'Edit greeting.ts' })
      await ask.getByText("-export const greeting = 'Hi'").waitFor()
      await ask.getByText("+export const greeting = 'Hello'").waitFor()
      await ask.getByText('{"tool":"Edit","input":{"file_path":"greeting.ts"', { exact: false }).waitFor()
      await assertAccessible(tab)
      // What the assistant says is data: no element of it, and no link that runs.
      assert.equal(await tab.locator('img').count(), 0)
      assert.deepEqual(await tab.locator('.markdown a').evaluateAll((all) => all.map((a) => a.getAttribute('href'))), [
        'https://example.org/',
      ])
      await tab.getByText('<img src=x onerror=alert(1)>').waitFor()
      // A screen reader says it by itself.
      await tab
        .locator('[aria-live=assertive]')
        .getByText(/^desk\. .* asks whether it may: Edit greeting\.ts$/)
        .waitFor()
      assert.equal(await tab.title(), '(1) desk · Happy Remote Control')
      await ask.getByRole('button', { name: 'Allow once' }).click()
      await tab.getByText('The greeting is changed.').waitFor()
      await tab.getByText('Allowed by this device').waitFor()
      await tab.locator('.delivery', { hasText: 'Done' }).waitFor()

      await give(tab, 'Now push it')
      const push = tab.getByRole('article', { name: 'Run `git push --force origin main`' })
      // What reaches beyond this once takes a second touch.
      await push.getByRole('button', { name: 'Allow git push for this conversation' }).click()
      await push.getByRole('button', { name: 'Choose “Allow git push for this conversation”' }).waitFor()
      await push.getByRole('button', { name: 'Back' }).click()
      // The keyboard stays at what it is about.
      assert.equal(await push.evaluate((article) => article === document.activeElement), true)
      await push.getByRole('button', { name: 'Deny with a note…' }).click()
      await push.getByLabel('Note for the assistant').fill('Never with --force')
      await push.getByRole('button', { name: 'Deny', exact: true }).click()
      await tab.getByText('Understood, nothing was pushed.').waitFor()
      await tab.getByText('Denied by this device').waitFor()
      await assertAccessible(tab)

      // What is unfolded at the end stays under the finger.
      await tab.setViewportSize({ width: 390, height: 600 })
      await tab.locator('.column').evaluate((column) => column.parentElement?.scrollTo(0, 1e6))
      const summary = tab.locator('.fold.tool summary').last()
      await summary.scrollIntoViewIfNeeded()
      const top = () => summary.evaluate((element) => Math.round(element.getBoundingClientRect().top))
      const before = await top()
      await summary.click()
      await tab.getByText('denied', { exact: true }).waitFor()
      await tab.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
      assert.equal(await top(), before)

      // With large text not all sections fit, and the one that is shown does.
      await tab.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'))
      await tab.getByRole('link', { name: 'About' }).evaluate((link: HTMLElement) => link.click())
      await tab.getByText('Its id').waitFor()
      await tab.waitForFunction(() => {
        const { left = -1, right = Infinity } =
          document.querySelector('.sections [aria-current=page]')?.getBoundingClientRect() ?? {}
        return left >= 0 && right <= innerWidth
      })
    } finally {
      await scene.close()
    }
  },
)

test('a reload in the middle of an answer loses nothing and shows nothing twice', TIME, async () => {
  const scene = await startScene()
  const { tab } = scene
  try {
    await scene.pair()
    await give(tab, 'Tell me a story')
    await tab.getByText('Once upon a time', { exact: false }).waitFor()
    // A screen reader leaves it alone as long as it grows.
    await tab.locator('[aria-live=off]').getByText('Once upon a time', { exact: false }).waitFor()
    await tab.reload()
    // Its last pieces may be shown before the whole has come.
    await tab.getByText(/Once upon a time.*This is the end of the story\./s).waitFor()
    assert.equal(await tab.getByText('Once upon a time', { exact: false }).count(), 1)
    assert.equal(await tab.locator('.prompt', { hasText: 'Tell me a story' }).count(), 1)
    await tab.locator('.delivery', { hasText: 'Done' }).waitFor()
  } finally {
    await scene.close()
  }
})

for (const agent of ['node', 'deno'] as const) {
  test(`a part of an answer is not shown as the whole: ${agent} agent`, TIME, async () => {
    const scene = await startScene({ agent })
    const { tab } = scene
    const beginning = tab.getByText('The beginning follows when the message is whole.')
    try {
      await scene.pair()
      await give(tab, 'Take your time')
      await tab.getByText('One,', { exact: false }).waitFor()
      assert.equal(await beginning.count(), 0)
      await tab.reload()
      await beginning.waitFor()
      await assertAccessible(tab)
      await tab.getByRole('button', { name: 'Stop' }).click()
      await tab.getByText(/One, .*two/s).waitFor()
      await tab.locator('.delivery', { hasText: 'Stopped' }).waitFor()
      assert.equal(await beginning.count(), 0)
    } finally {
      await scene.close()
    }
  })
}

test('a question is a form, and what runs can be stopped', TIME, async () => {
  const scene = await startScene()
  const { tab } = scene
  try {
    await scene.pair()
    await coverHalf(tab)
    await give(tab, 'Please ask me')
    const form = tab.getByRole('article', { name: 'Where shall the work go?' })
    await form.getByLabel('Branch').fill('topic')
    await assertAccessible(tab)
    // Whoever looks at a file first finds what was filled in.
    await tab.getByRole('link', { name: 'Files', exact: true }).click()
    await tab.getByRole('link', { name: /^Talk.*1 waits for your answer/ }).click()
    assert.equal(await form.getByLabel('Branch').inputValue(), 'topic')
    await form.getByLabel('The quick ones').check()
    await form.getByRole('button', { name: 'Answer', exact: true }).click()
    await tab.getByText('"topic"', { exact: false }).waitFor()
    await tab.getByText('Answered by this device').waitFor()

    await give(tab, 'Take your time')
    await tab.getByText('One', { exact: false }).waitFor()
    await tab.getByRole('button', { name: 'Stop' }).click()
    await tab.locator('.delivery', { hasText: 'Stopped' }).waitFor()
  } finally {
    await scene.close()
  }
})

test(
  'another conversation is begun and the first one taken up again, and what that stops is said before',
  TIME,
  async () => {
    // The other tests here have a Node agent.
    const scene = await startScene({ agent: 'deno' })
    const { tab } = scene
    const toList = () => tab.getByRole('link', { name: 'Conversations:' }).click()
    try {
      await scene.pair()
      await give(tab, 'Now push it')
      const ask = tab.getByRole('article', { name: 'Run `git push --force origin main`' })
      await ask.waitFor()
      await toList()
      await tab.getByRole('link', { name: 'Now push it' }).waitFor()
      await assertAccessible(tab)
      await tab.getByRole('button', { name: 'New conversation' }).click()
      const stops = tab.getByRole('alertdialog', { name: 'Stop what happens in this conversation?' })
      await stops.getByText('What it asks you is withdrawn.').waitFor()
      await assertAccessible(tab)
      await stops.getByRole('button', { name: 'Stay here' }).click()
      await tab.getByRole('link', { name: 'Now push it' }).click()
      await ask.waitFor()

      await toList()
      await tab.getByRole('button', { name: 'New conversation' }).click()
      await stops.getByRole('button', { name: 'Stop, and open the other one' }).click()
      await tab.getByText('Nothing was said yet').waitFor()
      assert.equal(await ask.count(), 0)
      await give(tab, 'Tell me a story')
      await tab.locator('.delivery', { hasText: 'Done' }).waitFor()
      assert.equal(await tab.getByText('Now push it').count(), 0)
      await tab.getByRole('link', { name: 'Conversations: Tell me a story' }).waitFor()

      await toList()
      await tab.getByRole('button', { name: 'Now push it' }).click()
      await tab.getByText('Withdrawn: what ran was stopped by this device').waitFor()
      await tab.locator('.prompt', { hasText: 'Now push it' }).waitFor()
      assert.equal(await tab.getByText('Once upon a time', { exact: false }).count(), 0)
      await tab.reload()
      await tab.locator('.prompt', { hasText: 'Now push it' }).waitFor()
      assert.equal(await tab.getByText('Once upon a time', { exact: false }).count(), 0)
    } finally {
      await scene.close()
    }
  },
)
