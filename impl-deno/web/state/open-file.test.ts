import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallFailure } from '../../controller/failure.ts'
import type { FileAgent } from '../../controller/files.ts'
import { fromBase64url, toBase64url } from '../../crypto/base64url.ts'
import { utf8 } from '../../crypto/bytes.ts'
import { hash } from '../../crypto/primitives.ts'
import type { FileDraft } from './drafts.ts'
import { Files } from './files.ts'
import { lineEndOf, OpenFile } from './open-file.ts'

const hashOf = (bytes: Uint8Array): string => toBase64url(hash(bytes))

interface Disk {
  bytes: Uint8Array
  loses: boolean
}

/** One file, that writes as an agent does (rpc.file.expected). */
function agentOf(disk: Disk): FileAgent {
  const state = () => ({ size: disk.bytes.length, mtime: 1, version: hashOf(disk.bytes) })
  const call = async (method: string, params: Record<string, unknown>) => {
    if (method === 'file.stat') return { type: 'file', ...state() }
    if (method === 'file.read') {
      const from = params.offset as number
      const piece = disk.bytes.subarray(from, from + 524_288)
      return { content: toBase64url(piece), sha256: hashOf(piece), ...state() }
    }
    const sha256 = hashOf(disk.bytes)
    if (params.expectedHash !== sha256) throw new CallFailure('conflict', 'Another one', { sha256 })
    disk.bytes = fromBase64url(params.content as string)
    if (disk.loses) throw new CallFailure('uncertain', 'The answer was lost')
    return { sha256, ...state() }
  }
  return { call } as unknown as FileAgent
}

function agentWith(bytes: Uint8Array) {
  const disk: Disk = { bytes, loses: false }
  return { disk, file: new OpenFile(agentOf(disk), 'x') }
}

test('line ends are kept, and a text with several kinds is not edited', async () => {
  assert.deepEqual(['a', 'a\nb', 'a\r\nb\r\n'].map(lineEndOf), ['\n', '\n', '\r\n'])
  assert.deepEqual(['a\r\nb\n', 'a\rb', '\n\r\n', 'a\r'].map(lineEndOf), Array(4).fill(undefined))
  const { file } = agentWith(utf8('a\r\nb\n'))
  await file.read()
  assert.equal(file.whyNot, 'line-ends')
})

test('what is no UTF-8, has a zero, is cut or is large is not edited', async () => {
  for (const [bytes, whyNot] of [
    [new Uint8Array([0xff, 0x41]), 'binary'],
    [new Uint8Array([0x41, 0]), 'binary'],
    [new Uint8Array([0xc3]), 'binary'],
    [new Uint8Array(600_000).fill(0x41), 'unread'],
    [new Uint8Array(1_100_000).fill(0x41), 'large'],
    [new Uint8Array(0), undefined],
  ] as const) {
    const { file } = agentWith(bytes)
    await file.read()
    assert.equal(file.whyNot, whyNot)
  }
})

test('a character that is cut by the end of a piece is read with the next one', async () => {
  const text = `a${'é'.repeat(300_000)}`
  const { file } = agentWith(utf8(text))
  await file.read()
  await file.reading.value.more()
  assert.equal(file.reading.value.text.value, text)
  assert.equal(file.whyNot, undefined)
})

test('a write whose answer was lost is no conflict when it is tried again', async () => {
  const { disk, file } = agentWith(utf8('a'))
  await file.read()
  file.edit()
  file.draft.value = 'b'
  disk.loses = true
  await assert.rejects(file.save(), { code: 'uncertain' })
  assert.equal(file.draft.value, 'b')
  await file.save()
  assert.deepEqual([file.conflict.value, file.draft.value, file.reading.value.text.value], [undefined, undefined, 'b'])
})

test('what was written before the page was loaded again goes on, and never over a version that was not seen', async () => {
  for (const [now, conflict] of [
    ['a', undefined],
    ['b', 'b'],
  ] as const) {
    const { disk, file } = agentWith(utf8('a'))
    await file.read()
    file.edit()
    file.draft.value = 'mine'
    const left = file.unsaved
    assert.ok(left)
    disk.bytes = utf8(now)
    const again = new OpenFile(agentOf(disk), 'x')
    await again.read()
    await again.restore(left)
    assert.deepEqual([again.draft.value, again.conflict.value?.theirs?.text.value], ['mine', conflict])
    if (!conflict) await again.save()
    assert.equal(new TextDecoder().decode(disk.bytes), conflict ?? 'mine')
  }
})

test('what was written of a file that is gone is there, and can make it again', async () => {
  const { file } = agentWith(utf8('a'))
  await file.read()
  file.edit()
  file.draft.value = 'mine'
  const left = file.unsaved as FileDraft
  const call = async () => {
    throw new CallFailure('not-found', 'It is gone')
  }
  const files = new Files({ call } as unknown as FileAgent, [left])
  assert.equal(files.isUnsaved('x'), true)
  const again = await files.at('x')
  assert.ok(typeof again === 'object')
  assert.deepEqual([again.draft.value, again.conflict.value], ['mine', { theirs: null, hash: null }])
  assert.deepEqual(files.drafts.value, [left])
  await assert.rejects(files.at('y'), { code: 'not-found' })
})
