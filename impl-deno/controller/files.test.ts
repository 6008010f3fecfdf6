import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { fromBase64url, toBase64url } from '../crypto/base64url.ts'
import { concat } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'
import { CallFailure } from './failure.ts'
import { type FileAgent, filePieces, putFile } from './files.ts'

const content = new Uint8Array(1_100_000).map((_, i) => (i * 7) % 251)
const source = {
  size: content.length,
  read: (offset: number, length: number) => Promise.resolve(content.slice(offset, offset + length)),
}

interface Asked {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

/** Answers with what `answer` gives or throws. */
function agentThat(answer: (asked: Asked) => unknown) {
  const asked: Asked[] = []
  const call = (method: string, params: Asked['params']) => {
    asked.push({ method, params })
    return Promise.try(() => answer({ method, params }))
  }
  return { asked, agent: { call } as unknown as FileAgent }
}

const pieceAt = (offset: number, more: object = {}) => {
  const bytes = content.subarray(offset, offset + 524_288)
  return { content: toBase64url(bytes), sha256: toBase64url(hash(bytes)), size: content.length, version: 'v', ...more }
}
const all = async (agent: FileAgent) =>
  concat(...(await Array.fromAsync(filePieces(agent, 'x'))).map(({ bytes }) => bytes))

Deno.test('filePieces() reads one version to its end, past a question without an answer', async () => {
  let silent = true
  const { asked, agent } = agentThat(({ params: { offset } }) => {
    if (offset === 524_288 && silent) {
      silent = false
      throw new CallFailure('timeout', 'no answer')
    }
    return pieceAt(Number(offset))
  })
  deepEqual(await all(agent), content)
  deepEqual(
    asked.map(({ params: { offset, version } }) => [offset, version]),
    [
      [0, undefined],
      [524_288, 'v'],
      [524_288, 'v'],
      [1_048_576, 'v'],
    ],
  )
})

Deno.test('filePieces() takes no piece whose hash is another, and none that brings nothing', async () => {
  await rejects(all(agentThat(() => pieceAt(0, { sha256: toBase64url(hash()) })).agent), { code: 'internal' })
  await rejects(all(agentThat(() => pieceAt(2_000_000)).agent), { code: 'internal' })
  await rejects(
    all(
      agentThat(() => {
        throw new CallFailure('conflict', 'it has changed')
      }).agent,
    ),
    { code: 'conflict' },
  )
})

Deno.test('putFile() goes on at the offset that the agent tells, after a lost answer and after a lost upload', async () => {
  let has = 0
  let steps = 0
  const { asked, agent } = agentThat(({ method, params }) => {
    if (method === 'file.write') return { size: has }
    steps++
    const length = fromBase64url(String(params.data)).length
    if (steps === 1) has = length
    if (steps === 2) has = 0
    if (steps <= 2 || params.offset !== has) throw new CallFailure('conflict', 'elsewhere', { offset: has })
    has += length
    return { offset: has }
  })
  const arrived: number[] = []
  equal(
    (await putFile(agent, 'x', source, { expectedHash: null, arrived: (at) => arrived.push(at) })).size,
    content.length,
  )
  deepEqual(arrived, [524_288, 0, 524_288, 1_048_576, content.length])
  equal(asked.at(-1)?.params.expectedHash, null)
  equal(new Set(asked.map(({ params }) => params.upload)).size, 1)
})

Deno.test('putFile() sends what is small in one command, and passes on what is refused', async () => {
  const small = { size: 2, read: () => Promise.resolve(Uint8Array.of(0x68, 0x69)) }
  const { asked, agent } = agentThat(() => {
    throw new CallFailure('conflict', 'there is one', { sha256: null })
  })
  await rejects(putFile(agent, 'x', small), { code: 'conflict' })
  deepEqual(asked, [{ method: 'file.write', params: { path: 'x', content: 'aGk', encoding: 'base64url' } }])
  await rejects(putFile(agent, 'x', source), { code: 'conflict' })
  ok(asked.length === 2)
})
