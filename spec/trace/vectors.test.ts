import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readVectorFile } from './vectors.ts'

test('readVectorFile() counts the cases that carry a flag of a requirement, by their result', () => {
  const { cases, named, codes, words } = readVectorFile(
    'qr',
    JSON.stringify({
      header: ['A code.'],
      flags: { A: { requirement: 'relay.a' }, A2: { requirement: 'relay.a' }, B: { requirement: 'relay.b' }, C: {} },
      groups: [
        {
          label: 'encode',
          tests: [
            { flags: ['A', 'A2', 'C'], result: 'valid', comment: 'whole' },
            { flags: ['A'], result: 'invalid', reject: { code: 'length' } },
            {},
          ],
        },
      ],
    }),
  )
  assert.deepEqual([...cases], [['relay.a', { valid: 1, invalid: 1 }]])
  assert.deepEqual([...named], ['relay.a', 'relay.b'])
  assert.deepEqual([...codes], ['length'])
  assert.match(words, /A code\.\n[\s\S]*encode\nwhole/)
})
