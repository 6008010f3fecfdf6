// The screens of a pairing, in real Chromium against a Node agent and relay.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import type { Program } from './testing/program.ts'
import { assertAccessible, digitsOn, startScene } from './testing/scene.ts'

const TIME = { timeout: 240_000 }

test('a person pairs by pasting a code, sees with whom, and types the digits at the computer', TIME, async () => {
  const scene = await startScene()
  const { tab, site, agent } = scene
  try {
    await tab.goto(site.url)
    await tab.getByRole('heading', { name: 'No computer yet' }).waitFor()
    await assertAccessible(tab)

    await tab.getByRole('link', { name: 'Pair a computer' }).click()
    await assertAccessible(tab)
    const field = tab.getByLabel('Pairing code or link')
    const { uri } = await agent.line('offer')
    await field.fill(String(uri).slice(0, 60))
    await tab.getByRole('button', { name: 'Continue' }).click()
    await tab.getByRole('alert').filter({ hasText: 'not a whole pairing code' }).waitFor()
    await field.fill(String(uri))
    await tab.getByRole('button', { name: 'Continue' }).click()

    await tab.getByRole('heading', { name: 'Pair with this computer?' }).waitFor()
    const { deviceId, relay } = await agent.line('started')
    await tab.getByText(`hd1${deviceId}`).waitFor()
    await tab.getByText(String(relay).replace(/\/v1$/, ''), { exact: false }).first().waitFor()
    await assertAccessible(tab)
    await tab.getByLabel('Name of this device').fill('Phone of the test')
    await tab.getByRole('button', { name: 'Pair', exact: true }).click()

    await agent.line('digits')
    await tab.getByRole('heading', { name: 'Type this on the computer' }).waitFor()
    await assertAccessible(tab)
    agent.type(await digitsOn(tab))
    await tab.getByRole('button', { name: 'Open' }).click()
    await tab.getByRole('heading', { name: 'Nothing was said yet' }).waitFor()
    await assertAccessible(tab)
    await tab.getByText('Online, heard').first().waitFor()

    await tab.getByRole('link', { name: 'About' }).click()
    await tab.getByText('Phone of the test').waitFor()
    await assertAccessible(tab)
    await tab.getByLabel('Your name for this computer').fill('The old one')
    await tab.getByRole('button', { name: 'Use this name' }).click()
    await tab.getByRole('heading', { name: 'The old one' }).waitFor()
    await tab.reload()
    await tab.getByRole('heading', { name: 'The old one' }).waitFor()
    await tab.getByLabel('Your name for this computer').fill('')
    await tab.getByRole('button', { name: 'Use this name' }).click()
    await tab.getByRole('heading', { name: 'desk' }).waitFor()
  } finally {
    await scene.close()
  }
})

test('a code in the address is taken out of it at once, and is used only after consent', TIME, async () => {
  const scene = await startScene()
  const { tab, site, agent } = scene
  try {
    const { uri } = await agent.line('offer')
    const code = String(uri).slice('HAPPY://'.length)
    await tab.goto(`${site.url}pair#${code}`)
    await tab.getByRole('heading', { name: 'Pair with this computer?' }).waitFor()
    assert.equal(tab.url(), `${site.url}#/pair`)
    await tab.getByRole('button', { name: 'Cancel' }).click()
    await tab.getByLabel('Pairing code or link').waitFor()
    assert.equal(await tab.evaluate((secret) => document.documentElement.innerHTML.includes(secret), code), false)
  } finally {
    await scene.close()
  }
})

const failure = (tab: Page, sentence: string) => tab.getByRole('alert').filter({ hasText: sentence }).waitFor()
const tryAnother = (tab: Page) => tab.getByRole('button', { name: 'Try another code' }).click()

/** Gives the page the code of that number. */
async function use(tab: Page, agent: Program, number: number): Promise<void> {
  const { uri } = await agent.line('offer', number)
  await tab.getByLabel('Pairing code or link').fill(String(uri))
  await tab.getByRole('button', { name: 'Continue' }).click()
  await tab.getByRole('button', { name: 'Pair', exact: true }).click()
}

/** Has the agent make its next code, and takes it to the digits. */
async function toDigits(tab: Page, agent: Program, number: number): Promise<string> {
  if (number > 1) agent.type('pair')
  await use(tab, agent, number)
  await agent.line('digits', number)
  return digitsOn(tab)
}

test(
  'wrong digits, a no at the computer and a code of somebody else have their sentence, and a new code works',
  TIME,
  async () => {
    const scene = await startScene()
    const { tab, site, agent, newTab } = scene
    try {
      await tab.goto(`${site.url}#/pair`)
      const wrong = (await toDigits(tab, agent, 1)) === '111111' ? '222222' : '111111'
      for (let i = 0; i < 3; i++) agent.type(wrong)
      await failure(tab, 'typed wrongly too often')
      await assertAccessible(tab)
      await tryAnother(tab)

      await toDigits(tab, agent, 2)
      agent.type('cancel')
      await failure(tab, 'The computer has ended it')
      await tryAnother(tab)

      const digits = await toDigits(tab, agent, 3)
      // Of another origin, and so another device.
      const other = await newTab()
      await other.goto(`${site.url.replace('127.0.0.1', 'localhost')}#/pair`)
      await use(other, agent, 3)
      // The agent hears the first one alone from now on, and a relay tells nobody why a frame was not delivered.
      await other.getByRole('status').filter({ hasText: 'another device may have used it already' }).waitFor()
      await tryAnother(other)
      agent.type(digits)
      await tab.getByRole('button', { name: 'Open' }).click()
      await tab.getByText('Online, heard').first().waitFor()
    } finally {
      await scene.close()
    }
  },
)

for (const runtime of ['node', 'deno'] as const) {
  const what =
    'digits are found again, given up and failed without a trace in the list, and beside a pairing that works'
  test(`${what}: ${runtime} agent`, TIME, async () => {
    const scene = await startScene({ agent: runtime })
    const { tab, site, agent, newTab } = scene
    const toList = () => tab.getByRole('link', { name: 'Cancel' }).click()
    const awaiting = tab.getByRole('link', { name: 'A computer Waiting for the six digits' })
    const none = tab.getByRole('heading', { name: 'No computer yet' })
    const desk = tab.getByRole('link', { name: 'desk Online' })
    try {
      await tab.goto(`${site.url}#/pair`)
      const digits = await toDigits(tab, agent, 1)
      await toList()
      await awaiting.waitFor()
      await assertAccessible(tab)
      await tab.reload()
      await awaiting.click()
      assert.equal(await digitsOn(tab), digits)
      await tab.getByRole('button', { name: 'Give it up' }).click()
      await tab.getByLabel('Pairing code or link').waitFor()
      await toList()
      await none.waitFor()

      agent.type('cancel')
      await agent.line('pairing-failed')
      await tab.goto(`${site.url}#/pair`)
      await toDigits(tab, agent, 2)
      agent.type('cancel')
      await failure(tab, 'The computer has ended it')
      await toList()
      await none.waitFor()
      await tab.reload()
      await none.waitFor()

      for (const number of [3, 4]) {
        await tab.goto(`${site.url}#/pair`)
        const digits = await toDigits(tab, agent, number)
        // In the second the computer would not know the name of this device.
        if (number === 3) await tab.reload()
        assert.equal(await digitsOn(tab), digits)
        agent.type(digits)
        await tab.getByRole('button', { name: 'Open' }).click()
        // It is left before it is come back to.
        await tab.getByRole('heading', { name: 'desk' }).waitFor()
        await desk.waitFor()
        assert.equal(await tab.locator('.cards li').count(), 1)
        // Some agents say so after 10 s where the page that knew the code is gone.
        await agent.line('paired', number - 2)
      }

      // Of another origin, and so another device, with a code that is used up.
      const other = await newTab()
      await other.goto(`${site.url.replace('127.0.0.1', 'localhost')}#/pair`)
      await use(other, agent, 4)
      await other.getByRole('status').filter({ hasText: 'another device may have used it already' }).waitFor()
      await tryAnother(other)
      await other.getByLabel('Pairing code or link').waitFor()
      await other.close()

      await tab.goto(`${site.url}#/pair`)
      const wrong = (await toDigits(tab, agent, 5)) === '111111' ? '222222' : '111111'
      await desk.waitFor()
      for (let i = 0; i < 3; i++) agent.type(wrong)
      await failure(tab, 'typed wrongly too often')
      // Beside what is over there is a way to the next one.
      await tab.getByRole('link', { name: 'Pair a computer' }).click()
      await tab.getByLabel('Pairing code or link').waitFor()
      await toList()
      await desk.click()
      assert.equal(await tab.locator('.cards li').count(), 1)
      await tab.getByLabel('Prompt').fill('Tell me a story')
      await tab.getByRole('button', { name: 'Send' }).click()
      await tab.getByText('Once upon a time', { exact: false }).waitFor()

      const { name } = await agent.line('paired', 2)
      assert.match(String(name), / /)
      agent.type('revoke no such device')
      await agent.line('unknown-input')
      agent.type(`revoke ${name}`)
      await failure(tab, 'This device was removed at the computer')
    } finally {
      await scene.close()
    }
  })
}

test('a code that is over while the person reads, and a relay that is away, are told with a way on', TIME, async () => {
  const scene = await startScene({ ttl: 5 })
  const { tab, site, agent, relay } = scene
  try {
    const { uri } = await agent.line('offer')
    await tab.goto(`${site.url}pair#${String(uri).slice('HAPPY://'.length)}`)
    await failure(tab, 'the code is over')
    await assertAccessible(tab)
    await agent.line('pairing-failed')
    // The clocks may differ: who goes on all the same hears that nobody answers.
    await tab.getByRole('button', { name: 'Pair', exact: true }).click()
    await tab.getByRole('status').filter({ hasText: 'Its code may be over' }).waitFor()
    await tryAnother(tab)

    agent.type('pair')
    const { uri: next } = await agent.line('offer', 2)
    await relay.stop()
    await tab.getByLabel('Pairing code or link').fill(String(next))
    await tab.getByRole('button', { name: 'Continue' }).click()
    await tab.getByRole('button', { name: 'Pair', exact: true }).click()
    await tab.getByRole('status').filter({ hasText: 'The relay cannot be reached' }).waitFor()
    await assertAccessible(tab)
    await tryAnother(tab)
    await tab.getByLabel('Pairing code or link').waitFor()
  } finally {
    await scene.close()
  }
})

test(
  'a device that the computer removes hears of it, or is told what it may be, and can pair again',
  TIME,
  async () => {
    const scene = await startScene()
    const { tab, site, agent } = scene
    try {
      await scene.pair()
      const { deviceId } = await agent.line('paired')
      agent.type(`revoke ${deviceId}`)
      await failure(tab, 'This device was removed at the computer')
      await assertAccessible(tab)
      await tab.getByRole('link', { name: 'Pair again' }).click()
      agent.type(await toDigits(tab, agent, 2))
      await tab.getByRole('button', { name: 'Open' }).click()
      await tab.getByText('Online, heard').first().waitFor()

      await tab.goto('about:blank')
      agent.type(`revoke ${(await agent.line('paired', 2)).deviceId}`)
      await agent.line('revoked', 2)
      await tab.goto(site.url)
      await tab.getByRole('link', { name: 'desk' }).click()
      await tab.getByRole('status').filter({ hasText: 'has removed this device' }).waitFor()
      await assertAccessible(tab)
      await tab.getByRole('link', { name: 'Pair again' }).click()
      agent.type(await toDigits(tab, agent, 3))
      await tab.getByRole('button', { name: 'Open' }).click()
      await tab.getByText('Online, heard').first().waitFor()
      assert.equal(await tab.getByText('has removed this device').count(), 0)
    } finally {
      await scene.close()
    }
  },
)
