import { deepEqual, equal, match, rejects, throws } from 'node:assert/strict'
import { scene } from '../testing/conversation-scene.ts'
import { readAttachments } from './attachments.ts'

const IMAGE = { name: 'a.png', mediaType: 'image/png', data: '_wA' }
const TEXT = { name: 'b.md', mediaType: 'text/markdown', data: 'w6k' }
const ECHO = { otherwise: [{ do: 'text', text: '{attachments}' }] }

for (const [wire, told] of [
  ['acp', /^image image\/png 2 [0-9a-f]{64}; text text\/markdown 2 [0-9a-f]{64}$/],
  ['claude', /^image image\/png 2 [0-9a-f]{64}; text text\/plain 25 [0-9a-f]{64}$/],
] as const) {
  Deno.test(`what goes with a prompt reaches the assistant by ${wire}, and is told without its bytes`, async () => {
    const script = { ...ECHO, takes: ['image', 'text'] }
    const { conversation, ended, messages, close } = await scene(script, undefined, wire)
    const { messageId } = await conversation.send({ prompt: 'go', attachments: [IMAGE, TEXT] })
    await ended(messageId)
    match(String(messages('assistant')[0]?.text), told)
    const facts = messages('user')[0]?.attachments as { name: string; size: number; sha256: string }[]
    deepEqual(
      facts.map(({ name, size, sha256 }) => [name, size, sha256.length]),
      [
        ['a.png', 2, 43],
        ['b.md', 2, 43],
      ],
    )
    await close()
  })
}

Deno.test('an attachment that the assistant does not take is unsupported, and nothing is told', async () => {
  const { conversation, told, close } = await scene({ ...ECHO, takes: ['text'] })
  const refused = { code: 'unsupported', data: { kind: 'image' } }
  await rejects(conversation.send({ prompt: 'go', attachments: [TEXT, IMAGE] }), refused)
  equal(told.filter(({ method }) => method === 'message').length, 0)
  await close()
})

Deno.test('readAttachments() keeps a byte order mark, and refuses what is neither image nor UTF-8', () => {
  const read = (one: object) => readAttachments({ prompt: 'go', attachments: [{ ...TEXT, ...one }] })
  equal(read({ data: '77u_YQ' })[0]?.text, '\ufeffa')
  throws(() => read({ data: '_w' }), { code: 'invalid-params' })
  throws(() => read({ data: 'w6l' }), { code: 'invalid-params' })
  deepEqual(readAttachments({ prompt: 'go' }), [])
})
