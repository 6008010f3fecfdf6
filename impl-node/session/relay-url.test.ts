import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isLocalHost, loggedRelay, parseRelayAddress, parseRelayUrl } from './relay-url.ts'
import { assertRefused } from './testing/refusal.ts'

for (const [address, origin] of [
  ['relay.example.com', 'wss://relay.example.com:443'],
  ['relay.example.com:443', 'wss://relay.example.com:443'],
  ['relay.example.com:8443', 'wss://relay.example.com:8443'],
  ['relay.example.com:65535', 'wss://relay.example.com:65535'],
  ['relay.example.com/team', 'wss://relay.example.com:443/team'],
  ['relay.example.com:1/Team/~a_b-c.d', 'wss://relay.example.com:1/Team/~a_b-c.d'],
  ['xn--mnchen-3ya.de', 'wss://xn--mnchen-3ya.de:443'],
  ['a', 'wss://a:443'],
  ['a'.repeat(63), `wss://${'a'.repeat(63)}:443`],
  ['1and1.example', 'wss://1and1.example:443'],
  ['203.0.113.7:8080', 'wss://203.0.113.7:8080'],
  ['[2001:db8::1]', 'wss://[2001:db8::1]:443'],
  ['[2001:db8::1]:8080/x', 'wss://[2001:db8::1]:8080/x'],
] as const) {
  test(`parseRelayAddress() reads ${address}`, () => {
    const relay = parseRelayAddress(address, true)
    assert.equal(relay.origin, origin)
    assert.equal(relay.url, `${origin}/v1`)
    assert.equal(relay.address, address)
    assert.ok(relay.secure)
  })
}

test('parseRelayAddress() takes 80 for the port of ws', () => {
  assert.equal(parseRelayAddress('localhost', false).url, 'ws://localhost:80/v1')
})

for (const address of [
  '',
  'Relay.example.com',
  'relay.example.com.',
  '.example.com',
  'relay..example.com',
  '-relay.example.com',
  'relay-.example.com',
  'rel_ay.example.com',
  'münchen.de',
  'relay.example.com:',
  'relay.example.com:0',
  'relay.example.com:080',
  'relay.example.com:65536',
  'relay.example.com:123456',
  'relay.example.com:+1',
  'relay.example.com/',
  'relay.example.com/team/',
  'relay.example.com//team',
  'relay.example.com/te am',
  'relay.example.com/%41',
  'relay.example.com?query',
  'relay.example.com/team?query',
  'relay.example.com#fragment',
  'user@relay.example.com',
  'wss://relay.example.com',
  'relay.example.com\n',
  '[2001:db8::1',
  '2001:db8::1',
  '[2001:db8::1]x',
  '[2001:DB8::1]',
  '[1::2::3]',
  '[fe80::1%eth0]',
  '[]',
  '127.1',
  '999.1.1.1',
  '127.0.0.01',
  '0x7f.0.0.1',
  'relay.0x7f',
  'relay.1',
  '2130706433',
  `${'a'.repeat(60)}.example`,
  'a'.repeat(64),
]) {
  test(`parseRelayAddress() refuses ${JSON.stringify(address)} with qr-encoding`, () => {
    assertRefused('qr-encoding', () => parseRelayAddress(address, true))
    assertRefused('qr-encoding', () => parseRelayAddress(address, false))
  })
}

const LOCAL = [
  ...['localhost', '127.0.0.1', '127.255.255.255', '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255'],
  ...['192.168.0.1', '192.168.255.255', '169.254.0.1', '169.254.255.255'],
  ...['[::1]', '[0:0:0:0:0:0:0:1]', '[::0.0.0.1]', '[fe80::1]', '[febf::ffff]', '[fc00::1]', '[fdff:ffff::1]'],
]
const PUBLIC = [
  ...['relay.example.com', 'localhost.example.com', 'my-localhost', '126.255.255.255', '128.0.0.1', '11.0.0.1'],
  ...['9.255.255.255', '172.15.255.255', '172.32.0.1', '192.167.255.255', '192.169.0.1', '169.253.0.1', '169.255.0.1'],
  ...['0.0.0.0', '8.8.8.8', '[::]', '[::2]', '[2001:db8::1]', '[fe7f::1]', '[fec0::1]', '[fbff::1]', '[fe00::1]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:10.0.0.1]', '10.example', '192.168.example', 'fc00.example'],
]

for (const host of LOCAL) {
  test(`ws is allowed for ${host}`, () => {
    assert.ok(isLocalHost(host))
    assert.equal(parseRelayAddress(`${host}:8080`, false).origin, `ws://${host}:8080`)
  })
}

for (const host of PUBLIC) {
  test(`ws is refused for ${host} with qr-insecure, and wss is not`, () => {
    assert.ok(!isLocalHost(host))
    assertRefused('qr-insecure', () => parseRelayAddress(host, false))
    assert.ok(parseRelayAddress(host, true).secure)
  })
}

test('every address that is accepted is dialled as it stands: a URL parser keeps host, port and path', () => {
  const label = fc.stringMatching(/^[a-z0-9-]{1,8}$/)
  const segment = fc.stringMatching(/^[A-Za-z0-9_~-]{1,6}$/)
  const host = fc.oneof(
    fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
    fc.ipV4Extended(),
    fc.ipV4(),
  )
  const address = fc
    .tuple(host, fc.option(fc.integer({ min: 1, max: 65_535 })), fc.array(segment, { maxLength: 2 }))
    .map(([name, port, path]) => `${name}${port === null ? '' : `:${port}`}${path.map((part) => `/${part}`).join('')}`)
  let accepted = 0
  fc.assert(
    fc.property(address, (text) => {
      let url: string
      try {
        url = parseRelayAddress(text, true).url
      } catch {
        return
      }
      accepted++
      const parsed = new URL(url)
      assert.equal(`wss://${parsed.hostname}:${parsed.port || 443}${parsed.pathname}`, url)
    }),
    { numRuns: 1_000 },
  )
  assert.ok(accepted > 100, `${accepted} accepted`)
})

for (const [url, address, origin] of [
  ['wss://relay.example.com', 'relay.example.com', 'wss://relay.example.com:443'],
  ['wss://relay.example.com/v1', 'relay.example.com', 'wss://relay.example.com:443'],
  ['wss://relay.example.com/', 'relay.example.com', 'wss://relay.example.com:443'],
  ['wss://relay.example.com:443/v1/', 'relay.example.com', 'wss://relay.example.com:443'],
  ['WSS://Relay.Example.com/Team/v1', 'relay.example.com/Team', 'wss://relay.example.com:443/Team'],
  [' ws://localhost:80 ', 'localhost', 'ws://localhost:80'],
  ['ws://localhost:443', 'localhost:443', 'ws://localhost:443'],
  ['ws://[::1]:9000/v1', '[::1]:9000', 'ws://[::1]:9000'],
  ['wss://[::1]:443', '[::1]', 'wss://[::1]:443'],
] as const) {
  test(`parseRelayUrl() reads ${JSON.stringify(url)} as ${address}`, () => {
    const relay = parseRelayUrl(url)
    assert.equal(relay.address, address)
    assert.equal(relay.origin, origin)
    assert.deepEqual(parseRelayAddress(address, relay.secure), relay)
  })
}

for (const [url, code] of [
  ['relay.example.com', 'qr-encoding'],
  ['https://relay.example.com', 'qr-encoding'],
  ['wss:relay.example.com', 'qr-encoding'],
  ['wss://', 'qr-encoding'],
  ['wss://user:password@relay.example.com', 'qr-encoding'],
  ['wss://relay.example.com/v1?x', 'qr-encoding'],
  ['ws://relay.example.com', 'qr-insecure'],
] as const) {
  test(`parseRelayUrl() refuses ${JSON.stringify(url)} with ${code}`, () =>
    assertRefused(code, () => parseRelayUrl(url)))
}

test('what a log says of a relay has no path, which may hold a secret', () => {
  assert.equal(loggedRelay('wss://relay.example.com:8443/team/a-secret'), 'wss://relay.example.com:8443')
  assert.equal(loggedRelay('ws://[::1]:8080'), 'ws://[::1]:8080')
})
