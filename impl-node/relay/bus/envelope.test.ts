import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { claim, nack, presence, readEnvelope } from './envelope.ts'

const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const token = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

test('readEnvelope() gives back what was put in', () => {
  fc.assert(
    fc.property(id, id, id, token, fc.boolean(), fc.boolean(), (a, b, nodeId, number, isOnline, wantsAnswer) => {
      assert.deepEqual(readEnvelope(claim(number, nodeId)), { kind: 'claim', token: number, nodeId })
      assert.deepEqual(readEnvelope(nack(a, b)), { kind: 'nack', from: a, to: b })
      const said = { route: a, peer: b, nodeId, isOnline, wantsAnswer }
      assert.deepEqual(readEnvelope(presence(said)), { kind: 'presence', ...said })
    }),
  )
})

test('readEnvelope() takes nothing that is shorter, longer or of another kind', () => {
  const whole = [claim(1, 'n'.repeat(16)), nack('a'.repeat(16), 'b'.repeat(16))]
  for (const message of whole) {
    for (let size = 0; size < message.length; size++) assert.equal(readEnvelope(message.subarray(0, size)), undefined)
    assert.equal(readEnvelope(Buffer.concat([message, Buffer.of(0)])), undefined)
    for (const kind of [0, 5, 0xff]) {
      assert.equal(readEnvelope(Buffer.concat([Buffer.of(kind), message.subarray(1)])), undefined)
    }
  }
})

test('readEnvelope() takes no number that is out of range', () => {
  const said = { route: 'a'.repeat(16), peer: 'b'.repeat(16), nodeId: 'n'.repeat(16) }
  const message = presence({ ...said, isOnline: true, wantsAnswer: true })
  for (const at of [49, 50]) {
    const wrong = Buffer.from(message)
    wrong[at] = 2
    assert.equal(readEnvelope(wrong), undefined)
  }
  const large = claim(1, said.nodeId)
  large[1] = 0xff // a token above 2^53
  assert.equal(readEnvelope(large), undefined)
})

test('readEnvelope() does not throw, whatever it is given', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void readEnvelope(Buffer.from(bytes))))
})
