import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Addresses, addressGroup } from './addresses.ts'
import { relayLimits } from './limits.ts'
import { FakeClock } from './test-clock.ts'

const GROUPS: [string | undefined, string][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['fe80::', 'fe80:0:0:0::/64'],
  [undefined, 'unknown'],
]
for (const [address, group] of GROUPS) {
  test(`addressGroup() of ${address} is ${group}`, () => assert.equal(addressGroup(address), group))
}

test('Addresses admits, then tells so, then refuses', () => {
  const addresses = new Addresses(relayLimits({ connections: 2 }), new FakeClock())
  const admissions = Array.from({ length: 6 }, () => {
    const { address, admission } = addresses.admit('a')
    if (admission !== 'refuse') address.connections++
    return admission
  })
  assert.deepEqual(admissions, ['accept', 'accept', 'rate-limited', 'rate-limited', 'refuse', 'refuse'])
  assert.equal(addresses.admit('b').admission, 'accept')
})

test('Addresses limits how fast connections come', () => {
  const clock = new FakeClock()
  const addresses = new Addresses(relayLimits({ connectionsPerSecond: 1 }), clock)
  const admit = () => addresses.admit('a').admission
  for (let i = 0; i < 10; i++) assert.equal(admit(), 'accept')
  assert.equal(admit(), 'rate-limited')
  clock.advance(1_000)
  assert.equal(admit(), 'accept')
})

test('Addresses forgets an address without connections when it owes nothing', () => {
  const clock = new FakeClock()
  const addresses = new Addresses(relayLimits({ connectionsPerSecond: 1, bindsPerSecond: 1 }), clock)
  const { address } = addresses.admit('a')
  addresses.sweep(clock.monotonic())
  assert.equal(addresses.size, 1, 'it still owes its arrival')
  clock.advance(1_000)
  address.connections = 1
  addresses.sweep(clock.monotonic())
  assert.equal(addresses.size, 1, 'it is connected')
  address.connections = 0
  addresses.sweep(clock.monotonic())
  assert.equal(addresses.size, 0)
})
