import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import * as pairing from '../src/pairing.ts'
import { ClientToRelay, RelayToClient } from '../src/relay.ts'
import { Message } from '../src/rpc/envelope.ts'
import { events, methods } from '../src/rpc/registry.ts'
import { ControlMessage, Name, StateImage } from '../src/session.ts'
import { arbitraryBytesOf, arbitraryOf, arbitraryOfSchema, mutateBytes, mutateJson } from './arbitrary.ts'

const schemas = {
  ClientToRelay,
  RelayToClient,
  Message,
  ControlMessage,
  Name,
  IdentityCert: pairing.IdentityCert.schema,
  ...Object.fromEntries(
    Object.values(methods).flatMap((method) => [
      [`${method.name} params`, method.params],
      [`${method.name} result`, method.result],
    ]),
  ),
  ...Object.fromEntries(Object.values(events).map((event) => [event.name, event.params])),
}

for (const [name, schema] of Object.entries(schemas)) {
  test(`arbitraryOfSchema() draws values that fit ${name}`, () => {
    const validator = Compile(schema)
    fc.assert(
      fc.property(arbitraryOfSchema(schema), (value) => {
        assert.ok(validator.Check(value))
        assert.deepEqual(JSON.parse(JSON.stringify(value)), value)
      }),
      { numRuns: 50 },
    )
  })
}

test('arbitraryOfSchema() draws every member of a union', () => {
  const types = fc.sample(arbitraryOfSchema(RelayToClient), 500).map((value) => (value as { type: string }).type)
  assert.deepEqual([...new Set(types)].sort(), [
    'bound',
    'delivery-failed',
    'draining',
    'error',
    'hello',
    'pong',
    'presence',
  ])
})

test('arbitraryOfSchema() refuses a schema that it cannot read', () => {
  assert.throws(() => arbitraryOfSchema({ type: 'tuple' }), TypeError)
})

test('arbitraryOf() draws values that the layout encodes', () => {
  fc.assert(
    fc.property(arbitraryOf(StateImage), (value) => StateImage.encode(value).length === StateImage.measure(value)),
    { numRuns: 50 },
  )
})

test('mutateBytes() always changes the frame and covers truncation and extension', () => {
  const size = pairing.IdentityCert.size as number
  const drawn = fc.sample(mutateBytes(arbitraryBytesOf(pairing.IdentityCert)), 300)
  assert.ok(drawn.some((bytes) => bytes.length < size))
  assert.ok(drawn.some((bytes) => bytes.length > size))
  assert.ok(drawn.some((bytes) => bytes.length === size))
  const zero = new Uint8Array(size)
  fc.assert(fc.property(mutateBytes(fc.constant(zero)), (bytes) => Buffer.compare(bytes, zero) !== 0))
})

test('mutateJson() always changes the message, drops, adds and replaces', () => {
  const ping = { type: 'ping', timestamp: 5 }
  const drawn = fc.sample(mutateJson(fc.constant(ping)), 500)
  const size = (value: unknown) => Object.keys(value ?? {}).length
  assert.ok(drawn.some((value) => typeof value === 'object' && size(value) === 1))
  assert.ok(drawn.some((value) => typeof value === 'object' && size(value) > 2))
  assert.ok(drawn.some((value) => value === null))
  assert.ok(drawn.some((value) => JSON.stringify(value).length > 10_000))
  fc.assert(fc.property(mutateJson(fc.constant(ping)), (value) => JSON.stringify(value) !== JSON.stringify(ping)))
  assert.deepEqual(ping, { type: 'ping', timestamp: 5 })
})
