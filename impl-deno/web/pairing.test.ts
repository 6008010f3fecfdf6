// The screens of a pairing, in real Chromium against a Node agent and relay.

import assert from 'node:assert/strict'
import { test } from 'node:test'
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

test('digits that are typed wrongly too often end with their sentence and a way on', TIME, async () => {
  const scene = await startScene()
  const { tab, site, agent } = scene
  try {
    const { uri } = await agent.line('offer')
    await tab.goto(`${site.url}pair#${String(uri).slice('HAPPY://'.length)}`)
    await tab.getByRole('button', { name: 'Pair', exact: true }).click()
    await agent.line('digits')
    const wrong = (await digitsOn(tab)) === '111111' ? '222222' : '111111'
    for (let i = 0; i < 3; i++) agent.type(wrong)
    await tab.getByRole('alert').filter({ hasText: 'typed wrongly too often' }).waitFor()
    await assertAccessible(tab)
    await tab.getByRole('button', { name: 'Try another code' }).click()
    await tab.getByLabel('Pairing code or link').waitFor()
  } finally {
    await scene.close()
  }
})
