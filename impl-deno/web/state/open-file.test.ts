import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallFailure } from '../../controller/failure.ts'
import type { FileAgent } from '../../controller/files.ts'
import { fromBase64url, toBase64url } from '../../crypto/base64url.ts'
import { utf8 } from '../../crypto/bytes.ts'
import { hash } from '../../crypto/primitives.ts'
import { lineEndOf, OpenFile } from './open-file.ts'

const hashOf = (bytes: Uint8Array): string => toBase64url(hash(bytes))

/** One file, that writes as an agent does (rpc.file.expected). */
function agentWith(bytes: Uint8Array) {
  const disk = { bytes, loses: false }
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
  return { disk, file: new OpenFile({ call } as unknown as FileAgent, 'x') }
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
