// The small parts: addresses of Redis, slots, envelopes.

import { deepEqual, equal, throws } from 'node:assert/strict'
import fc from 'fast-check'
import {
  bytesOf,
  channelOf,
  claimOf,
  goesTo,
  leaseOf,
  nackOf,
  presenceOf,
  readEnvelope,
  tokenKeyOf,
} from './envelopes.ts'
import { redisAddress, shownRedis } from './redis-url.ts'
import { isNewer } from './seat.ts'
import { slotOf } from './slots.ts'

Deno.test('redisAddress() reads host, port, TLS and credentials, and shownRedis() shows no credentials', () => {
  for (const [text, address, shown] of [
    ['redis://localhost', { host: 'localhost', port: 6_379, tls: false }, 'redis://localhost:6379'],
    ['redis://[::1]:7000/', { host: '::1', port: 7_000, tls: false }, 'redis://[::1]:7000'],
    [
      'rediss://relay:p%40ss%3A@redis.example.com:6380/0',
      { host: 'redis.example.com', port: 6_380, tls: true, username: 'relay', password: 'p@ss:' },
      'rediss://redis.example.com:6380',
    ],
    [
      'redis://:word@10.0.0.1',
      { host: '10.0.0.1', port: 6_379, tls: false, password: 'word' },
      'redis://10.0.0.1:6379',
    ],
  ] as const) {
    deepEqual(redisAddress(text), address)
    equal(shownRedis(redisAddress(text)), shown)
  }
})

Deno.test('redisAddress() refuses what is no address of Redis, without a word of it', () => {
  for (const [text, reason] of [
    ['', /no redis:\/\/host:port/],
    ['secret', /no redis/],
    ['http://user:secret@host', /no redis/],
    ['redis://', /no redis/],
    ['redis://user:secret@', /no redis/],
    ['redis://user:secret@host:0', /its port is 0/],
    ['redis://user:secret@host:65536', /no redis/],
    ['redis://user:secret@host/1', /something behind host and port/],
    ['redis://user:secret@host?db=1', /something behind/],
    ['redis://user:secret@host#x', /something behind/],
    ['redis://user:secret%@host', /has to be written %25/],
  ] as const) {
    throws(
      () => redisAddress(text),
      (error: Error) => error instanceof RangeError && reason.test(error.message) && !error.message.includes('secret'),
      text,
    )
  }
})

Deno.test('slotOf() is the slot of Redis, which the first braces decide', () => {
  // `redis-cli CLUSTER KEYSLOT`
  for (const [name, slot] of [
    ['123456789', 12_739],
    ['foo', 12_182],
    ['', 0],
    ['{foo}bar', 12_182],
    ['x{foo}{bar}', 12_182],
    ['foo{}{bar}', 8_363],
    ['foo{{bar}}zap', 4_015],
  ] as const) {
    equal(slotOf(name), slot, name)
  }
  equal(slotOf(tokenKeyOf('\0'.repeat(16))), slotOf(channelOf('\0'.repeat(16))))
})

const [A, B] = ['\x00\xff'.repeat(8), '\x01\x02'.repeat(8)]

Deno.test('names in Redis are as the spec writes them', () => {
  const hex = '00ff'.repeat(8)
  deepEqual([channelOf(A), tokenKeyOf(A), leaseOf(A)], [`hrc1:{${hex}}`, `hrc1:{${hex}}:token`, `hrc1:node:${hex}`])
})

Deno.test('an envelope is read as it was written, and goes to the channel of its kind', () => {
  const token = 1_800_000_000_000_000
  const frame = Uint8Array.of(1, ...bytesOf(A), ...bytesOf(B), 7)
  for (const [bytes, envelope, place] of [
    [frame, { kind: 'frame', from: A, to: B }, B],
    [claimOf(token, B), { kind: 'claim', token, node: B }, undefined],
    [nackOf(A, B), { kind: 'nack', from: A, to: B }, A],
    [
      presenceOf(A, B, A, true, false),
      { kind: 'presence', route: A, peer: B, node: A, online: true, wantAnswer: false },
      B,
    ],
    [
      presenceOf(A, B, A, false, true),
      { kind: 'presence', route: A, peer: B, node: A, online: false, wantAnswer: true },
      B,
    ],
  ] as const) {
    const read = readEnvelope(bytes)
    deepEqual(read, envelope)
    equal(read && goesTo(read), place)
  }
})

Deno.test('readEnvelope() takes no other length of an envelope, and throws for nothing', () => {
  for (const whole of [claimOf(1, A), nackOf(A, B), presenceOf(A, B, A, true, true)]) {
    for (let length = 0; length < whole.length; length++) equal(readEnvelope(whole.slice(0, length)), undefined)
    equal(readEnvelope(Uint8Array.of(...whole, 0)), undefined)
  }
  fc.assert(
    fc.property(fc.nat(6), fc.uint8Array({ maxLength: 60 }), (kind, rest) => {
      const read = readEnvelope(Uint8Array.of(kind, ...rest))
      const sizes: Record<number, boolean> = {
        1: rest.length >= 32,
        2: rest.length === 24,
        3: rest.length === 32,
        4: rest.length === 50,
      }
      if (!sizes[kind]) equal(read, undefined)
    }),
  )
})

Deno.test('of two claims the larger token is newer, and of equal ones the larger node', () => {
  const claims = [
    { token: 1, node: B },
    { token: 2, node: A },
    { token: 2, node: B },
    { token: 2, node: `\xff${B.slice(1)}` },
  ]
  for (const [i, a] of claims.entries()) for (const [j, b] of claims.entries()) equal(isNewer(a, b), i > j)
})
