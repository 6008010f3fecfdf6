// Every screen of the page, one after the other, as a person comes by them: with real programs, a repository and a shell.
// What is done at each of them is the visitor's: to make a picture of it, or to look for what keeps people out.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { give, run, screenOf } from './acts.ts'
import { Program } from './program.ts'
import { digitsOn, pair } from './scene.ts'
import { type Stage, startStage } from './stage.ts'
import { stillCamera } from './still-camera.ts'
import { changeTidepool, makeTidepool, writeMeanwhile } from './tidepool.ts'

const SCRIPT = new URL('./tour.script.json', import.meta.url).pathname
const ASSISTANT = new URL('../../../conformance/assistants/acp.ts', import.meta.url).pathname
const GRANT = 'observe,prompt,approve,terminal,files,git,git.push'
export const PHONE = { width: 390, height: 844 }

export interface Stop {
  readonly name: string
  readonly tab: Page
  /** To be done again whenever the size has changed: brings into view what this is about. */
  readonly arrange?: () => Promise<void>
}

export type Visit = (stop: Stop) => Promise<void>

interface Tour extends Stage {
  /** Of all computers. */
  readonly workspace: string
  /** The computer that most of it is about. */
  readonly studio: Program
  /** One that is there as well. */
  readonly workshop: Program
  /** Starts a computer, which shows its code. */
  start(name: string): Program
  /** Visits what the tab shows now; `at` is brought to the top of what scrolls. */
  show(name: string, at?: string): Promise<void>
  section(name: string): Promise<void>
}

/** `running`: is told of each program. */
function tourOf(stage: Stage, folder: string, visit: Visit, running: Program[]): Tour {
  const { tab, relayUrl } = stage
  const workspace = join(folder, 'tidepool')
  makeTidepool(workspace, join(folder, 'remote'))
  // Devices are told the name of the command.
  const deckhand = join(folder, 'deckhand')
  writeFileSync(deckhand, `#!/bin/sh\nexec "${process.execPath}" "${ASSISTANT}" --script "${SCRIPT}"\n`, {
    mode: 0o755,
  })
  const place = ['--relay', relayUrl, '--workspace', workspace, '--grant', GRANT, '--pair']
  const start = (name: string): Program => {
    const options = [...place, '--name', name, '--state', join(folder, name)]
    const program = new Program('agent', options, ['--assistant', 'acp', '--', deckhand])
    running.push(program)
    return program
  }
  return {
    ...{ ...stage, workspace, start, studio: start('studio') },
    workshop: start('Workshop Mac mini, behind the big printer'),
    async show(name, at) {
      const arrange = async () => {
        if (at !== undefined)
          await tab
            .locator(at)
            .first()
            .evaluate((found) => found.scrollIntoView({ block: 'start' }))
      }
      await arrange()
      await visit({ name, tab, arrange })
      await tab.setViewportSize(PHONE)
    },
    section: (name) =>
      tab.getByRole('navigation', { name: 'Parts of the computer' }).getByRole('link', { name }).click(),
  }
}

async function pairing({ tab, site, start, studio, show }: Tour): Promise<void> {
  const stranger = start('stranger')
  await tab.goto(site.url)
  await tab.getByRole('heading', { name: 'No computer yet' }).waitFor()
  await show('computers-none')
  await tab.getByRole('link', { name: 'Pair a computer' }).click()
  const field = tab.getByLabel('Pairing code or link')
  const go = tab.getByRole('button', { name: 'Continue' })
  await field.waitFor()
  await show('pair-code')
  await tab.getByRole('button', { name: 'Scan the code' }).click()
  await tab.waitForFunction(() => (document.querySelector('video')?.videoWidth ?? 0) > 0)
  await tab.getByText('Point the camera at the code').waitFor()
  await show('pair-scan')
  await tab.getByRole('button', { name: 'Stop the camera' }).click()
  await field.fill('HAPPY://AEBAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZDINRYHI6D4QCCIR')
  await go.click()
  await tab.getByRole('alert').waitFor()
  await show('pair-code-wrong')

  const { uri } = await stranger.line('offer')
  await field.fill(String(uri))
  await go.click()
  await tab.getByRole('button', { name: 'Pair', exact: true }).click()
  await stranger.line('digits')
  const wrong = (await digitsOn(tab)) === '111111' ? '222222' : '111111'
  for (let i = 0; i < 3; i++) stranger.type(wrong)
  await tab.getByRole('alert').waitFor()
  await show('pair-failed')
  await stranger.stop()
  await tab.getByRole('button', { name: 'Try another code' }).click()

  const offer = await studio.line('offer')
  await field.fill(String(offer.uri))
  await go.click()
  await tab.getByLabel('Name of this device').fill('Ada’s phone')
  await show('pair-consent')
  await tab.getByRole('button', { name: 'Pair', exact: true }).click()
  await studio.line('digits')
  await tab.locator('.digits').waitFor()
  await show('pair-digits')
  studio.type(await digitsOn(tab))
  await tab.getByRole('button', { name: 'Open' }).waitFor()
  await show('pair-done')
  await tab.getByRole('button', { name: 'Open' }).click()
}

/** Two more, of which one goes away again. */
async function otherComputers({ tab, start, workshop }: Tour): Promise<void> {
  const garden = start('garden-pi')
  for (const computer of [workshop, garden]) {
    await tab.getByRole('link', { name: 'Back' }).click()
    await tab.getByRole('link', { name: 'Pair a computer' }).click()
    await pair(tab, computer)
  }
  await garden.stop()
  await tab.getByRole('main').getByText('Away, last heard').waitFor()
  await tab.getByRole('link', { name: 'Back' }).click()
  await tab.getByRole('link', { name: 'studio' }).click()
}

async function about({ tab, section, show }: Tour): Promise<void> {
  await tab.getByRole('heading', { name: 'Nothing was said yet' }).waitFor()
  await tab.getByRole('main').getByText('Online, heard').waitFor()
  await show('talk-empty')
  await section('About')
  await tab.getByText('Works in').waitFor()
  await tab.getByText('Ada’s phone').waitFor()
  await show('about')
}

async function terminal({ tab, section, show }: Tour): Promise<void> {
  await section('Terminal')
  await tab.getByRole('button', { name: 'New terminal' }).waitFor()
  await show('terminal-none')
  await tab.getByRole('button', { name: 'New terminal' }).click()
  await tab.getByRole('group', { name: 'Keys' }).waitFor()
  const lines = [
    String.raw`PS1='\[\e[32m\]tidepool\[\e[0m\] $ '`,
    ...['clear', 'git status -sb', 'npm test --silent', 'ls --color'],
  ]
  for (const line of lines) {
    await run(tab, line)
    // It is ready for the next one.
    await screenOf(tab)
      .getByText(/^tidepool \$\s*$/)
      .waitFor()
  }
  await show('terminal')
}

async function files({ tab, workspace, section, show }: Tour): Promise<void> {
  await section('Files')
  await tab.getByRole('link', { name: 'README.md' }).waitFor()
  await show('files-folder')
  await tab.getByRole('link', { name: 'src' }).click()
  await tab.getByRole('link', { name: 'tides.ts' }).click()
  await tab.locator('.hljs-keyword').first().waitFor()
  await show('files-view')
  await tab.getByRole('link', { name: 'Workspace' }).click()
  await tab.getByRole('link', { name: 'README.md' }).click()
  await tab.getByRole('button', { name: 'Edit' }).click()
  const field = tab.getByLabel('Text of README.md')
  await field.fill((await field.inputValue()).replace('for the places you love', 'for every place you love'))
  await show('files-edit')
  writeMeanwhile(workspace)
  await tab.getByRole('button', { name: 'Save', exact: true }).click()
  await tab.getByRole('heading', { name: 'The file has changed meanwhile' }).waitFor()
  await show('files-conflict')
  await tab.getByRole('button', { name: 'Take theirs, drop mine' }).click()
  await tab.getByRole('button', { name: 'Edit' }).waitFor()
}

async function conversation({ tab, section, show }: Tour): Promise<void> {
  await section('Talk')
  await give(tab, 'Since Sunday the water comes an hour late. Can you see why?')
  await tab.getByRole('article', { name: 'Edit src/tides.ts' }).waitFor()
  await show('approval-diff', '.ask')
  await tab.getByRole('link', { name: 'Back' }).click()
  await tab.getByText('1 waits for your answer', { exact: true }).waitFor()
  await show('computers')
  await tab.getByRole('link', { name: 'studio' }).click()
  await show('talk-code', '.flow .prompt')
  await tab.getByRole('button', { name: 'Allow once' }).click()
  await tab.locator('.delivery', { hasText: 'Done' }).waitFor()
  await show('talk')
  for (const tool of await tab.locator('.fold.tool summary').all()) await tool.click()
  await show('talk-tools', '.fold.tool')
  for (const tool of await tab.locator('.fold.tool summary').all()) await tool.click()

  await give(tab, 'Thank you! Now push it, please.')
  await tab.getByRole('article', { name: 'Push to origin' }).waitFor()
  await show('approval')
  await tab.getByRole('button', { name: 'Deny with a note…' }).click()
  await tab.getByLabel('Note for the assistant').fill('Wait until Jeanne has seen it')
  await show('approval-note', '.ask')
  await tab.getByRole('button', { name: 'Deny', exact: true }).click()
  await tab.getByText('I leave the commit here', { exact: false }).waitFor()

  await give(tab, 'Prepare the release then')
  const form = tab.getByRole('article', { name: 'How shall this go out?' })
  await form.getByLabel('2.3.1').check()
  await show('question')
  await form.getByRole('button', { name: 'Answer', exact: true }).click()
  await tab.getByText('2.3.1 it is.').waitFor()

  await give(tab, 'Now explain the fix, for the changelog')
  await tab.getByText('on the two days when the clocks', { exact: false }).waitFor()
  await show('talk-streaming')
  await give(tab, 'And greet the people who told us')
  await tab.getByText('Waits behind another prompt').waitFor()
  await tab.getByRole('button', { name: 'Stop' }).click()
  await tab.getByRole('button', { name: 'Stop, and drop the prompt that waits' }).waitFor()
  await show('talk-stop')
  await tab.getByRole('button', { name: 'Stop, and drop the prompt that waits' }).click()
  await tab.locator('.delivery', { hasText: 'Stopped' }).first().waitFor()
}

async function conversations({ tab, show }: Tour): Promise<void> {
  await tab.getByRole('link', { name: 'Conversations:' }).click()
  await tab.getByRole('button', { name: 'New conversation' }).waitFor()
  await show('conversations')
  await tab.goBack()
}

async function git({ tab, workspace, section, show }: Tour): Promise<void> {
  changeTidepool(workspace)
  await section('Git')
  await tab.getByRole('link', { name: 'src/zones.ts' }).waitFor()
  await show('git')
  await tab.getByRole('link', { name: 'src/tides.ts' }).click()
  await tab.locator('.diff .added').first().waitFor()
  await show('git-diff')
  await tab.getByRole('link', { name: 'All changes' }).click()
  for (const path of ['src/tides.ts', 'src/zones.ts', 'test/tides.test.ts']) {
    await tab.getByLabel(`Commit ${path}`).check()
  }
  await tab.getByLabel('Message').fill('Ask the zone of a place for its offset at that moment')
  await show('git-commit', '.choose-all')
  await tab.getByRole('link', { name: 'History' }).click()
  await tab.locator('.commits').waitFor()
  await show('git-history')
  await tab.locator('.commit summary').first().click()
  await tab.locator('.commit .diff .added').first().waitFor()
  await show('git-history-diff')
}

async function away({ tab, context, studio, workshop, section, show }: Tour): Promise<void> {
  await section('Talk')
  await studio.stop()
  await tab.getByRole('main').getByText('Away, last heard').waitFor()
  await give(tab, 'When you are back: which harbours have no test?')
  await give(tab, 'Then write the tests for the three smallest ones')
  await give(tab, 'And tell me which gauge Jeanne meant')
  await tab.getByRole('button', { name: 'Edit' }).nth(1).click()
  await tab.getByLabel('Edit the prompt').fill('Then write the tests for the five smallest ones')
  await show('talk-queue')
  await workshop.stop()
  await context.setOffline(true)
  await tab.getByRole('link', { name: 'Back' }).click()
  await tab.locator('.notice-bar').waitFor()
  await show('offline')
}

async function elsewhere({ newTab, site }: Tour, visit: Visit): Promise<void> {
  const other = await newTab()
  await other.setViewportSize(PHONE)
  await other.goto(`${site.url}#/pair`)
  await other.getByRole('heading', { name: 'Open in another tab' }).waitFor()
  await visit({ name: 'second-tab', tab: other })
  await other.close()
}

/** `begin` is given the browser before anything is shown. */
export async function tour(visit: Visit, begin: (stage: Stage) => Promise<void> = async () => {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-tour-'))
  const running: Program[] = []
  const stage = await startStage()
  try {
    await stage.context.addInitScript(stillCamera)
    await begin(stage)
    await stage.tab.setViewportSize(PHONE)
    const here = tourOf(stage, folder, visit, running)
    await pairing(here)
    await otherComputers(here)
    await about(here)
    await terminal(here)
    await files(here)
    await conversation(here)
    await conversations(here)
    await git(here)
    await elsewhere(here, visit)
    await away(here)
  } finally {
    for (const program of running) await program.stop()
    await stage.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
