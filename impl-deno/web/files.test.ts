// The workspace of a Node agent in real Chromium: walking, reading, editing, and what goes wrong.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertAccessible, startScene } from './testing/scene.ts'
import { DRAFT, stored } from './testing/stored.ts'

const TIME = { timeout: 240_000 }

test('files are walked through, read piece by piece, and said to be what they are', TIME, async () => {
  const scene = await startScene()
  const { tab, workspace } = scene
  try {
    mkdirSync(join(workspace, 'notes'))
    writeFileSync(join(workspace, 'notes', 'a b#<i>.md'), '# Title\n\n<img src=x onerror=alert(1)>\n')
    writeFileSync(join(workspace, 'greeting.ts'), "export const greeting = 'Hi'\n")
    writeFileSync(join(workspace, 'logo.bin'), new Uint8Array([1, 0, 2]))
    writeFileSync(join(workspace, 'big.log'), `${'é'.repeat(39)}\n`.repeat(10_000))
    await scene.pair()
    await tab.getByRole('link', { name: 'Files' }).click()
    await tab.getByRole('link', { name: 'notes' }).click()
    await assertAccessible(tab)
    await tab.getByRole('link', { name: 'a b#<i>.md' }).click()
    await tab.getByText('<img src=x onerror=alert(1)>').waitFor()
    assert.equal(await tab.locator('img').count(), 0)
    await tab.goBack()
    await tab.goBack()
    await tab.getByRole('link', { name: 'greeting.ts' }).click()
    await tab.locator('.hljs-keyword', { hasText: 'export' }).waitFor()
    await assertAccessible(tab)

    await tab.getByRole('link', { name: 'Workspace' }).click()
    await tab.getByRole('link', { name: 'logo.bin' }).click()
    await tab.getByText('This is not text', { exact: false }).waitFor()
    assert.equal(await tab.getByRole('button', { name: 'Edit' }).count(), 0)
    const kept = tab.waitForEvent('download')
    await tab.getByRole('button', { name: 'Save to this device' }).click()
    assert.deepEqual([...readFileSync(await (await kept).path())], [1, 0, 2])

    await tab.getByRole('link', { name: 'Workspace' }).click()
    await tab.getByRole('link', { name: 'big.log' }).click()
    await tab.getByText('Only the first 512 KiB of 771.5 KiB are shown.').waitFor()
    await tab.getByRole('button', { name: 'Read the next piece' }).click()
    await tab.getByRole('button', { name: 'Edit' }).waitFor()
    assert.equal(((await tab.locator('.file-text').textContent()) ?? '').length, 400_000)
  } finally {
    await scene.close()
  }
})

test('an edit is saved over what was seen alone: with a conflict the person chooses', TIME, async () => {
  const scene = await startScene()
  const { tab, workspace, context } = scene
  const path = join(workspace, 'list.txt')
  const onDisk = () => readFileSync(path, 'utf8')
  try {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    writeFileSync(path, 'one\r\ntwo\r\n')
    await scene.pair()
    await tab.getByRole('link', { name: 'Files' }).click()
    await tab.getByRole('link', { name: 'list.txt' }).click()
    const edit = async (text: string) => {
      await tab.getByRole('button', { name: 'Edit' }).click()
      await tab.getByLabel('Text of list.txt').fill(text)
    }
    const save = () => tab.getByRole('button', { name: 'Save', exact: true }).click()
    await edit('one\n2\n')
    await assertAccessible(tab)
    await save()
    await tab.getByRole('button', { name: 'Edit' }).waitFor()
    assert.equal(onDisk(), 'one\r\n2\r\n')

    // What was not saved is there after looking at something else.
    await edit('one\nmine\n')
    await tab.getByRole('link', { name: 'Workspace' }).click()
    await tab.getByText('not saved').waitFor()
    await tab.locator('.file-entry', { hasText: 'list.txt' }).click()
    assert.equal(await tab.getByLabel('Text of list.txt').inputValue(), 'one\nmine\n')

    writeFileSync(path, 'one\r\ntheirs\r\n')
    await save()
    const conflict = tab.getByRole('region', { name: 'The file has changed meanwhile' })
    await conflict.getByText('-theirs').waitFor()
    await conflict.getByText('+mine').waitFor()
    await assertAccessible(tab)
    assert.equal(onDisk(), 'one\r\ntheirs\r\n')
    await conflict.getByRole('button', { name: 'Copy mine' }).click()
    await conflict.getByRole('button', { name: 'Copied' }).waitFor()
    assert.equal(await tab.evaluate('navigator.clipboard.readText()'), 'one\nmine\n')
    // Whoever was faster once more is not overwritten unseen.
    writeFileSync(path, 'one\r\nnewer\r\n')
    await conflict.getByRole('button', { name: 'Overwrite theirs with mine' }).click()
    await conflict.getByText('-newer').waitFor()
    assert.equal(onDisk(), 'one\r\nnewer\r\n')
    await conflict.getByRole('button', { name: 'Overwrite theirs with mine' }).click()
    await tab.getByRole('button', { name: 'Edit' }).waitFor()
    assert.equal(onDisk(), 'one\r\nmine\r\n')

    // What was not saved is there when the page is loaded again.
    const dropped = `dropped ${'x'.repeat(600)}\n`
    await edit(dropped)
    await stored(tab, DRAFT, 600)
    await tab.reload()
    await tab.getByLabel('Text of list.txt').waitFor()
    assert.equal(await tab.getByLabel('Text of list.txt').inputValue(), dropped)
    writeFileSync(path, 'kept\n')
    await save()
    await conflict.getByRole('button', { name: 'Take theirs, drop mine' }).click()
    await tab.locator('.file-text', { hasText: 'kept' }).waitFor()
    assert.equal(onDisk(), 'kept\n')

    await edit('again\n')
    rmSync(path)
    await save()
    const gone = tab.getByRole('region', { name: 'The file is gone' })
    await gone.getByRole('button', { name: 'Make it again from mine' }).click()
    await tab.getByRole('button', { name: 'Edit' }).waitFor()
    assert.equal(onDisk(), 'again\n')
  } finally {
    await scene.close()
  }
})

test('a file that went away and a protected one have their sentences', TIME, async () => {
  const scene = await startScene()
  const { tab, workspace } = scene
  try {
    writeFileSync(join(workspace, 'soon-gone.txt'), 'x')
    writeFileSync(join(workspace, '.mcp.json'), '{}\n')
    await scene.pair()
    await tab.getByRole('link', { name: 'Files' }).click()
    const entry = tab.getByRole('link', { name: 'soon-gone.txt' })
    await entry.waitFor()
    rmSync(join(workspace, 'soon-gone.txt'))
    await entry.click()
    await tab.getByText('It is not there any more', { exact: false }).waitFor()
    await assertAccessible(tab)

    await tab.getByRole('link', { name: 'Workspace' }).click()
    await tab.getByRole('link', { name: '.mcp.json' }).click()
    await tab.getByRole('button', { name: 'Edit' }).click()
    await tab.getByLabel('Text of .mcp.json').fill('{"mcpServers":{}}\n')
    await tab.getByRole('button', { name: 'Save', exact: true }).click()
    await tab.getByText('Not saved: The computer does not allow it', { exact: false }).waitFor()
    assert.equal(readFileSync(join(workspace, '.mcp.json'), 'utf8'), '{}\n')
  } finally {
    await scene.close()
  }
})

test('a device without the right to files is not shown any', TIME, async () => {
  const scene = await startScene({ grant: 'observe,prompt' })
  const { tab } = scene
  try {
    await scene.pair()
    await tab.getByLabel('Prompt').waitFor()
    assert.equal(await tab.getByRole('link', { name: 'Files' }).count(), 0)
    await tab.evaluate("location.hash = location.hash.replace('/talk', '/files')")
    await tab.getByLabel('Prompt').waitFor()
    assert.equal(await tab.locator('.files').count(), 0)
  } finally {
    await scene.close()
  }
})
