import assert from 'node:assert/strict'
import test from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { scripted, type Wire } from './assistants/testkit.ts'

const IMAGE = { name: 'a.png', mediaType: 'image/png', data: '_wA' }
const TEXT = { name: 'b "c".md', mediaType: 'text/markdown', data: 'w6k' }
const refusal = (code: string) => (error: unknown) => error instanceof ProtocolError && error.code === code
const echo = { go: [{ do: 'text', text: '{attachments}' }] }

test('an ACP assistant gets images and text as they are, and everybody is told of them', async (t) => {
  const on = scripted(t, echo, { script: { takes: ['image', 'text'] } })
  await on.conversation.send({ prompt: 'go', attachments: [IMAGE, TEXT] }, 'id1')
  await on.log.settled('id1')
  const [prompt, answer] = on.log.of('claude.message')
  assert.deepEqual(
    prompt?.attachments?.map(({ name, mediaType, size }) => [name, mediaType, size]),
    [
      ['a.png', 'image/png', 2],
      ['b "c".md', 'text/markdown', 2],
    ],
  )
  assert.match(answer?.text ?? '', /^image image\/png 2 [0-9a-f]{64}; text text\/markdown 2 [0-9a-f]{64}$/)
})

test('Claude Code gets images, and text with the name of its file', async (t) => {
  const on = scripted(t, echo, { wire: 'claude' as Wire })
  await on.conversation.send({ prompt: 'go', attachments: [IMAGE, TEXT] }, 'id1')
  await on.log.settled('id1')
  const said = on.log.of('claude.message').at(-1)?.text ?? ''
  const length = Buffer.byteLength('Attached file "b \\"c\\".md":\n\né')
  assert.match(said, new RegExp(`^image image/png 2 [0-9a-f]{64}; text text/plain ${length} [0-9a-f]{64}$`))
})

test('what is no text, or is not taken, is refused before anything is told', async (t) => {
  const on = scripted(t, echo, { script: { takes: ['text'] } })
  const send = (one: object) => on.conversation.send({ prompt: 'go', attachments: [{ ...TEXT, ...one }] }, 'id1')
  await assert.rejects(send({ data: '_w' }), refusal('invalid-params'))
  await assert.rejects(send({ data: 'w6l' }), refusal('invalid-params'))
  await assert.rejects(send(IMAGE), (error) => {
    assert.ok(error instanceof ProtocolError)
    assert.deepEqual([error.code, error.data], ['unsupported', { kind: 'image' }])
    return true
  })
  assert.deepEqual(on.log.of('claude.message'), [])
})
