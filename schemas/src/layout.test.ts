import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, ProtocolError } from './errors.ts'
import {
  Bytes,
  Const,
  Counted,
  LengthOf,
  layout,
  Magic,
  Nested,
  Repeated,
  Rest,
  U8,
  U16,
  U32,
  U64,
  Zeros,
} from './layout.ts'

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')

/** Decoding fails with this code, and names the layout and the field where one is meant. */
const refuses = (decode: () => unknown, code: ErrorCode, message: RegExp) =>
  assert.throws(decode, (error) => {
    assert.ok(error instanceof ProtocolError)
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  })

const Point = layout('Point', { x: U8('x'), y: U16('y') })

test('integers are big-endian and of 1, 2, 4 and 8 bytes', () => {
  const All = layout('All', { a: U8('a'), b: U16('b'), c: U32('c'), d: U64('d') })
  const value = { a: 0x01, b: 0x0203, c: 0xfffefdfc, d: 2 ** 53 - 1 }
  assert.equal(hex(All.encode(value)), '010203fffefdfc001fffffffffffff')
  assert.deepEqual(All.decode(bytes('010203fffefdfc001fffffffffffff')), value)
  assert.equal(All.size, 15)
})

test('a u64 above 2^53 - 1 is refused with length', () => {
  const One = layout('One', { d: U64('d') })
  refuses(() => One.decode(bytes('0020000000000000')), 'length', /Cannot decode One: d is out of range/)
  refuses(() => One.decode(bytes('ffffffffffffffff')), 'length', /out of range/)
  assert.throws(() => One.encode({ d: 2 ** 53 }), RangeError)
})

test('an integer outside of its range is refused on decode and on encode', () => {
  const Role = layout('Role', { role: U8('role', { min: 1, max: 2 }) })
  assert.deepEqual(Role.decode(bytes('02')), { role: 2 })
  refuses(() => Role.decode(bytes('00')), 'length', /role is out of range/)
  refuses(() => Role.decode(bytes('03')), 'length', /role is out of range/)
  for (const role of [0, 3, -1, 1.5, Number.NaN, '1' as unknown as number]) {
    assert.throws(() => Role.encode({ role }), RangeError)
  }
  assert.throws(() => Point.encode({ x: 256, y: 0 }), /Cannot encode x: 256 is not a u8 in range/)
  assert.throws(() => Point.encode({ x: 0, y: 0x1_0000 }), RangeError)
})

test('a reserved bit is refused with type on decode and never encoded', () => {
  const Flags = layout('Flags', { flags: U8('flags', { mask: 0b101 }) })
  assert.deepEqual(Flags.decode(bytes('05')), { flags: 5 })
  for (const set of ['02', '08', '80', '07']) {
    refuses(() => Flags.decode(bytes(set)), 'type', /a reserved bit of flags is set/)
  }
  assert.throws(() => Flags.encode({ flags: 2 }), RangeError)
  assert.throws(() => Flags.encode({ flags: 8 }), RangeError)
})

test('a constant and a magic are written, not part of the value, and refused with their own code', () => {
  const Framed = layout('Framed', {
    version: Const(7, 'version', 'version'),
    magic: Magic('AB', 'magic', 'state-corrupt'),
    x: U8('x'),
  })
  assert.equal(hex(Framed.encode({ x: 1 })), '07414201')
  assert.deepEqual(Framed.decode(bytes('07414201')), { x: 1 })
  refuses(() => Framed.decode(bytes('08414201')), 'version', /version is 8, not 7/)
  refuses(() => Framed.decode(bytes('07414301')), 'state-corrupt', /magic is not "AB"/)
  assert.deepEqual(Object.keys(Framed.schema.properties), ['x'])
})

test('zeros are written, not part of the value, and refused with type when not zero', () => {
  const Padded = layout('Padded', { x: U8('x'), gap: Zeros(2) })
  assert.equal(hex(Padded.encode({ x: 9 })), '090000')
  assert.deepEqual(Padded.decode(bytes('090000')), { x: 9 })
  refuses(() => Padded.decode(bytes('090001')), 'type', /gap is not zero/)
})

test('bytes have exactly their size and decode to a view of the frame', () => {
  const Key = layout('Key', { key: Bytes(2, 'key') })
  const frame = bytes('abcd')
  const { key } = Key.decode(frame)
  frame[0] = 0
  assert.equal(hex(key), '00cd')
  assert.throws(() => Key.encode({ key: bytes('ab') }), /Cannot encode key: 1 bytes, not 2/)
  assert.throws(() => Key.encode({ key: bytes('abcdef') }), RangeError)
})

test('a frame inside a larger buffer is decoded by its own bytes', () => {
  const buffer = bytes('ffff010203ff')
  assert.deepEqual(Point.decode(buffer.subarray(2, 5)), { x: 1, y: 0x0203 })
})

test('the rest takes what is left, within its bounds', () => {
  const Tail = layout('Tail', { x: U8('x'), tail: Rest('tail', { min: 1, max: 3 }) })
  assert.equal(Tail.size, null)
  assert.deepEqual(Tail.decode(bytes('01aabb')), { x: 1, tail: bytes('aabb') })
  refuses(() => Tail.decode(bytes('01')), 'length', /Cannot decode Tail: 1 bytes are too few/)
  refuses(() => Tail.decode(bytes('01aabbccdd')), 'length', /tail is too long/)
  assert.throws(() => Tail.encode({ x: 1, tail: bytes('') }), /Cannot encode tail: 0 bytes, not 1 to 3/)
  assert.throws(() => Tail.encode({ x: 1, tail: bytes('aabbccdd') }), RangeError)
})

const Counting = layout('Counting', {
  count: LengthOf('text', 2, 'length of text', { min: 1, max: 4 }),
  pairs: LengthOf('points', 1, 'number of points', { min: 0, max: 2 }),
  text: Counted('text', { min: 1, max: 4 }),
  points: Repeated(Point, 2, 'points'),
})

test('a length stands before what it counts, in bytes or in entries', () => {
  const value = { text: bytes('aabb'), points: [{ x: 1, y: 2 }] }
  assert.equal(hex(Counting.encode(value)), '000201aabb010002')
  assert.deepEqual(Counting.decode(bytes('000201aabb010002')), value)
  assert.equal(Counting.measure(value), 8)
})

test('a length out of bounds, and one that the frame does not have, are refused with length', () => {
  refuses(() => Counting.decode(bytes('000000')), 'length', /count is 0/)
  refuses(() => Counting.decode(bytes('000500aabbccddee')), 'length', /count is 5/)
  refuses(() => Counting.decode(bytes('000103aa')), 'length', /pairs is 3/)
  refuses(() => Counting.decode(bytes('000200aa')), 'length', /too few/)
  refuses(() => Counting.decode(bytes('000101aa0100')), 'length', /too few/)
  refuses(() => Counting.decode(bytes('000100aa00')), 'length', /1 bytes are left over/)
})

test('what is longer than its length field permits is not encoded', () => {
  const points = [1, 2, 3].map((x) => ({ x, y: 0 }))
  assert.throws(() => Counting.encode({ text: bytes(''), points: [] }), /Cannot encode length of text: 0/)
  assert.throws(() => Counting.encode({ text: bytes('aabbccddee'), points: [] }), RangeError)
  assert.throws(() => Counting.encode({ text: bytes('aa'), points }), /Cannot encode number of points: 3/)
})

test('a nested layout stands in place, also one of varying size at the end', () => {
  const Tail = layout('Tail', { tail: Rest('tail', { min: 0, max: 2 }) })
  const Outer = layout('Outer', { point: Nested(Point, 'point'), tail: Nested(Tail, 'tail') })
  const value = { point: { x: 1, y: 2 }, tail: { tail: bytes('ff') } }
  assert.equal(hex(Outer.encode(value)), '010002ff')
  assert.deepEqual(Outer.decode(bytes('010002ff')), value)
  assert.deepEqual(Outer.fromJson(Outer.toJson(value)), value)
})

test('too few bytes are refused with the code that the layout names', () => {
  const Short = layout('Short', { x: U16('x') }, { short: 'truncated' })
  refuses(() => Short.decode(bytes('01')), 'truncated', /Cannot decode Short: 1 bytes are too few/)
  refuses(() => Short.decode(bytes('010203')), 'length', /Cannot decode Short: 1 bytes are left over/)
})

test('the JSON form has bytes as lower-case hex and refuses any other shape', () => {
  const Key = layout('Key', { n: U8('n'), key: Bytes(2, 'key') }, { description: 'A key.' })
  assert.deepEqual(Key.toJson({ n: 1, key: bytes('abcd') }), { n: 1, key: 'abcd' })
  assert.deepEqual(Key.fromJson({ n: 1, key: 'abcd' }), { n: 1, key: bytes('abcd') })
  assert.equal((Key.schema as { description?: string }).description, 'A key.')
  const wrong = [null, {}, [], { n: 1 }, { n: 256, key: 'abcd' }, { n: 1, key: 'abcd', more: 0 }]
  for (const key of ['ABCD', 'abc', 'abcdef', 'abxy', 7, '']) wrong.push({ n: 1, key } as never)
  for (const json of wrong) refuses(() => Key.fromJson(json), 'invalid-params', /Cannot read Key from JSON/)
})

test('the offset table follows the declaration, and offsets end behind a field of varying size', () => {
  assert.deepEqual(
    Counting.offsets.map(({ offset, size, name, type }) => [offset, size, name, type]),
    [
      [0, 2, 'count', 'u16'],
      [2, 1, 'pairs', 'u8'],
      [3, null, 'text', 'bytes'],
      [null, null, 'points', 'Point[]'],
    ],
  )
  const types = layout('Types', { a: Const(1, 'a', 'type'), b: Magic('Z', 'b', 'type'), c: Zeros(1) }).offsets
  assert.deepEqual(
    types.map((row) => row.type),
    ['u8 = 0x01', '"Z"', 'zeros'],
  )
})
