import assert from 'node:assert/strict'
import { isPrivateHost, relayAddress, relayUrl, relayUrlOf } from './relay-url.ts'

Deno.test('relayUrl() writes the port always and keeps the case of the path', () => {
  for (const [scheme, address, origin] of [
    ['wss', 'relay.example.com', 'wss://relay.example.com:443'],
    ['ws', 'localhost:8080/team', 'ws://localhost:8080/team'],
    ['ws', '[::1]:8080', 'ws://[::1]:8080'],
    ['ws', '127.0.0.1', 'ws://127.0.0.1:80'],
    ['wss', 'xn--bcher-kva.example/A/b~.', 'wss://xn--bcher-kva.example:443/A/b~.'],
  ] as const) {
    assert.deepEqual([relayUrl(scheme, address).origin, relayUrl(scheme, address).url], [origin, `${origin}/v1`])
  }
})

Deno.test('relayUrl() refuses what a URL parser would read as another address', () => {
  for (const address of [
    ...[
      '',
      'a..b',
      '-a.example',
      '256.0.0.1',
      '1.2.3',
      '0x7f.1',
      'relay.0x7f',
      'a'.repeat(64),
      '127.0.0.01',
      '[::1',
      '[1::2::3]',
      '[::g]',
      '[fe80::1%1]',
    ],
    ...['relay/../a', 'relay/.', 'relay:0', 'relay:080', 'relay:65536', 'relay?', 'relay/a//b', 'REL.example', 'a b'],
  ]) {
    assert.throws(() => relayUrl('wss', address), { code: 'qr-encoding' }, address)
  }
})

Deno.test('isPrivateHost() knows the ranges of the specification and no other', () => {
  const inside = ['localhost', '127.255.0.1', '10.0.0.1', '172.16.0.1', '172.31.0.1', '192.168.9.9', '169.254.0.1']
  const outside = [
    '126.0.0.1',
    '11.0.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.167.0.1',
    '169.253.0.1',
    'localhost.example',
  ]
  for (const host of [...inside, '[::1]', '[0:0:0:0:0:0:0:1]', '[fe80::1]', '[febf::]', '[fc00::]', '[fdff::1]'])
    assert.ok(isPrivateHost(host), host)
  for (const host of [
    ...outside,
    '[::2]',
    '[::]',
    '[fec0::1]',
    '[fe00::1]',
    '[fb00::]',
    '[::ffff:10.0.0.1]',
    '[2001:db8::1]',
  ]) {
    assert.ok(!isPrivateHost(host), host)
  }
})

Deno.test('relayUrlOf() reads what a person writes and what a client dials, and relayAddress() gives the code its part', () => {
  for (const [text, url, address] of [
    ['ws://localhost:8080', 'ws://localhost:8080/v1', 'localhost:8080'],
    ['ws://localhost:8080/v1', 'ws://localhost:8080/v1', 'localhost:8080'],
    ['wss://relay.example.com', 'wss://relay.example.com:443/v1', 'relay.example.com'],
    ['wss://relay.example.com/team/v1', 'wss://relay.example.com:443/team/v1', 'relay.example.com/team'],
    ['ws://[::1]/a', 'ws://[::1]:80/a/v1', '[::1]/a'],
  ] as const) {
    assert.deepEqual([relayUrlOf(text).url, relayAddress(relayUrlOf(text))], [url, address])
  }
  for (const text of ['localhost:8080', 'http://localhost', 'ws://', 'ws://LOCALHOST']) {
    assert.throws(() => relayUrlOf(text), { code: 'qr-encoding' }, text)
  }
})
