import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeBase32, encodeBase32 } from './base32.ts'

Deno.test('decodeBase32() gives back what encodeBase32() was given, in either case', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeBase32(bytes)
      assert.deepEqual([...(decodeBase32(text) ?? [])], [...bytes])
      assert.deepEqual([...(decodeBase32(text.toLowerCase()) ?? [])], [...bytes])
    }),
  )
})

Deno.test('decodeBase32() takes a text only if encoding gives the same text again', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ABCQ27=1 '), maxLength: 12 }), (text) => {
      const bytes = decodeBase32(text)
      if (bytes) assert.equal(encodeBase32(bytes), text)
      else assert.ok(/[=1 ]/.test(text) || [1, 3, 6].includes(text.length % 8) || /[BCQ27]$/.test(text))
    }),
  )
})
