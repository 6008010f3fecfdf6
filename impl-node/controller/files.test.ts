import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Controller } from './controller.ts'
import { readFile, writeFile } from './files.ts'

type Answer = (method: string, params: Record<string, unknown>) => unknown

/** An agent that answers as the test says, and what it was asked. */
function scripted(answer: Answer) {
  const asked: [method: string, params: Record<string, unknown>][] = []
  const call = async (method: string, params: Record<string, unknown>) => {
    asked.push([method, params])
    return answer(method, params)
  }
  return { asked, caller: { call } as unknown as Pick<Controller, 'call'> }
}

const content = Buffer.alloc(1_200_000, Buffer.from([1, 2, 3, 4, 5, 6, 7]))
const source = {
  size: content.length,
  read: async (offset: number, length: number) => content.subarray(offset, offset + length),
}
const piece = (offset: number, more: object = {}) => {
  const bytes = content.subarray(offset, offset + 524_288)
  const sha256 = createHash('sha256').update(bytes).digest('base64url')
  return { content: bytes.toString('base64url'), sha256, size: content.length, mtime: 0, version: 'v', ...more }
}

async function whole(caller: Pick<Controller, 'call'>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const { bytes } of readFile(caller, 'large')) parts.push(bytes)
  return Buffer.concat(parts)
}

test('readFile() asks for pieces of the first version, and once more for one without an answer', async () => {
  let silent = true
  const { asked, caller } = scripted((_, { offset }) => {
    if (offset !== 524_288 || !silent) return piece(Number(offset))
    silent = false
    throw new ProtocolError('timeout')
  })
  assert.ok((await whole(caller)).equals(content))
  assert.deepEqual(
    asked.map(([, { offset, version }]) => [offset, version]),
    [
      [0, undefined],
      [524_288, 'v'],
      [524_288, 'v'],
      [1_048_576, 'v'],
    ],
  )
})

for (const [what, answer, code] of [
  ['whose hash is wrong', () => piece(0, { sha256: 'A'.repeat(43) }), 'internal'],
  [
    'that ends before its size',
    (_: string, { offset }: Record<string, unknown>) => piece(Number(offset) < 1_000_000 ? Number(offset) : 2_000_000),
    'internal',
  ],
  [
    'that never answers',
    () => {
      throw new ProtocolError('timeout')
    },
    'timeout',
  ],
] as const) {
  test(`readFile() gives up a file ${what}`, async () => {
    await assert.rejects(whole(scripted(answer).caller), { code })
  })
}

test('writeFile() goes on where the agent says that it is, and begins again where the upload is gone', async () => {
  let has = 0
  let forgets = true
  const { asked, caller } = scripted((method, { offset, data }) => {
    if (method === 'file.write') return { sha256: '', size: has, mtime: 0, version: 'v' }
    const bytes = Buffer.from(String(data), 'base64url').length
    // The first piece arrives and its answer is lost; behind the second the agent starts anew.
    if (offset === 0 && forgets) has = bytes
    else if (offset === 524_288 && forgets) {
      forgets = false
      has = 0
    } else if (offset === has) {
      has += bytes
      return { offset: has }
    }
    throw new ProtocolError('conflict', '', { offset: has })
  })
  const progress: number[] = []
  const { size } = await writeFile(caller, 'large', source, {
    expectedHash: null,
    onProgress: (at) => progress.push(at),
  })
  assert.equal(size, content.length)
  assert.deepEqual(progress, [524_288, 0, 524_288, 1_048_576, content.length])
  const [method, params] = asked.at(-1) ?? []
  assert.deepEqual([method, params?.path, params?.expectedHash], ['file.write', 'large', null])
  assert.equal(new Set(asked.map(([, { upload }]) => upload)).size, 1)
})

test('writeFile() sends a small file in one command, and leaves a refusal as it is', async () => {
  const { asked, caller } = scripted(() => {
    throw new ProtocolError('conflict', '', { sha256: null })
  })
  const small = { size: 2, read: async () => Buffer.from('hi') }
  await assert.rejects(writeFile(caller, 'small', small), { code: 'conflict' })
  assert.deepEqual(asked, [['file.write', { path: 'small', content: 'aGk', encoding: 'base64url' }]])
  await assert.rejects(writeFile(caller, 'large', source), { code: 'conflict' })
})
