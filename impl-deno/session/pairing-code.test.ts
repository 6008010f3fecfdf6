import assert from 'node:assert/strict'
import { isZero } from '../crypto/bytes.ts'
import { withoutSecret } from './pairing-code.ts'

Deno.test('withoutSecret() clears the pairing secret and nothing else', () => {
  const payload = new Uint8Array(73).fill(7)
  const context = withoutSecret(payload)
  assert.ok(isZero(context.subarray(39, 55)))
  assert.ok([...context.subarray(0, 39), ...context.subarray(55)].every((byte) => byte === 7))
})
