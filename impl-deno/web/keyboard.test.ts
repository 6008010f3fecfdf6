// The page by the keyboard alone, in real Chromium with agents of both implementations: whatever is done, the focus stays in
// the page, and what has happened is said by a live region.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { screenOf, shows } from './testing/acts.ts'
import { testPairs } from './testing/pairs.ts'
import { assertAccessible, digitsOn } from './testing/scene.ts'

const TIME = { timeout: 300_000 }
const SMALL = { width: 360, height: 640 }
/** More steps than any screen here has places. */
const MOST = 80

const hasFocus = (tab: Page): Promise<boolean> =>
  tab.evaluate(() => document.activeElement !== null && document.activeElement !== document.body)

/** Goes on with Tab until what has this name has the focus, and is seen to have it. */
async function goTo(tab: Page, name: string | RegExp): Promise<void> {
  const wanted = tab
    .locator(':focus')
    .and(tab.getByRole('link', { name }).or(tab.getByRole('button', { name })).or(tab.getByLabel(name)))
  for (let step = 0; step < MOST; step++) {
    await tab.keyboard.press('Tab')
    if ((await wanted.count()) === 0) continue
    const seen = await wanted.evaluate((element) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      const { top, bottom } = element.getBoundingClientRect()
      const hasRing = outlineStyle !== 'none' && outlineWidth !== '0px'
      const isRinged = hasRing || element.matches('.visually-hidden, textarea')
      const isInView = bottom > 0 && top < innerHeight
      return {
        isRinged,
        isInView,
        hasFocus: element === document.activeElement,
        isDisabled: element.matches(':disabled'),
      }
    })
    assert.deepEqual(seen, { isRinged: true, isInView: true, hasFocus: true, isDisabled: false }, `${name}`)
    return
  }
  assert.fail(`Tab does not reach ${name}`)
}

/** Presses Enter on it; the focus is somewhere in the page when `then` has come. */
async function press(tab: Page, name: string | RegExp, then: () => Promise<void>, key = 'Enter'): Promise<void> {
  await goTo(tab, name)
  await tab.keyboard.press(key)
  await then()
  await tab.waitForFunction(() => document.activeElement !== document.body)
  // Nothing moves for whoever does not want it.
  const moving = () => document.getAnimations().filter(({ playState }) => playState === 'running').length
  assert.equal(await tab.evaluate(moving), 0)
}

const heading = (tab: Page, name: string) => () => tab.getByRole('heading', { name }).waitFor()
const isSaid = (tab: Page, text: string) =>
  tab.locator(':is([role=status], [aria-live])').filter({ hasText: text }).first().waitFor()

testPairs('everything can be done by the keyboard on a small phone with forced colours', TIME, async (scene) => {
  const { tab, site, agent, workspace } = scene
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: workspace, encoding: 'utf8' }).trim()
  git('init', '-q', '-b', 'main')
  git('config', 'user.name', 'Desk')
  git('config', 'user.email', 'desk@example.org')
  appendFileSync(join(workspace, '.git', 'info', 'exclude'), '.state\n')
  writeFileSync(join(workspace, 'list.txt'), 'one\n')
  await tab.setViewportSize(SMALL)
  await tab.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' })
  await tab.goto(site.url)

  await press(tab, 'Pair a computer', heading(tab, 'Pair a computer'))
  await goTo(tab, 'Pairing code or link')
  await tab.keyboard.insertText(String((await agent.line('offer')).uri))
  await press(tab, 'Continue', heading(tab, 'Pair with this computer?'))
  await press(tab, 'Pair', heading(tab, 'Type this on the computer'))
  await agent.line('digits')
  agent.type(await digitsOn(tab))
  await heading(tab, 'Paired')()
  await isSaid(tab, 'You can now use desk from here.')
  assert.ok(await hasFocus(tab))
  await press(tab, 'Open', () => tab.getByLabel('Prompt').waitFor())

  await goTo(tab, 'Prompt')
  await tab.keyboard.type('Say hello instead of hi')
  await press(tab, 'Send', () => tab.getByRole('article', { name: 'Edit greeting.ts' }).waitFor())
  await isSaid(tab, 'Edit greeting.ts')
  await assertAccessible(tab)
  await press(tab, 'Allow once', () => tab.getByText('The greeting is changed.').waitFor())

  await press(tab, 'Terminal', () => tab.getByRole('button', { name: 'New terminal' }).waitFor())
  await press(tab, 'New terminal', () => tab.getByRole('group', { name: 'Keys' }).waitFor())
  await tab.keyboard.type('echo by-$((40 + 2))')
  await tab.keyboard.press('Enter')
  await shows(tab, 'by-42')
  await screenOf(tab).waitFor()
  await tab.keyboard.press('Shift+F6')
  await press(tab, 'Close this terminal', () => tab.getByRole('button', { name: 'End and close' }).waitFor())
  await tab.keyboard.press('Enter')
  await tab.getByRole('heading', { name: 'No terminal yet' }).waitFor()
  await tab.waitForFunction(() => document.activeElement !== document.body)

  await press(tab, 'Files', () => tab.getByRole('link', { name: 'list.txt' }).waitFor())
  await press(tab, /^list\.txt/, heading(tab, 'list.txt'))
  await press(tab, 'Edit', () => tab.getByLabel('Text of list.txt').waitFor())
  await tab.keyboard.press('Control+End')
  await tab.keyboard.type('two')
  await press(tab, 'Save', () => tab.getByRole('button', { name: 'Edit' }).waitFor())
  assert.equal(readFileSync(join(workspace, 'list.txt'), 'utf8'), 'one\ntwo')

  await press(tab, 'Git', () => tab.getByLabel('Commit list.txt').waitFor())
  await goTo(tab, 'Commit list.txt')
  await tab.keyboard.press('Space')
  await goTo(tab, 'Message')
  await tab.keyboard.type('By the keyboard')
  await press(tab, 'Commit 1 file', () => isSaid(tab, 'Committed as'))
  assert.equal(git('log', '-1', '--format=%s'), 'By the keyboard')
  await assertAccessible(tab)
  const width = await tab.evaluate(() => document.documentElement.scrollWidth)
  assert.equal(width, SMALL.width)
})
