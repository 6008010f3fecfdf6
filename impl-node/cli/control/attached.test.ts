import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { UsageError } from '../command.ts'
import { Failure } from '../failure.ts'
import { attachedFiles } from './attached.ts'

test('images and files of text are read, and what cannot go with a prompt is refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'happy-attached-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  const image = file('Screen.JPG', Buffer.of(0xff, 0))
  const text = file('notes', Buffer.from('é'))
  assert.deepEqual(await attachedFiles(undefined), {})
  assert.deepEqual(await attachedFiles(`${image},${text}`), {
    attachments: [
      { name: 'Screen.JPG', mediaType: 'image/jpeg', data: '_wA' },
      { name: 'notes', mediaType: 'text/plain', data: 'w6k' },
    ],
  })
  const failed = (why: RegExp) => (error: unknown) => error instanceof Failure && why.test(error.message)
  await assert.rejects(attachedFiles(file('torn.txt', Buffer.of(0xff))), failed(/no image, and not text/))
  await assert.rejects(attachedFiles(file('large', Buffer.alloc(800_000))), failed(/too large/))
  await assert.rejects(attachedFiles(join(folder, 'none')), failed(/no such file/))
  await assert.rejects(attachedFiles(`${text},`), UsageError)
  await assert.rejects(attachedFiles(Array(11).fill(text).join()), UsageError)
})
