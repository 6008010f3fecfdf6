// Binary layouts: one declaration gives the TypeScript type, the JSON Schema, the validator, the
// bytes and the spec's offset table. Fields are encoded in declaration order, big-endian.

import { type TObject, type TSchema, Type } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { type ErrorCode, ProtocolError } from './errors.ts'

type IntegerSize = 1 | 2 | 4 | 8

/** Reads or writes one frame front to back. */
class Cursor {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Lengths announced by `LengthOf` fields, by the name of the field that they measure. */
  readonly lengths = new Map<string, number>()
  at = 0
  readonly #short: ErrorCode
  readonly #name: string

  constructor(bytes: Uint8Array, name: string, short: ErrorCode) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#name = name
    this.#short = short
  }

  get rest(): number {
    return this.bytes.length - this.at
  }

  /** Moves over `size` bytes and returns where they start. */
  advance(size: number): number {
    const start = this.at
    if (size > this.rest) {
      throw new ProtocolError(this.#short, `Cannot decode ${this.#name}: ${this.bytes.length} bytes are too few`)
    }
    this.at += size
    return start
  }

  getInteger(size: IntegerSize): number {
    const at = this.advance(size)
    if (size === 1) return this.view.getUint8(at)
    if (size === 2) return this.view.getUint16(at)
    if (size === 4) return this.view.getUint32(at)
    return this.view.getUint32(at) * 2 ** 32 + this.view.getUint32(at + 4)
  }

  putInteger(size: IntegerSize, value: number): void {
    const at = this.advance(size)
    if (size === 1) this.view.setUint8(at, value)
    else if (size === 2) this.view.setUint16(at, value)
    else if (size === 4) this.view.setUint32(at, value)
    else {
      this.view.setUint32(at, Math.floor(value / 2 ** 32))
      this.view.setUint32(at + 4, value % 2 ** 32)
    }
  }

  /** A view of the next `size` bytes, not a copy. */
  getBytes(size: number): Uint8Array {
    const at = this.advance(size)
    return this.bytes.subarray(at, at + size)
  }

  putBytes(value: Uint8Array): void {
    this.bytes.set(value, this.advance(value.length))
  }
}

/** One field of a layout. `T` is the decoded type; `never` where the field is not part of the value. */
export interface Field<T> {
  /** As the offset tables name it: `u16`, `bytes`, `zeros`, a layout's name. */
  readonly type: string
  /** Bytes, or null where it varies. */
  readonly size: number | null
  readonly meaning: string
  /** The JSON form (bytes as lower-case hex), or null where the field is not part of the value. */
  readonly schema: TSchema | null
  /** Bytes that `value` takes. */
  measure(value: T): number
  put(cursor: Cursor, value: T, all: Readonly<Record<string, unknown>>): void
  take(cursor: Cursor, name: string, field: string): T
  toJson(value: T): unknown
  fromJson(json: unknown): T
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))

const jsonIsHex = { toJson: toHex, fromJson: (json: unknown) => fromHex(json as string) }
const jsonIsSame = { toJson: (value: unknown) => value, fromJson: (json: unknown) => json as never }
const notInValue = { schema: null, toJson: () => undefined, fromJson: () => undefined as never }

function hexSchema(size: number | { min: number; max: number }): TSchema {
  const [min, max] = typeof size === 'number' ? [size, size] : [size.min, size.max]
  return Type.String({ pattern: '^([0-9a-f]{2})*$', minLength: 2 * min, maxLength: 2 * max })
}

interface IntegerOptions {
  /** Bits that may be set; any other is refused with `type`. */
  mask?: number
  min?: number
  max?: number
}

function integer(size: IntegerSize, meaning: string, options: IntegerOptions = {}): Field<number> {
  const { mask, min = 0 } = options
  const max = options.max ?? mask ?? (size === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * size) - 1)
  return {
    type: `u${8 * size}`,
    size,
    meaning,
    schema: Type.Integer({ minimum: min, maximum: max }),
    measure: () => size,
    put(cursor, value) {
      if (!Number.isSafeInteger(value) || value < min || value > max || (mask !== undefined && (value & ~mask) !== 0)) {
        throw new RangeError(`Cannot encode ${meaning}: ${value} is not a u${8 * size} in range`)
      }
      cursor.putInteger(size, value)
    },
    take(cursor, name, field) {
      const value = cursor.getInteger(size)
      if (mask !== undefined && (value & ~mask) !== 0) {
        throw new ProtocolError('type', `Cannot decode ${name}: a reserved bit of ${field} is set`)
      }
      if (value < min || value > max)
        throw new ProtocolError('length', `Cannot decode ${name}: ${field} is out of range`)
      return value
    },
    ...jsonIsSame,
  }
}

export const U8 = (meaning: string, options?: IntegerOptions) => integer(1, meaning, options)
export const U16 = (meaning: string, options?: IntegerOptions) => integer(2, meaning, options)
export const U32 = (meaning: string, options?: IntegerOptions) => integer(4, meaning, options)
/** A u64 whose value is at most 2^53 - 1; anything above is refused with `length`. */
export const U64 = (meaning: string, options?: IntegerOptions) => integer(8, meaning, options)

/** A byte with one permitted value; not part of the decoded value. Any other is refused with `code`. */
export function Const(value: number, meaning: string, code: ErrorCode): Field<never> {
  return {
    type: `u8 = 0x${value.toString(16).padStart(2, '0')}`,
    size: 1,
    meaning,
    measure: () => 1,
    put: (cursor) => cursor.putInteger(1, value),
    take(cursor, name, field) {
      const got = cursor.getInteger(1)
      if (got !== value) throw new ProtocolError(code, `Cannot decode ${name}: ${field} is ${got}, not ${value}`)
      return undefined as never
    },
    ...notInValue,
  }
}

/** ASCII bytes with one permitted value; not part of the decoded value. */
export function Magic(text: string, meaning: string, code: ErrorCode): Field<never> {
  const expected = new TextEncoder().encode(text)
  return {
    type: `"${text}"`,
    size: expected.length,
    meaning,
    measure: () => expected.length,
    put: (cursor) => cursor.putBytes(expected),
    take(cursor, name, field) {
      const got = cursor.getBytes(expected.length)
      if (got.some((byte, i) => byte !== expected[i])) {
        throw new ProtocolError(code, `Cannot decode ${name}: ${field} is not "${text}"`)
      }
      return undefined as never
    },
    ...notInValue,
  }
}

/** `size` zero bytes; not part of the decoded value. */
export function Zeros(size: number, meaning = 'zero'): Field<never> {
  return {
    type: 'zeros',
    size,
    meaning,
    measure: () => size,
    put: (cursor) => void cursor.advance(size),
    take(cursor, name, field) {
      if (cursor.getBytes(size).some((byte) => byte !== 0)) {
        throw new ProtocolError('type', `Cannot decode ${name}: ${field} is not zero`)
      }
      return undefined as never
    },
    ...notInValue,
  }
}

/** Exactly `size` bytes. Decoding returns a view of the frame, not a copy. */
export function Bytes(size: number, meaning: string): Field<Uint8Array> {
  return {
    type: 'bytes',
    size,
    meaning,
    schema: hexSchema(size),
    measure: () => size,
    put(cursor, value) {
      if (value.length !== size) throw new RangeError(`Cannot encode ${meaning}: ${value.length} bytes, not ${size}`)
      cursor.putBytes(value)
    },
    take: (cursor) => cursor.getBytes(size),
    ...jsonIsHex,
  }
}

/** All bytes that are left; the last field. */
export function Rest(meaning: string, range: { min: number; max: number }): Field<Uint8Array> {
  return {
    type: 'bytes',
    size: null,
    meaning,
    schema: hexSchema(range),
    measure: (value) => value.length,
    put(cursor, value) {
      if (value.length < range.min || value.length > range.max) {
        throw new RangeError(`Cannot encode ${meaning}: ${value.length} bytes, not ${range.min} to ${range.max}`)
      }
      cursor.putBytes(value)
    },
    take(cursor, name, field) {
      if (cursor.rest > range.max) throw new ProtocolError('length', `Cannot decode ${name}: ${field} is too long`)
      if (cursor.rest < range.min) cursor.advance(range.min)
      return cursor.getBytes(cursor.rest)
    },
    ...jsonIsHex,
  }
}

/** The length, in bytes or entries, of a later `Counted` or `Repeated` field; not part of the value. */
export function LengthOf(
  target: string,
  size: 1 | 2 | 4,
  meaning: string,
  range: { min: number; max: number },
): Field<never> {
  return {
    type: `u${8 * size}`,
    size,
    meaning,
    measure: () => size,
    put(cursor, _, all) {
      const { length } = all[target] as { length: number }
      if (length < range.min || length > range.max) throw new RangeError(`Cannot encode ${meaning}: ${length}`)
      cursor.putInteger(size, length)
    },
    take(cursor, name, field) {
      const length = cursor.getInteger(size)
      if (length < range.min || length > range.max) {
        throw new ProtocolError('length', `Cannot decode ${name}: ${field} is ${length}`)
      }
      cursor.lengths.set(target, length)
      return undefined as never
    },
    ...notInValue,
  }
}

/** Bytes whose number an earlier `LengthOf` names. */
export function Counted(meaning: string, range: { min: number; max: number }): Field<Uint8Array> {
  return {
    type: 'bytes',
    size: null,
    meaning,
    schema: hexSchema(range),
    measure: (value) => value.length,
    put: (cursor, value) => cursor.putBytes(value),
    take: (cursor, _, field) => cursor.getBytes(cursor.lengths.get(field) ?? 0),
    ...jsonIsHex,
  }
}

/** Another layout in place. */
export function Nested<T>(inner: Layout<T>, meaning: string): Field<T> {
  return {
    type: inner.name,
    size: inner.size,
    meaning,
    schema: inner.schema,
    measure: (value) => inner.measure(value),
    put: (cursor, value) => cursor.putBytes(inner.encode(value)),
    take: (cursor) => inner.decode(cursor.getBytes(inner.size ?? cursor.rest)),
    toJson: (value) => inner.toJson(value),
    fromJson: (json) => inner.fromJson(json),
  }
}

/** As many entries of a fixed-size layout as an earlier `LengthOf` names. */
export function Repeated<T>(inner: Layout<T>, max: number, meaning: string): Field<T[]> {
  const size = inner.size ?? 0
  return {
    type: `${inner.name}[]`,
    size: null,
    meaning,
    schema: Type.Array(inner.schema, { maxItems: max }),
    measure: (value) => value.length * size,
    put(cursor, value) {
      for (const entry of value) cursor.putBytes(inner.encode(entry))
    },
    take: (cursor, _, field) =>
      Array.from({ length: cursor.lengths.get(field) ?? 0 }, () => inner.decode(cursor.getBytes(size))),
    toJson: (value) => value.map((entry) => inner.toJson(entry)),
    fromJson: (json) => (json as unknown[]).map((entry) => inner.fromJson(entry)),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: fields of every decoded type stand side by side
type Fields = Readonly<Record<string, Field<any>>>

type ValueOf<F extends Fields> = {
  [K in keyof F as F[K] extends Field<infer T> ? ([T] extends [never] ? never : K) : never]: F[K] extends Field<infer T>
    ? T
    : never
}

/** One row of an offset table. `offset` is null behind a field of varying size. */
export interface OffsetRow {
  readonly offset: number | null
  readonly size: number | null
  readonly name: string
  readonly type: string
  readonly meaning: string
}

export interface Layout<T> {
  readonly name: string
  /** Bytes of every value, or null where they vary. */
  readonly size: number | null
  /** Schema of the JSON form, in which bytes are lower-case hex. */
  readonly schema: TObject
  readonly fields: Fields
  readonly offsets: readonly OffsetRow[]
  /** Bytes that `value` takes. */
  measure(value: T): number
  /** Throws RangeError where `value` does not fit: an error of the caller. */
  encode(value: T): Uint8Array<ArrayBuffer>
  /**
   * Strict: throws ProtocolError `length` (or the layout's own code for too few bytes) for a wrong
   * length and for bytes left over, `type` for a reserved bit, or the field's code. Byte fields of
   * the result are views of `bytes`.
   */
  decode(bytes: Uint8Array): T
  toJson(value: T): unknown
  /** Throws ProtocolError `invalid-params` where `json` does not fit the schema. */
  fromJson(json: unknown): T
}

/** The decoded type of a layout. */
export type Decoded<L> = L extends Layout<infer T> ? T : never

/** Declares a layout. `short` is the code for too few bytes, `length` unless said otherwise. */
export function layout<const F extends Fields>(
  name: string,
  fields: F,
  { short = 'length' as ErrorCode, description = '' } = {},
): Layout<ValueOf<F>> {
  const entries = Object.entries(fields)
  const shown = entries.filter(([, field]) => field.schema !== null)
  const schema = Type.Object(Object.fromEntries(shown.map(([key, field]) => [key, field.schema as TSchema])), {
    additionalProperties: false,
    ...(description && { description }),
  })
  let validator: Validator | undefined
  const size = entries.reduce<number | null>(
    (sum, [, field]) => (sum === null || field.size === null ? null : sum + field.size),
    0,
  )
  const offsets: OffsetRow[] = []
  let offset: number | null = 0
  for (const [key, field] of entries) {
    offsets.push({ offset, size: field.size, name: key, type: field.type, meaning: field.meaning })
    offset = offset === null || field.size === null ? null : offset + field.size
  }
  const measure = (value: Record<string, unknown>) =>
    size ?? entries.reduce((sum, [key, field]) => sum + field.measure(value[key]), 0)

  const untyped: Layout<Record<string, unknown>> = {
    name,
    size,
    schema,
    fields,
    offsets,
    measure,
    encode(value) {
      const cursor = new Cursor(new Uint8Array(measure(value)), name, short)
      for (const [key, field] of entries) field.put(cursor, value[key], value)
      return cursor.bytes as Uint8Array<ArrayBuffer>
    },
    decode(bytes) {
      const cursor = new Cursor(bytes, name, short)
      const value: Record<string, unknown> = {}
      for (const [key, field] of entries) {
        const taken = field.take(cursor, name, key)
        if (field.schema !== null) value[key] = taken
      }
      if (cursor.rest > 0)
        throw new ProtocolError('length', `Cannot decode ${name}: ${cursor.rest} bytes are left over`)
      return value
    },
    toJson: (value) => Object.fromEntries(shown.map(([key, field]) => [key, field.toJson(value[key])])),
    fromJson(json) {
      validator ??= Compile(schema)
      if (!validator.Check(json))
        throw new ProtocolError('invalid-params', `Cannot read ${name} from JSON: wrong shape`)
      const object = json as Record<string, unknown>
      return Object.fromEntries(shown.map(([key, field]) => [key, field.fromJson(object[key])]))
    },
  }
  return untyped as unknown as Layout<ValueOf<F>>
}
