import { equal, notEqual } from 'node:assert/strict'
import { type IpRange, readIp, readRange } from './ip.ts'
import { clientAddress, limitedAs, type TrustedProxies } from './proxies.ts'

const ranges = ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'].map((range) => readRange(range) as IpRange)
const trusted: TrustedProxies = { header: 'x-forwarded-for', ranges }

for (const [peer, value, client] of [
  ['192.0.2.1', null, '192.0.2.1'],
  ['192.0.2.1', '198.51.100.1', '192.0.2.1'],
  ['127.0.0.1', null, '127.0.0.1'],
  ['127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['127.0.0.1', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
  ['::ffff:127.0.0.1', '203.0.113.9,198.51.100.1,10.1.2.3', '198.51.100.1'],
  ['fd00::1', '[2001:db8::1]:4711', '2001:db8::1'],
  ['127.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
  ['127.0.0.1', '10.0.0.2, 10.0.0.1', '10.0.0.2'],
  ['127.0.0.1', 'unknown', '127.0.0.1'],
  ['127.0.0.1', '198.51.100.1, nonsense, 10.0.0.1', '10.0.0.1'],
  ['127.0.0.1', '', '127.0.0.1'],
] as const) {
  Deno.test(`from ${peer} with ${value}, the client is ${client}`, () => {
    equal(clientAddress(peer, value, trusted), client)
  })
}

Deno.test('Forwarded is read where the operator says so', () => {
  const client = (value: string) => clientAddress('127.0.0.1', value, { header: 'forwarded', ranges })
  equal(client('for=192.0.2.60;proto=http;by=203.0.113.43'), '192.0.2.60')
  equal(client('for=203.0.113.9, For="[2001:db8:cafe::17]:4711"'), '2001:db8:cafe::17')
  equal(client('for="x, for=192.0.2.60'), '192.0.2.60')
  equal(client('for=_hidden'), '127.0.0.1')
  equal(client('192.0.2.60'), '127.0.0.1')
})

Deno.test('the addresses of one /64 are limited as one', () => {
  equal(limitedAs('2001:db8:1:2::1'), limitedAs('2001:DB8:1:2:ffff::%eth0'))
  notEqual(limitedAs('2001:db8:1:2::1'), limitedAs('2001:db8:1:3::1'))
  equal(limitedAs('2001:db8:1:2::1'), '2001:0db8:0001:0002::/64')
  equal(limitedAs('::ffff:192.0.2.1'), '192.0.2.1')
  notEqual(limitedAs('192.0.2.1'), limitedAs('192.0.2.2'))
  equal(limitedAs('unknown'), 'unknown')
})

Deno.test('what is no address or range is none', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    'x',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '::12345',
    '1:2:3:4:5:6:7::8',
  ]) {
    equal(readIp(text), null, text)
  }
  for (const text of ['10.0.0.0/33', '::/129', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/-1', 'localhost']) {
    equal(readRange(text), null, text)
  }
})
