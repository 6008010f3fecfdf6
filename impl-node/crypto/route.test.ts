import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ascii, flipped, hex, secretOf } from '../vectors/deterministic.ts'
import { verify } from './ed25519.ts'
import { generateRouteKey, relayAuthInput, routeIdOf, routeKeyFrom } from './route.ts'

const route = routeKeyFrom(secretOf('route/seed'))
const bind = {
  origin: 'wss://relay.example.com:443',
  nonce: secretOf('route/nonce'),
  routeKey: route.publicKey,
  peer: secretOf('route/peer', 16),
}

test('relayAuthInput() is label, length of the origin, origin, nonce, route key, peer', () => {
  const expected = [
    hex(ascii('HRC/1 relay-auth\0')),
    '001b',
    hex(ascii(bind.origin)),
    hex(bind.nonce),
    hex(bind.routeKey),
    hex(bind.peer),
  ]
  assert.equal(hex(relayAuthInput(bind)), expected.join(''))
})

test('relayAuthInput() writes 16 zero bytes for an open peer', () => {
  const input = relayAuthInput({ ...bind, peer: null })
  assert.deepEqual(input.subarray(-16), new Uint8Array(16))
  assert.equal(input.length, relayAuthInput(bind).length)
})

test('a bind signature proves its route, origin, nonce and peer, and no other', () => {
  const signature = route.sign(relayAuthInput(bind))
  assert.ok(verify(route.publicKey, relayAuthInput(bind), signature))
  for (const other of [
    { ...bind, origin: 'wss://relay.example.com:444' },
    { ...bind, nonce: flipped(bind.nonce, 0) },
    { ...bind, peer: null },
    { ...bind, peer: flipped(bind.peer, 15) },
  ]) {
    assert.ok(!verify(route.publicKey, relayAuthInput(other), signature))
  }
})

test('a route survives storage of its seed, and two are never the same', () => {
  assert.deepEqual(routeKeyFrom(route.seed).routeId, route.routeId)
  assert.deepEqual(routeIdOf(route.publicKey), route.routeId)
  assert.equal(route.routeId.length, 16)
  assert.notDeepEqual(generateRouteKey().routeId, generateRouteKey().routeId)
})
