import assert from 'node:assert/strict'
import { random } from '../crypto/primitives.ts'
import { openRecord, RECORD_TYPES, sealRecord } from './at-rest.ts'

Deno.test('openRecord() opens a record under its own name and key only', async () => {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const name = { recordType: RECORD_TYPES.session, id: random(16), generation: 7 }
  const content = random(400)
  const record = await sealRecord(key, name, content)
  assert.deepEqual(await openRecord(key, name, record), content)
  assert.notDeepEqual(await sealRecord(key, name, content), record)
  const changed = record.with(20, (record[20] as number) ^ 1)
  for (const [otherKey, otherName, otherRecord] of [
    [random(32), name, record],
    [key, { ...name, recordType: RECORD_TYPES.pairing }, record],
    [key, { ...name, id: random(16) }, record],
    [key, { ...name, generation: 6 }, record],
    [key, name, changed],
    [key, name, record.subarray(0, 27)],
    [key, name, new Uint8Array()],
  ] as const) {
    await assert.rejects(openRecord(otherKey, otherName, otherRecord), { code: 'state-corrupt' })
  }
})
