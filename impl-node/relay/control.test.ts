import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { ClientToRelay } from '@happy-remote/schemas/relay.ts'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { arbitraryOfSchema, mutateJson } from '../../schemas/test/arbitrary.ts'
import { parseControl } from './control.ts'

const MOST = 4_096
const parse = (message: unknown) => parseControl(Buffer.from(JSON.stringify(message)), MOST)
const parseText = (text: string | Uint8Array) => parseControl(Buffer.from(text), MOST)
const malformed = (error: unknown) => error instanceof ProtocolError && error.code === 'malformed'

const ROUTE = 'A'.repeat(22)
const KEY = 'A'.repeat(43)
const SIGNATURE = 'A'.repeat(86)
const bind = { type: 'bind', routeKey: KEY, peer: ROUTE, signature: SIGNATURE }
const unbind = { type: 'unbind', route: ROUTE }
const ping = { type: 'ping', timestamp: 0 }

test('parseControl() returns each message of a client as it was sent', () => {
  for (const message of [bind, { ...bind, peer: null }, unbind, ping, { ...ping, timestamp: -5 }]) {
    assert.deepEqual(parse(message), message)
  }
})

const NOT_A_MESSAGE: [string, string | Uint8Array][] = [
  ['an empty text', ''],
  ['no JSON', '{"type":"ping"'],
  ['JSON and more', '{"type":"ping","timestamp":1} {}'],
  ['text that is not UTF-8', Uint8Array.from([0x22, 0xff, 0x22])],
  ['UTF-8 cut in the middle', Buffer.from('{"type":"ping","timestamp":1,"x":"é"}').subarray(0, 35)],
  ['a byte order mark', '\ufeff{"type":"ping","timestamp":1}'],
  ['null', 'null'],
  ['a number', '4'],
  ['a string', '"ping"'],
  ['an array', '[{"type":"ping","timestamp":1}]'],
  ['an empty object', '{}'],
  ['deep nesting', '['.repeat(4_000)],
]
for (const [what, text] of NOT_A_MESSAGE) {
  test(`parseControl() refuses ${what}`, () => assert.throws(() => parseText(text), malformed))
}

// Each member of each message: missing, of another type, cut, too long, not exact base64url.
const wrongBytes = (good: string): unknown[] => [
  undefined,
  0,
  true,
  {},
  [good],
  '',
  good.slice(1),
  `${good}A`,
  `${good}=`,
  `${good}\n`,
  `+${good.slice(1)}`,
  ` ${good.slice(1)}`,
  `${good.slice(0, -1)}B`, // non-zero trailing bits
]
const WRONG_MEMBERS: [Record<string, unknown>, string, unknown[]][] = [
  [bind, 'type', [undefined, null, 1, 'Bind', 'bind ', 'hello', 'toString', '__proto__', 'constructor']],
  [bind, 'routeKey', [null, ...wrongBytes(KEY)]],
  [bind, 'peer', wrongBytes(ROUTE)],
  [bind, 'signature', [null, ...wrongBytes(SIGNATURE)]],
  [unbind, 'route', [null, ...wrongBytes(ROUTE)]],
  [ping, 'timestamp', [undefined, null, '1', 1.5, 2 ** 53, -(2 ** 53), true, [1]]],
]
for (const [message, member, values] of WRONG_MEMBERS) {
  for (const value of values) {
    test(`parseControl() refuses ${message.type} with ${member} ${JSON.stringify(value)?.slice(0, 40)}`, () => {
      assert.throws(() => parse({ ...message, [member]: value }), malformed)
    })
  }
}

for (const message of [bind, unbind, ping]) {
  for (const name of ['extra', 'constructor', '', 'Type', 'toString']) {
    test(`parseControl() refuses ${message.type} with an unknown member ${JSON.stringify(name)}`, () => {
      assert.throws(() => parse({ ...message, [name]: 1 }), malformed)
    })
  }
  test(`parseControl() refuses ${message.type} with a member __proto__`, () => {
    const text = JSON.stringify(message).replace('{', '{"__proto__":{"x":1},')
    assert.throws(() => parseText(text), malformed)
  })
}

test('parseControl() takes 4096 bytes and refuses one more', () => {
  const text = JSON.stringify(ping)
  assert.deepEqual(parseText(text.padEnd(MOST)), ping)
  assert.throws(() => parseText(text.padEnd(MOST + 1)), malformed)
})

test('parseControl() says nothing of what it was sent', () => {
  for (const text of ['{"type":"secret-word"}', '{secret-word', '{"type":"ping","secret-word":1}']) {
    assert.throws(
      () => parseText(text),
      (error: Error) => !error.message.includes('secret'),
    )
  }
})

const schema = Compile(ClientToRelay)
const messages = arbitraryOfSchema(ClientToRelay)

test('parseControl() takes every message that fits the schema', () => {
  fc.assert(
    fc.property(messages, (message) => assert.deepEqual(parse(message), message)),
    { numRuns: 1_000 },
  )
})

/** The only two outcomes: a message that fits the schema, or `malformed`. */
function outcomeIsClean(text: Buffer): void {
  let parsed: unknown
  try {
    parsed = parseControl(text, MOST)
  } catch (error) {
    assert.ok(malformed(error), `threw ${error}`)
    return
  }
  assert.ok(schema.Check(parsed))
}

test('fuzz: parseControl() survives 6000 broken messages', () => {
  fc.assert(
    fc.property(mutateJson(messages), (message) => outcomeIsClean(Buffer.from(JSON.stringify(message) ?? ''))),
    { numRuns: 6_000 },
  )
})

test('fuzz: parseControl() survives 6000 arbitrary texts and bytes', () => {
  const texts = fc.oneof(
    fc.uint8Array({ maxLength: 5_000, size: 'max' }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(text)),
    messages.map((message) => Buffer.from(JSON.stringify(message).slice(0, -1))),
  )
  fc.assert(fc.property(texts, outcomeIsClean), { numRuns: 6_000 })
})
