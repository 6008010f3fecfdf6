import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channelOf, leaseKeyOf, slotOf, tokenKeyOf } from './names.ts'

const ROUTE = Buffer.from('000102030405060708090a0b0c0d0eff', 'hex').toString('latin1')

test('channel, token and lease are named as spec/cluster.md says', () => {
  assert.equal(channelOf(ROUTE), 'hrc1:{000102030405060708090a0b0c0d0eff}')
  assert.equal(tokenKeyOf(channelOf(ROUTE)), 'hrc1:{000102030405060708090a0b0c0d0eff}:token')
  assert.equal(leaseKeyOf(ROUTE), 'hrc1:node:000102030405060708090a0b0c0d0eff')
})

// The values of CLUSTER KEYSLOT.
const SLOTS_OF_REDIS: [string, number][] = [
  ['123456789', 12739],
  ['foo', 12182],
  ['{foo}bar', 12182],
  ['bar{foo}{bar}', 12182],
  ['{}foo', 9500],
  ['{{foo}}', 13308],
  ['hrc1:{000102030405060708090a0b0c0d0eff}', 10144],
  ['hrc1:{000102030405060708090a0b0c0d0eff}:token', 10144],
]
for (const [name, slot] of SLOTS_OF_REDIS) {
  test(`slotOf() finds ${slot} for ${name}`, () => assert.equal(slotOf(name), slot))
}
