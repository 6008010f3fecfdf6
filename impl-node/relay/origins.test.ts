import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { canonicalOrigin, defaultOrigins, Origins } from './origins.ts'

const CANONICAL: [string, string][] = [
  ['wss://relay.example.com', 'wss://relay.example.com:443'],
  ['wss://relay.example.com:443', 'wss://relay.example.com:443'],
  ['ws://relay.example.com', 'ws://relay.example.com:80'],
  ['wss://Relay.Example.com:8443/', 'wss://relay.example.com:8443'],
  ['ws://localhost:8080/team', 'ws://localhost:8080/team'],
  ['ws://localhost:8080/Team/', 'ws://localhost:8080/Team'],
  ['ws://[::1]:8080', 'ws://[::1]:8080'],
  ['ws://[0:0:0:0:0:0:0:1]:8080', 'ws://[::1]:8080'],
]
for (const [text, origin] of CANONICAL) {
  test(`canonicalOrigin() of ${text} is ${origin}`, () => assert.equal(canonicalOrigin(text), origin))
}

const REFUSED = [
  '',
  'relay.example.com',
  'https://relay.example.com',
  'wss://',
  'wss://user@relay.example.com',
  'wss://relay.example.com?x=1',
  'wss://relay.example.com#x',
  'wss://relay.example.com/v1',
  'wss://relay.example.com/team/v1/',
]
for (const text of REFUSED) {
  test(`canonicalOrigin() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => canonicalOrigin(text), { name: 'TypeError', message: /^Cannot use ".*" as an origin: / })
  })
}

test('defaultOrigins() names localhost, the loopback addresses and the bound address, with both schemes', () => {
  assert.deepEqual(defaultOrigins('192.0.2.1', 9, '').sort(), [
    'ws://127.0.0.1:9',
    'ws://192.0.2.1:9',
    'ws://[::1]:9',
    'ws://localhost:9',
    'wss://127.0.0.1:9',
    'wss://192.0.2.1:9',
    'wss://[::1]:9',
    'wss://localhost:9',
  ])
  assert.ok(defaultOrigins('127.0.0.1', 80, '/team').includes('ws://localhost:80/team'))
})

test('defaultOrigins() of all addresses names those of this machine', () => {
  const outside = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
  const ofFour = defaultOrigins('0.0.0.0', 9, '')
  const ofSix = defaultOrigins('::', 9, '')
  for (const { address } of outside) {
    assert.ok(ofFour.includes(`ws://${address}:9`))
    assert.ok(ofSix.includes(`ws://${address}:9`))
  }
  assert.ok(!ofFour.some((origin) => origin.includes('0.0.0.0')))
})

test('Origins tries the one that last matched first, and keeps its list', () => {
  const origins = new Origins(['a', 'b', 'c'])
  const tried: string[] = []
  const matching = (wanted: string) =>
    origins.some((origin) => {
      tried.push(origin)
      return origin === wanted
    })
  assert.ok(matching('c'))
  assert.ok(matching('c'))
  assert.equal(matching('d'), false)
  assert.deepEqual(tried, ['a', 'b', 'c', 'c', 'c', 'a', 'b'])
  assert.equal(origins.size, 3)
})
