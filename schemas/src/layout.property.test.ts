// What holds for every layout of the protocol.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AnyLayout, layouts } from '../generate/declarations.ts'
import { arbitraryBytesOf, arbitraryOf, mutateBytes } from '../test/arbitrary.ts'
import { ProtocolError } from './errors.ts'

const runs = { numRuns: 60 }

/** Layouts that end with all bytes that are left: the field, and the least bytes that it takes. */
const OPEN_ENDED: Readonly<Record<string, readonly [field: string, least: number]>> = {
  RoutedFrame: ['payload', 0],
  HandshakeFrame: ['sealed', 16],
  RatchetMessage: ['sealed', 16],
  PlaintextFrame: ['padding', 0],
  StreamChunk: ['bytes', 1],
}

/** The code for too few bytes where it is not `length`. */
const SHORT: Readonly<Record<string, string>> = {
  QrPayload: 'qr-length',
  RatchetMessage: 'truncated',
  PlaintextFrame: 'padding',
}

const decodes = (layout: AnyLayout, bytes: Uint8Array): boolean => {
  try {
    layout.decode(bytes)
    return true
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}

/** The least length to which a frame can be cut and still be one. */
function shortest(layout: AnyLayout, frame: Uint8Array): number {
  const open = OPEN_ENDED[layout.name]
  if (open === undefined) return frame.length
  const [field, least] = open
  return frame.length - layout.decode(frame)[field].length + least
}

test('there are layouts to test, and those that end openly are among them', () => {
  assert.ok(layouts.size >= 17)
  for (const name of [...Object.keys(OPEN_ENDED), ...Object.keys(SHORT)]) assert.ok(layouts.has(name), name)
})

for (const [name, layout] of layouts) {
  test(`${name}: what is encoded decodes to the same value`, () => {
    fc.assert(
      fc.property(arbitraryOf(layout), (value) => {
        const frame = layout.encode(value)
        assert.equal(frame.length, layout.measure(value))
        if (layout.size !== null) assert.equal(frame.length, layout.size)
        assert.deepEqual(layout.decode(frame), value)
      }),
      runs,
    )
  })

  test(`${name}: the JSON form keeps the value`, () => {
    fc.assert(
      fc.property(arbitraryOf(layout), (value) => {
        const text = JSON.stringify(layout.toJson(value))
        assert.deepEqual(layout.fromJson(JSON.parse(text)), value)
      }),
      runs,
    )
  })

  test(`${name}: bytes that decode are the only encoding of their value`, () => {
    fc.assert(
      fc.property(fc.oneof(mutateBytes(arbitraryBytesOf(layout)), arbitraryBytesOf(layout)), (bytes) => {
        if (decodes(layout, bytes)) assert.deepEqual(layout.encode(layout.decode(bytes)), Uint8Array.from(bytes))
      }),
      { numRuns: 200 },
    )
  })

  test(`${name}: every truncation is refused`, () => {
    fc.assert(
      fc.property(arbitraryBytesOf(layout), (frame) => {
        for (let length = shortest(layout, frame) - 1; length >= 0; length--) {
          assert.throws(
            () => layout.decode(frame.subarray(0, length)),
            (error) => error instanceof ProtocolError && error.code === (SHORT[name] ?? 'length'),
            `${length} bytes`,
          )
        }
      }),
      { numRuns: 5 },
    )
  })

  if (!(name in OPEN_ENDED)) {
    test(`${name}: every extension is refused with length`, () => {
      fc.assert(
        fc.property(arbitraryBytesOf(layout), fc.uint8Array({ minLength: 1, maxLength: 40 }), (frame, tail) => {
          assert.throws(
            () => layout.decode(Uint8Array.from([...frame, ...tail])),
            (error) => error instanceof ProtocolError && error.code === 'length',
          )
        }),
        runs,
      )
    })
  }

  const fixed = layout.offsets.filter(({ type, offset }) => offset !== null && /^(u8 =|"|zeros)/.test(type))
  for (const { name: field, offset, size } of fixed) {
    test(`${name}: a set bit in ${field} is refused`, () => {
      const [frame] = fc.sample(arbitraryBytesOf(layout), { numRuns: 1, seed: 1 }) as [Uint8Array]
      for (let bit = 0; bit < 8 * (size as number); bit++) {
        const changed = frame.slice()
        const at = (offset as number) + Math.floor(bit / 8)
        changed[at] = (changed[at] as number) ^ (1 << (bit % 8))
        assert.equal(decodes(layout, changed), false, `bit ${bit}`)
      }
    })
  }
}
