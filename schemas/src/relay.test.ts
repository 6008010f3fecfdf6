import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { arbitraryOfSchema } from '../test/arbitrary.ts'
import { limits } from './limits.ts'
import { ClientToRelay, LEAST_MAX_FRAME, RelayToClient, ROUTED_HEADER, ROUTED_TYPE, RoutedFrame } from './relay.ts'

const fromClient = Compile(ClientToRelay)
const fromRelay = Compile(RelayToClient)

test('an unknown member from a client is refused, one from a relay is ignored', () => {
  const withMore = (value: unknown) => ({ ...(value as object), more: 1 })
  fc.assert(fc.property(arbitraryOfSchema(ClientToRelay), (value) => !fromClient.Check(withMore(value))))
  fc.assert(fc.property(arbitraryOfSchema(RelayToClient), (value) => fromRelay.Check(withMore(value))))
})

test('no message of one direction is a message of the other', () => {
  fc.assert(fc.property(arbitraryOfSchema(ClientToRelay), (value) => !fromRelay.Check(value)))
  fc.assert(fc.property(arbitraryOfSchema(RelayToClient), (value) => !fromClient.Check(value)))
})

test('a message that lacks a required member is refused', () => {
  const required = fc.tuple(arbitraryOfSchema(ClientToRelay), fc.nat())
  fc.assert(
    fc.property(required, ([value, pick]) => {
      const members = Object.entries(value as object)
      members.splice(pick % members.length, 1)
      assert.equal(fromClient.Check(Object.fromEntries(members)), false)
    }),
  )
})

test('a routed frame begins with its type and both routes, and its payload follows untouched', () => {
  const frame = RoutedFrame.encode({
    from: new Uint8Array(16).fill(1),
    to: new Uint8Array(16).fill(2),
    payload: Uint8Array.of(3),
  })
  assert.equal(Buffer.from(frame).toString('hex'), `01${'01'.repeat(16)}${'02'.repeat(16)}03`)
  assert.equal(frame.length, ROUTED_HEADER + 1)
  assert.equal(frame[0], ROUTED_TYPE)
  frame[0] = 2
  assert.throws(() => RoutedFrame.decode(frame), { code: 'type' })
})

test('a client expects the least frame size of the limits', () => {
  assert.equal(LEAST_MAX_FRAME, limits.maxFrame)
})
