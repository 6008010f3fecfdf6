// What is large, and what wants to be more than text: the page stays usable, and shows it as what it is. How long the
// page was busy at once is told beside each; what is asserted is how much of it is in the page.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { assertAccessible, startScene } from '../testing/scene.ts'

const TIME = { timeout: 480_000 }

/** 64 bytes, the most that a name may have. */
const EMOJI = '🐙'.repeat(16)
const TITLE = `Read \u202etxt.exe\u202c <b onmouseover=alert(1)>it</b> \u001b[31mred ${'long'.repeat(200)}`
const LINES = 5_000
const diff = Array.from({ length: LINES }, (_, i) => `${i % 2 === 0 ? '-' : '+'}line ${i}`).join('\n')
const script = {
  ...{ name: 'Scripted assistant', sessions: 'load', replies: [] },
  otherwise: [
    { do: 'tool', call: 'read', title: TITLE, kind: 'read', status: 'completed', output: 'x'.repeat(900_000) },
    { do: 'text', text: 'A paragraph of a *long* answer, with `code`.\n\n', repeat: 5_000, size: 500 },
    { do: 'thought', text: 'Now the diff.' },
    { do: 'text', text: `\`\`\`diff\n${diff}\n\`\`\`` },
    {
      ...{ do: 'permission', call: 'write', title: TITLE, tool: 'Write' },
      input: { file_path: 'a.txt', content: 'line\n'.repeat(50_000) },
      options: [
        { id: 'allow', name: 'Allow once', kind: 'allow_once' },
        { id: 'deny', name: 'Deny', kind: 'reject_once' },
      ],
    },
  ],
}

/** Tells for how long the page was busy at once, at most, while `act` ran. */
async function measured(t: TestContext, tab: Page, what: string, act: () => Promise<void>): Promise<void> {
  await tab.evaluate(() => {
    const all: number[] = []
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) all.push(duration)
    })
    observer.observe({ type: 'longtask' })
    Object.assign(globalThis, { longTasks: all })
  })
  await act()
  // What follows from it is part of it, up to the next frame.
  const longest = await tab.evaluate(
    () =>
      new Promise<number>((resolve) =>
        requestAnimationFrame(() =>
          setTimeout(() => resolve(Math.max(0, ...(globalThis as unknown as { longTasks: number[] }).longTasks))),
        ),
      ),
  )
  t.diagnostic(`${what}: the longest task had ${Math.round(longest)} ms`)
}

/** As the agent would have written them while nobody listened. */
function addEntries(state: string, count: number): void {
  const file = readdirSync(state, { recursive: true }).find((name) => String(name).endsWith('journal.db'))
  const journal = new DatabaseSync(join(state, String(file)))
  const { last } = journal.prepare('SELECT max(seq) AS last FROM entry').get() as { last: number }
  const { body: sample } = journal.prepare("SELECT body FROM entry WHERE kind = 'claude.message' LIMIT 1").get() as {
    body: string
  }
  const { conversationId } = JSON.parse(sample) as { conversationId: string }
  const insert = journal.prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?)')
  journal.exec('BEGIN')
  for (let i = 1; i <= count; i++) {
    const body = JSON.stringify({
      ...{ conversationId, messageId: crypto.randomUUID() },
      ...{ role: 'assistant', text: `Entry **${i}** of a night in which nobody looked` },
    })
    insert.run(last + i, Date.now(), 'claude.message', body, body.length)
  }
  journal.exec('COMMIT')
  journal.close()
}

test('large and hostile content leaves the page usable', TIME, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-script-'))
  const file = join(folder, 'script.json')
  writeFileSync(file, JSON.stringify(script))
  const scene = await startScene({ name: EMOJI, script: file })
  const { tab, workspace } = scene
  try {
    await tab.setViewportSize({ width: 390, height: 844 })
    const git = (...args: string[]) => execFileSync('git', args, { cwd: workspace, stdio: 'ignore' })
    const lines = (end: string) => Array.from({ length: LINES }, (_, i) => `const line${i} = ${i}${end}\n`).join('')
    git('init')
    writeFileSync(join(workspace, 'long.ts'), lines(''))
    git('add', 'long.ts')
    git('-c', 'user.name=T', '-c', 'user.email=t@example.org', 'commit', '-m', 'First')
    writeFileSync(join(workspace, 'long.ts'), lines(' + 1'))
    writeFileSync(join(workspace, 'big.ts'), 'export const value = "some text that is there"\n'.repeat(22_000))
    await scene.pair()
    await tab.getByRole('heading', { name: EMOJI }).waitFor()

    const prompt = tab.getByLabel('Prompt')
    await measured(t, tab, 'a prompt of 200 KB, pasted', () =>
      prompt.fill(`Read this: ${'some words '.repeat(18_200)}`),
    )
    await measured(t, tab, 'ten more keys of it', () => prompt.pressSequentially('0123456789'))
    const ask = tab.getByRole('article', { name: 'Read' })
    await measured(
      t,
      tab,
      'its answer of 230 KB in pieces, a diff of 5,000 lines and an approval of 250 KB',
      async () => {
        await tab.getByRole('button', { name: 'Send' }).click()
        await ask.getByRole('button', { name: 'Allow once' }).waitFor()
      },
    )
    await tab.getByRole('button', { name: 'Show all of it, 195.5 KiB' }).waitFor()
    await measured(t, tab, 'ten keys beside all that', () => prompt.pressSequentially('0123456789'))
    assert.equal(await tab.locator('.code-block .line').count(), 1_000)
    await tab.getByRole('button', { name: 'Show 1,000 more of 4,000 lines' }).click()
    assert.equal(await tab.locator('.code-block .line').count(), 2_000)
    // A title is one line of text: nothing in it turns round, colours or becomes an element.
    const title = (await tab.locator('.tool-title').textContent()) ?? ''
    assert.equal(title.split('long')[0], 'Read txt.exe <b onmouseover=alert(1)>it</b> red ')
    assert.equal(await tab.locator('b').count(), 0)
    await measured(t, tab, 'a tool output of 900 KB, of which the agent keeps 128 KB, unfolded', async () => {
      await tab.locator('.tool summary').click()
      await tab.getByRole('button', { name: /^Show the other [\d,]+ characters$/ }).waitFor()
    })
    const width = await tab.evaluate(() => document.documentElement.scrollWidth)
    assert.equal(width, 390)
    await ask.getByRole('button', { name: 'Deny', exact: true }).click()
    await tab.getByText('Denied by this device').waitFor()
    // What was unfolded has stayed where it was; only who is at the end sees no more than the newest.
    await tab.getByRole('button', { name: 'To the newest' }).click()

    const start = await scene.killAgent()
    addEntries(join(workspace, '.state'), 10_000)
    await measured(t, tab, '10,000 entries that came while nobody listened', async () => {
      await start()
      await tab.getByText('Entry 10000 of a night').waitFor()
    })
    assert.ok((await tab.locator('.entry').count()) <= 250)
    await measured(t, tab, 'ten keys beside them', () => prompt.pressSequentially('0123456789'))
    const earlier = tab.getByRole('button', { name: 'Show what was before' })
    await earlier.scrollIntoViewIfNeeded()
    const topOf = () => tab.getByText('Entry 9900 of a night').evaluate((one) => one.getBoundingClientRect().top)
    const before = await topOf()
    await measured(t, tab, 'older ones, shown again', async () => {
      await earlier.click()
      await tab.waitForFunction(() => document.querySelectorAll('.entry').length >= 300)
    })
    // What the person looks at stays where it is.
    assert.ok(Math.abs((await topOf()) - before) < 2)

    await tab.getByRole('link', { name: 'Files' }).click()
    await measured(t, tab, 'a file of 1 MiB, its first half', async () => {
      await tab.getByRole('link', { name: 'big.ts' }).click()
      await tab.getByText('Only the first 512 KiB', { exact: false }).waitFor()
    })
    await measured(t, tab, 'all of it', async () => {
      await tab.getByRole('button', { name: 'Read the next piece' }).click()
      await tab.getByRole('button', { name: 'Copy', exact: true }).waitFor()
    })
    await measured(t, tab, 'scrolled to its middle', () =>
      tab.locator('.file').evaluate((element) => element.scrollTo(0, element.scrollHeight / 2)),
    )
    await tab.getByRole('link', { name: 'Git' }).click()
    await measured(t, tab, 'a change of 10,000 lines', async () => {
      await tab.getByRole('link', { name: 'long.ts changed' }).click()
      await tab.locator('.diff .line').first().waitFor()
    })
    assert.equal(await tab.locator('.diff .line').count(), 1_000)

    await tab.getByRole('link', { name: 'About' }).click()
    await tab.getByLabel('Rename this device').fill(`${EMOJI}🐙`)
    await tab.getByRole('button', { name: 'Save' }).click()
    await tab.locator('.grants strong', { hasText: EMOJI }).waitFor()
    assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth), 390)
    await assertAccessible(tab)
  } finally {
    await scene.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
