// One to three changes to a well-formed frame or message, as an attacker or a broken peer would make them.

import fc from 'fast-check'

/** Values at which lengths, counters and flags tend to break. */
const BOUNDARIES: readonly (readonly number[])[] = [
  [0x00],
  [0x01],
  [0x7f],
  [0x80],
  [0xff],
  [0x00, 0x00],
  [0xff, 0xff],
  [0x00, 0x00, 0x00, 0x00],
  [0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff],
  [0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
]

/** A place in a frame whose length is not known yet: from 0 (first byte) to just under 1 (last). */
const place = fc.integer({ min: 0, max: 0xffff }).map((n) => n / 0x1_0000)

type ByteMutation =
  | { kind: 'truncate'; at: number }
  | { kind: 'extend'; tail: Uint8Array }
  | { kind: 'flip'; at: number; bit: number }
  | { kind: 'duplicate'; at: number; length: number }
  | { kind: 'set'; at: number; bytes: readonly number[] }

const byteMutation: fc.Arbitrary<ByteMutation> = fc.oneof(
  fc.record({ kind: fc.constant('truncate' as const), at: place }),
  fc.record({ kind: fc.constant('extend' as const), tail: fc.uint8Array({ minLength: 1, maxLength: 32 }) }),
  fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('duplicate' as const), at: place, length: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ kind: fc.constant('set' as const), at: place, bytes: fc.constantFrom(...BOUNDARIES) }),
)

function mutateOnce(bytes: Uint8Array, mutation: ByteMutation): Uint8Array {
  if (mutation.kind === 'extend') return joined(bytes, mutation.tail)
  const at = Math.floor(mutation.at * bytes.length)
  switch (mutation.kind) {
    case 'truncate':
      return bytes.slice(0, at)
    case 'flip': {
      const changed = bytes.slice()
      if (at < changed.length) changed[at] = (changed[at] as number) ^ (1 << mutation.bit)
      return changed
    }
    case 'duplicate':
      return joined(bytes.subarray(0, at + mutation.length), bytes.subarray(at))
    case 'set': {
      const changed = bytes.slice()
      changed.set(mutation.bytes.slice(0, changed.length - at), at)
      return changed
    }
  }
}

const joined = (head: Uint8Array, tail: Uint8Array): Uint8Array => Uint8Array.from([...head, ...tail])

/**
 * Frames drawn from `source` and then truncated, extended, flipped, partly doubled or set to boundary
 * values, one to three times. The result always differs from what was drawn.
 */
export const mutateBytes = (source: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(source, fc.array(byteMutation, { minLength: 1, maxLength: 3 }))
    .map(([bytes, mutations]) => ({ bytes, changed: mutations.reduce(mutateOnce, bytes) }))
    .filter(({ bytes, changed }) => Buffer.compare(bytes, changed) !== 0)
    .map(({ changed }) => changed)

const HUGE = 'x'.repeat(20_000)
const WRONG: readonly unknown[] = [null, true, 0, -1, 0.5, 1e300, 2 ** 53, '', 'x', '\u0000', HUGE, [], [[]], {}]

type JsonMutation = { kind: 'drop' | 'add' | 'replace'; pick: number; value: unknown; name: string }

const jsonMutation: fc.Arbitrary<JsonMutation> = fc.record({
  kind: fc.constantFrom('drop' as const, 'add' as const, 'replace' as const),
  pick: fc.nat(0xffff),
  value: fc.constantFrom(...WRONG),
  name: fc.oneof(
    fc.constantFrom('type', 'id', 'method', 'params', 'extra', 'constructor', 'toString', 'length', ''),
    fc.string(),
  ),
})

type Holder = Record<string, unknown>

/** Every object and array of a JSON value with one of its members, outermost first. */
function* members(value: unknown): Generator<readonly [Holder, string]> {
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    yield [value as Holder, key]
    yield* members((value as Holder)[key])
  }
}

/** Works on a holder `{value}`, so that the whole message can be replaced like any member. */
function mutateHolder(holder: Holder, { kind, pick, value, name }: JsonMutation): Holder {
  const changed = structuredClone(holder)
  const all = [...members(changed)]
  const [parent, key] = all[pick % all.length] as readonly [Holder, string]
  const target = parent[key]
  if (kind === 'drop' && parent !== changed) {
    if (Array.isArray(parent)) parent.splice(Number(key), 1)
    else delete parent[key]
  } else if (kind === 'add' && typeof target === 'object' && target !== null) {
    if (Array.isArray(target)) target.push(value)
    else Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true })
  } else {
    parent[key] = structuredClone(value)
  }
  return changed
}

/**
 * JSON values drawn from `source` with one to three of: a member dropped, added, or replaced by null, a
 * value of another type, an extreme number or a huge string. The result always differs as JSON text.
 */
export const mutateJson = (source: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(source, fc.array(jsonMutation, { minLength: 1, maxLength: 3 }))
    .map(([value, mutations]) => ({ value, changed: mutations.reduce<Holder>(mutateHolder, { value }).value }))
    .filter(({ value, changed }) => JSON.stringify(value) !== JSON.stringify(changed))
    .map(({ changed }) => changed)
