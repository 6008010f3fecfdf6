// The page with agents of both implementations, through relays of both: several computers in one page, which pairs,
// talks, and opens a shell on each.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { give, openTerminal } from './testing/acts.ts'
import { Program, type Runtime } from './testing/program.ts'
import { pair, startAgent } from './testing/scene.ts'
import { startStage } from './testing/stage.ts'

const RUNTIMES: readonly Runtime[] = ['node', 'deno']

/** A prompt that is streamed, and an edit that is allowed. */
async function talk(tab: Page): Promise<void> {
  await give(tab, 'Say hello instead of hi')
  await tab.getByRole('heading', { name: 'The plan' }).waitFor()
  const edit = tab.getByRole('article', { name: 'Edit greeting.ts' })
  await edit.getByText("+export const greeting = 'Hello'").waitFor()
  await edit.getByRole('button', { name: 'Allow once' }).click()
  await tab.getByText('The greeting is changed.').waitFor()
  await tab.locator('.delivery', { hasText: 'Done' }).waitFor()
}

/** A push that is denied, and a question that is answered. */
async function decide(tab: Page): Promise<void> {
  await give(tab, 'Now push it')
  const push = tab.getByRole('article', { name: 'Run `git push --force origin main`' })
  await push.getByRole('button', { name: 'Deny with a note…' }).click()
  await push.getByLabel('Note for the assistant').fill('Never with --force')
  await push.getByRole('button', { name: 'Deny', exact: true }).click()
  await tab.getByText('Understood, nothing was pushed.').waitFor()
  await give(tab, 'Please ask me')
  const form = tab.getByRole('article', { name: 'Where shall the work go?' })
  await form.getByLabel('Branch').fill('topic')
  await form.getByLabel('The quick ones').check()
  await form.getByRole('button', { name: 'Answer', exact: true }).click()
  await tab.getByText('"topic"', { exact: false }).waitFor()
}

test('one page controls Node and Deno agents through Node and Deno relays', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-matrix-'))
  const stage = await startStage({ relay: 'node' })
  const other = new Program('relay', ['--port', '0'], [], 'deno')
  const agents: Program[] = []
  try {
    const { tab, site } = stage
    const { url } = await other.line('listening')
    const relays = { node: stage.relayUrl, deno: String(url).replace(/\/v1$/, '') }
    for (const relay of RUNTIMES) {
      for (const runtime of RUNTIMES) {
        const workspace = mkdtempSync(join(folder, 'workspace-'))
        const options = ['--name', `${runtime} by ${relay}`, '--pair']
        const agent = startAgent({ relayUrl: relays[relay], workspace, options, runtime })
        agents.push(agent)
        await tab.goto(`${site.url}#/pair`)
        await pair(tab, agent)
        await tab.getByRole('heading', { name: `${runtime} by ${relay}` }).waitFor()
        await talk(tab)
        // Of Node both are tested apart.
        if (relay === 'deno' && runtime === 'deno') await decide(tab)
        await tab.getByRole('link', { name: 'Terminal' }).click()
        await openTerminal(tab)
      }
    }
    await tab.goto(`${site.url}#/`)
    for (const relay of RUNTIMES) {
      for (const runtime of RUNTIMES) {
        await tab.getByRole('link', { name: `${runtime} by ${relay} Online` }).waitFor()
      }
    }
  } finally {
    await stage.look()
    for (const agent of agents) await agent.stop()
    await other.stop()
    await stage.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
