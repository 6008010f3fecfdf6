import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Proxies } from './proxies.ts'

const proxies = new Proxies(['127.0.0.1', '10.0.0.0/8', 'fd00::/8'], 'x-forwarded-for')

const CASES: [string, string | undefined, string | undefined, string | undefined][] = [
  ['no proxy, no header', '192.0.2.1', undefined, '192.0.2.1'],
  ['a header of a stranger', '192.0.2.1', '198.51.100.1', '192.0.2.1'],
  ['a proxy without the header', '127.0.0.1', undefined, '127.0.0.1'],
  ['a client behind a proxy', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['what the client claims itself', '127.0.0.1', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
  ['a proxy behind a proxy', '127.0.0.1', '198.51.100.1, 10.1.2.3', '198.51.100.1'],
  ['a claim before two proxies', '127.0.0.1', '203.0.113.9,198.51.100.1,10.1.2.3', '198.51.100.1'],
  ['a mapped address of the proxy', '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['an IPv6 client', 'fd00::1', '2001:db8::1', '2001:db8::1'],
  ['an IPv6 client with its port', 'fd00::1', '[2001:db8::1]:4711', '2001:db8::1'],
  ['an IPv4 client with its port', '127.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
  ['proxies alone', '127.0.0.1', '10.0.0.2, 10.0.0.1', '10.0.0.2'],
  ['a name', '127.0.0.1', 'unknown', '127.0.0.1'],
  ['nonsense behind a proxy', '127.0.0.1', '198.51.100.1, nonsense, 10.0.0.1', '10.0.0.1'],
  ['an empty header', '127.0.0.1', '', '127.0.0.1'],
  ['no address at all', undefined, '198.51.100.1', undefined],
]
for (const [what, remote, value, client] of CASES) {
  test(`whose address counts: ${what}`, () => assert.equal(proxies.clientOf(remote, value), client))
}

test('Forwarded is read where it is the header of the proxies', () => {
  const forwarded = new Proxies(['127.0.0.1'], 'forwarded')
  const client = (value: string) => forwarded.clientOf('127.0.0.1', value)
  assert.equal(client('for=192.0.2.60;proto=http;by=203.0.113.43'), '192.0.2.60')
  assert.equal(client('for=203.0.113.9, For="[2001:db8:cafe::17]:4711";proto=https'), '2001:db8:cafe::17')
  assert.equal(client('proto=https;for="192.0.2.60:80"'), '192.0.2.60')
  assert.equal(client('for="x, for=192.0.2.60'), '192.0.2.60')
  assert.equal(client('for=_hidden'), '127.0.0.1')
  assert.equal(client('192.0.2.60'), '127.0.0.1')
})

test('what is no range is not trusted', () => {
  for (const range of ['', 'x', '10.0.0.0/33', '::/129', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/-1', 'localhost']) {
    assert.throws(() => new Proxies([range], 'forwarded'), TypeError, range)
  }
})
