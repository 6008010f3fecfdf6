// Terminals in real Chromium, with a Node agent and real shells.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTerminal, run, screenOf, shows } from './testing/acts.ts'
import { assertAccessible, type Scene, startScene } from './testing/scene.ts'

const TIME = { timeout: 240_000 }
const PHONE = { width: 390, height: 844 }

async function startShell(reducedMotion: 'reduce' | 'no-preference' = 'no-preference'): Promise<Scene> {
  const scene = await startScene()
  await scene.tab.emulateMedia({ reducedMotion })
  await scene.tab.setViewportSize(PHONE)
  await scene.pair()
  await scene.tab.getByRole('link', { name: 'Terminal' }).click()
  await assertAccessible(scene.tab)
  await openTerminal(scene.tab)
  return scene
}

test(
  'a shell takes keys that a phone lacks, fits its view, and shows colours without a style in the page',
  TIME,
  async () => {
    // Its colours are read off the page, where nothing may be on its way to another one.
    const scene = await startShell('reduce')
    const { tab } = scene
    try {
      await tab.setViewportSize({ width: 800, height: 600 })
      const sized = "process.stdout.on('resize', () => console.log('sized', process.stdout.columns))"
      await run(tab, `"${process.execPath}" -e "${sized}; console.log('wait' + 'ing'); setInterval(() => {}, 1000)"`)
      await shows(tab, 'waiting')
      await tab.setViewportSize(PHONE)
      // The line that was typed has no number behind the word.
      await screenOf(tab)
        .getByText(/sized \d/)
        .first()
        .waitFor()
      const columns = Number(/sized (\d+)/.exec((await screenOf(tab).textContent()) ?? '')?.[1])
      assert.ok(columns > 35 && columns < 60, `${columns} columns on a phone`)
      // What is wider than the view is broken into lines by the emulator, not by the page.
      const width = await tab.evaluate(() => document.documentElement.scrollWidth)
      assert.equal(width, PHONE.width)

      await tab.getByRole('button', { name: 'Ctrl' }).click()
      assert.equal(await tab.getByRole('button', { name: 'Ctrl' }).getAttribute('aria-pressed'), 'true')
      await tab.keyboard.press('c')
      assert.equal(await tab.getByRole('button', { name: 'Ctrl' }).getAttribute('aria-pressed'), 'false')
      await run(tab, 'echo after-$((1 + 1))')
      await shows(tab, 'after-2')
      await tab.getByRole('button', { name: 'Up' }).click()
      await tab.keyboard.type('3')
      await tab.keyboard.press('Enter')
      await shows(tab, 'after-23')

      await run(tab, String.raw`printf '\033[38;2;200;30;30mtrue''colour\033[0m \033[31mpal''ette\033[0m\n'`)
      await shows(tab, 'truecolour')
      const colours = await screenOf(tab).evaluate((rows) =>
        [...rows.querySelectorAll('span')]
          .filter(({ textContent }) => textContent === 'truecolour' || textContent === 'palette')
          .map((span) => getComputedStyle(span).color),
      )
      assert.deepEqual(colours, ['rgb(200, 30, 30)', 'rgb(164, 35, 27)'])
      await assertAccessible(tab)
      await tab.getByRole('button', { name: 'For a screen reader' }).click()
      await tab.getByRole('listitem').getByText('truecolour palette').waitFor()
      await assertAccessible(tab)
    } finally {
      await scene.close()
    }
  },
)

test('at least half of a low screen is the terminal, with all keys in one row', TIME, async () => {
  const scene = await startShell()
  const { tab } = scene
  try {
    // The last two as a keyboard leaves them, and as a page that is enlarged four times.
    for (const [width, height, text] of [
      [390, 600, '200%'],
      [360, 640, '200%'],
      [844, 390, '100%'],
      [740, 360, '100%'],
      [740, 360, '200%'],
      [844, 420, '200%'],
      [844, 200, '100%'],
      [320, 256, '200%'],
    ] as const) {
      const at = `${width} × ${height}, text at ${text}`
      await tab.setViewportSize({ width, height })
      await tab.evaluate((size) => document.documentElement.style.setProperty('font-size', size), text)
      await tab.locator('.xterm textarea').focus()
      // It has taken its new size.
      await tab.waitForFunction(() =>
        [...document.querySelectorAll('.keys button')].every((key) => {
          const { top, bottom } = key.getBoundingClientRect()
          return top >= 0 && bottom <= innerHeight
        }),
      )
      // Nor is there a word about its size any more, which the computer has then heard of.
      await tab.locator('.terminal-notes:not(:empty)').waitFor({ state: 'detached' })
      const seen = await tab.evaluate(() => {
        const boxOf = (selector: string) => (document.querySelector(selector) as Element).getBoundingClientRect()
        const screen = boxOf('.terminal-screen')
        const keys = [...document.querySelectorAll('.keys button')].map((key) => key.getBoundingClientRect())
        return {
          share: (Math.min(innerHeight, screen.bottom) - Math.max(0, screen.top)) / innerHeight,
          rows: new Set(keys.map(({ top }) => Math.round(top))).size,
          least: Math.min(...keys.flatMap((key) => [key.width, key.height])),
          isInView: document.documentElement.scrollWidth <= innerWidth,
        }
      })
      const { share, least, ...rest } = seen
      assert.ok(share >= 0.5, `${Math.round(share * 100)} % at ${at}`)
      assert.ok(least >= 43.9, `a key of ${least} px at ${at}`)
      assert.deepEqual(rest, { rows: 1, isInView: true }, at)
      await assertAccessible(tab)
    }
    // What the terminal has pushed out of a very low view is there for whoever goes on.
    await tab.keyboard.press('Shift+F6')
    await tab.getByRole('link', { name: 'Talk' }).press('Enter')
    await tab.getByLabel('Prompt').waitFor()
  } finally {
    await scene.close()
  }
})

test('what a program says to a terminal reaches neither title, links, colours nor clipboard', TIME, async () => {
  const scene = await startShell()
  const { tab } = scene
  try {
    const title = await tab.title()
    await run(
      tab,
      String.raw`printf '\033]0;evil\007\033]52;c;ZXZpbA==\007\033]8;;https://evil.example/\007evil''link\033]8;;\007\n'`,
    )
    await shows(tab, 'evillink')
    await run(tab, String.raw`printf '\033]11;rgb:ff/00/00\007\033]4;1;rgb:ff/ff/ff\007\033[31mstill''red\033[0m\n'`)
    await shows(tab, 'stillred')
    assert.equal(await tab.title(), title)
    assert.equal(await tab.locator('.xterm-rows [class*=underline]').count(), 0)
    const red = await screenOf(tab).evaluate((rows) => {
      const span = [...rows.querySelectorAll('span')].find(({ textContent }) => textContent === 'stillred')
      return span && getComputedStyle(span).color
    })
    assert.equal(red, 'rgb(164, 35, 27)')
    const clipboard = await tab.evaluate(() => navigator.clipboard.readText().catch(() => ''))
    assert.equal(clipboard.includes('evil'), false)
  } finally {
    await scene.close()
  }
})

test('two terminals go on after a reload, and nothing of the past is answered again', TIME, async () => {
  const scene = await startShell()
  const { tab } = scene
  try {
    // Asks what the terminal is; the answer ends with a "c".
    await run(
      tab,
      String.raw`printf '\033[c'; IFS= read -rs -d c answer; echo "terminal $((1 + 1)) \${answer#?}"`.replace(
        '\\$',
        '$',
      ),
    )
    await shows(tab, 'terminal 2 [?1;2')
    await openTerminal(scene.tab)
    await run(tab, 'echo second-$((2 + 3))')
    await shows(tab, 'second-5')
    await tab.reload()
    await tab.getByRole('button', { name: 'Terminal 1' }).click()
    await shows(tab, 'terminal 2 [?1;2')
    await run(tab, 'echo again-$((3 + 4))')
    await shows(tab, 'again-7')
    const text = (await screenOf(tab).textContent()) ?? ''
    assert.equal(text.split('[?1;2').length, 2, text)
    assert.equal(text.includes('second-5'), false)
    await tab.getByRole('button', { name: 'Terminal 2' }).click()
    await shows(tab, 'second-5')
    // The keyboard gets out of it.
    await tab.getByLabel('Terminal input', { exact: false }).focus()
    await tab.keyboard.press('Shift+F6')
    await tab.keyboard.press('Enter')
    assert.equal(await tab.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Terminal 2')
  } finally {
    await scene.close()
  }
})

test('the status of a shell is told, and a terminal of an agent that was killed has ended', TIME, async () => {
  const scene = await startShell()
  const { tab } = scene
  try {
    await run(tab, 'exit 3')
    await tab.getByText('Ended with status 3.').waitFor()
    // Also a page that was not there when it ended shows what it wrote.
    await tab.reload()
    await tab.getByText('Ended with status 3.').waitFor()
    await shows(tab, 'opened-42')
    await openTerminal(scene.tab)
    const start = await scene.killAgent()
    await start()
    await tab.getByText('It has ended with the agent that ran it.').waitFor()
    await shows(tab, 'opened-42')
    await assertAccessible(tab)
    await openTerminal(scene.tab)
    await tab.getByRole('button', { name: 'Close this terminal' }).click()
    await tab.getByRole('button', { name: 'End and close' }).click()
    await tab.getByRole('button', { name: 'Terminal 3' }).waitFor({ state: 'detached' })
  } finally {
    await scene.close()
  }
})
