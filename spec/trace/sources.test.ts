import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSourceFile } from './sources.ts'

test('readSourceFile() takes the ids that a comment begins with as citations, and no addresses or calls', () => {
  const { cited } = readSourceFile(
    'x.ts',
    [
      '// relay.a, relay.b: why',
      '  x() // relay.c',
      ' * relay.d and relay.e-f say so',
      "const url = 'wss://relay.example.com'",
      '// as relay.g says',
      '// session.open(x) is called',
      'relay.h.i()',
    ].join('\n'),
  )
  assert.deepEqual([...cited].sort(), ['relay.a', 'relay.b', 'relay.c', 'relay.d', 'relay.e-f'])
})
