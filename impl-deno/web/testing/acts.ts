// What a person does in a conversation and in a terminal.

import type { Page } from 'playwright-core'

export async function give(tab: Page, prompt: string): Promise<void> {
  await tab.getByLabel('Prompt').fill(prompt)
  await tab.getByRole('button', { name: 'Send' }).click()
}

export const screenOf = (tab: Page) => tab.locator('.xterm-rows')
export const shows = (tab: Page, text: string): Promise<void> => screenOf(tab).getByText(text).first().waitFor()

/** Types a line into the shell. */
export async function run(tab: Page, line: string): Promise<void> {
  await tab.getByLabel('Terminal input', { exact: false }).focus()
  await tab.keyboard.type(line)
  await tab.keyboard.press('Enter')
}

/** Opens a shell, and waits until it has run something. */
export async function openTerminal(tab: Page): Promise<void> {
  const current = '.terminal-list [aria-current]'
  const other = (await tab.locator(current).count()) > 0 ? await tab.locator(current).getAttribute('aria-label') : ''
  await tab.getByRole('button', { name: 'New terminal' }).click()
  // What is typed before it is there goes to the other one.
  await tab.locator(`${current}:not([aria-label="${other}"])`).waitFor()
  await tab.getByRole('group', { name: 'Keys' }).waitFor()
  await run(tab, "PS1='ready> '; echo opened-$((40 + 2))")
  await shows(tab, 'opened-42')
}
