import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import { STATE_FLAGS, StateImage } from '@happy-remote/schemas/session.ts'
import fc from 'fast-check'
import { mutateBytes } from '../../schemas/test/arbitrary.ts'
import { concat } from '../crypto/primitives.ts'
import { ascii, flipped, secretOf } from '../vectors/deterministic.ts'
import type { Ratchet } from './ratchet.ts'
import { exportState, importState } from './state-image.ts'
import { pairUp } from './testing/pair-up.ts'
import { receive } from './testing/receive.ts'
import { assertRefused, codeOf } from './testing/refusal.ts'

const TEXT = ascii('text')
const NOW = 1_800_000_000_000

function withSkipped(count: number): { agent: Ratchet; controller: Ratchet; late: Uint8Array } {
  const { agent, controller } = pairUp({ name: 'image' })
  const messages = Array.from({ length: count + 1 }, () => agent.encrypt(TEXT))
  receive(controller, messages[count] as Uint8Array, NOW)
  return { agent, controller, late: messages[0] as Uint8Array }
}

const { controller } = withSkipped(2)
const image = exportState(controller.state, 5)
const decoded = StateImage.decode(image)
const encoded = (change: Partial<typeof decoded>) => StateImage.encode({ ...decoded, ...change })
const refused = (bytes: Uint8Array) => assertRefused('state-corrupt', () => importState(bytes, NOW))

for (const [name, ratchet] of [
  ['an agent that has received nothing', pairUp({ name: 'image' }).agent],
  ['a controller with skipped keys', controller],
  ['an agent of suite 0x0002', pairUp({ suite: 2 }).agent],
] as const) {
  test(`the image of ${name} gives the same state, and the same image again`, () => {
    const bytes = exportState(ratchet.state, 9)
    const restored = importState(bytes, NOW)
    assert.equal(restored.generation, 9)
    assert.equal(restored.ratchet.state.role, ratchet.state.role)
    assert.deepEqual(exportState(restored.ratchet.state, 9), bytes)
  })
}

test('a restored session goes on where it was stored, in both directions and with late messages', () => {
  const { agent, controller, late } = withSkipped(1)
  const [one, two] = [agent, controller].map((ratchet) => importState(exportState(ratchet.state, 0), NOW).ratchet)
  assert.deepEqual(receive(two as Ratchet, (one as Ratchet).encrypt(TEXT), NOW).plaintext, TEXT)
  assert.deepEqual(receive(one as Ratchet, (two as Ratchet).encrypt(TEXT), NOW).plaintext, TEXT)
  assert.ok(receive(two as Ratchet, late, NOW).late)
})

test('skipped keys get the time of loading', () => {
  const { controller, late } = withSkipped(1)
  const { ratchet } = importState(exportState(controller.state, 0), NOW + 1_000)
  assert.ok(receive(ratchet, late, NOW + 1_000 + limits.skippedTtl).late)
})

test('the largest image has 256 skipped keys and 17 752 bytes', () => {
  const bytes = exportState(withSkipped(limits.maxSkip).controller.state, 0)
  assert.equal(bytes.length, 17_752)
  assert.equal(importState(bytes, NOW).ratchet.state.skipped.size, limits.skippedKeys)
})

test('an image is not a view of what it was made from, nor the state of its bytes', () => {
  const bytes = Uint8Array.from(image)
  const { ratchet } = importState(bytes, NOW)
  bytes.fill(0)
  assert.deepEqual(exportState(ratchet.state, 5), image)
})

for (const [name, bytes] of [
  ['no byte', new Uint8Array(0)],
  ['one byte less', image.subarray(0, -1)],
  ['one byte more', concat(image, Uint8Array.of(0))],
  ['another magic', flipped(image, 0)],
  ['another format', flipped(image, 4)],
  ['role 0', flipped(image, 5, 1)],
  ['role 3', flipped(image, 5, 0)],
  ['suite 0', encoded({ suite: 0 })],
  ['suite 3', encoded({ suite: 3 })],
  ['a generation above 2^53 - 1', flipped(image, 8, 7)],
  ['an unknown flag', flipped(image, 224, 4)],
  ['a byte behind the flags', flipped(image, 225)],
  ['a byte behind the count', flipped(image, 342)],
  ['a count that is too small', flipped(image, 341, 1)],
  ['a count that is too large', flipped(image, 341)],
  ['a count of 257', flipped(image, 340)],
  [
    'a private key that is held elsewhere',
    encoded({ flags: decoded.flags | STATE_FLAGS.external, dhPrivate: new Uint8Array(32) }),
  ],
  ['a public key that is not that of the private one', encoded({ dhPublic: secretOf('another key') })],
  ['a chain key without its flag', encoded({ flags: decoded.flags & ~STATE_FLAGS.ckr })],
  ['no key of the peer', encoded({ flags: decoded.flags & ~STATE_FLAGS.dhr, dhRemote: new Uint8Array(32) })],
  ['a skipped key that is there twice', encoded({ skipped: [...decoded.skipped, ...decoded.skipped] })],
  ['no sending chain', encoded({ flags: decoded.flags & ~STATE_FLAGS.cks, chainSend: new Uint8Array(32) })],
] as const) {
  test(`importState() refuses ${name} with state-corrupt`, () => refused(bytes))
}

test('any mutated image is refused with state-corrupt, or is an image', () => {
  fc.assert(
    fc.property(mutateBytes(fc.constant(image)), (bytes) => {
      let restored: ReturnType<typeof importState>
      try {
        restored = importState(bytes, NOW)
      } catch {
        assert.equal(
          codeOf(() => importState(bytes, NOW)),
          'state-corrupt',
        )
        return
      }
      assert.deepEqual(exportState(restored.ratchet.state, restored.generation), bytes)
    }),
    { numRuns: 500 },
  )
})
