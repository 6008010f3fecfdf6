import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codesAt, type ErrorCode, errorEntry, errors } from '@happy-remote/schemas/errors.ts'
import {
  HANDSHAKE_TYPES,
  type HandshakeTypeName,
  HsErrorBody,
  REKEY_REASONS,
  type RekeyReason,
} from '@happy-remote/schemas/pairing.ts'
import fc from 'fast-check'
import { concat, sha256 } from '../crypto/primitives.ts'
import { ascii, drawing, flipped, hex, secretOf } from '../vectors/deterministic.ts'
import { assertRefused, codeOf } from './testing/refusal.ts'
import {
  headOf,
  knownSuite,
  unwrap,
  unwrapError,
  unwrapRekeyAsk,
  wireCodeOf,
  wrap,
  wrapError,
  wrapRekeyAsk,
} from './wrap.ts'

const secret = secretOf('wrap/secret', 16)
const other = secretOf('wrap/other', 16)
const body = ascii('the body of a handshake message')
const frame = wrap(secret, 'M1', 1, body)
const types = Object.keys(HANDSHAKE_TYPES) as HandshakeTypeName[]

test('unwrap() gives back what wrap() was given, for every type, suite and secret', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...types),
      fc.constantFrom(1 as const, 2 as const),
      fc.uint8Array({ minLength: 16, maxLength: 32 }),
      fc.uint8Array({ maxLength: 2_032, size: 'max' }),
      (type, suite, key, content) => {
        const sealed = wrap(key, type, suite, content)
        assert.deepEqual(headOf(sealed), { type, suite })
        assert.deepEqual(unwrap(key, sealed), content)
      },
    ),
  )
})

test('wrap() takes 32 bytes of salt from its source and shows them', () => {
  const salt = secretOf('wrap/salt')
  const salted = wrap(secret, 'R2', 2, body, drawing(salt))
  assert.equal(hex(salted.subarray(0, 36)), `01050002${hex(salt)}`)
  assert.notDeepEqual(wrap(secret, 'M1', 1, body), frame)
})

test('every flipped byte of a frame is refused: version and type by name, the others with decrypt', () => {
  for (let at = 0; at < frame.length; at++) {
    const code = codeOf(() => unwrap(secret, flipped(frame, at, 4)))
    assert.equal(code, ['version', 'type'][at] ?? 'decrypt', `byte ${at}`)
  }
})

test('another known type or suite in the header is refused with decrypt: the key depends on both', () => {
  for (const type of [2, 3, 4, 5, 6, 7, 15]) {
    const changed = Uint8Array.from(frame)
    changed[1] = type
    assertRefused('decrypt', () => unwrap(secret, changed))
  }
  const changed = Uint8Array.from(frame)
  changed[3] = 2
  assertRefused('decrypt', () => unwrap(secret, changed))
})

test('another secret is refused with decrypt', () => assertRefused('decrypt', () => unwrap(other, frame)))

test('every truncation is refused with length or decrypt, a frame beyond 2 084 bytes with length', () => {
  for (let size = 0; size < frame.length; size++) {
    assertRefused(size < 36 + 16 ? 'length' : 'decrypt', () => unwrap(secret, frame.subarray(0, size)))
  }
  assertRefused('length', () => unwrap(secret, concat(frame, new Uint8Array(2_100))))
})

for (const type of [0, 8, 14, 16, 255]) {
  test(`headOf() refuses type ${type} with type`, () => {
    const changed = Uint8Array.from(frame)
    changed[1] = type
    assertRefused('type', () => headOf(changed))
  })
}

for (const suite of [0, 3, 0x0100, 0xffff]) {
  test(`headOf() leaves suite ${suite} to be judged by knownSuite(), which refuses it with suite`, () => {
    const sealed = wrap(secret, 'M1', suite, body)
    assert.deepEqual(unwrap(secret, sealed), body)
    assertRefused('suite', () => knownSuite(headOf(sealed).suite))
    assert.equal(unwrapError(secret, wrapError(secret, sealed, 'suite'), sealed), 'suite')
  })
}

for (const code of codesAt('handshake')) {
  test(`an HS_ERROR carries ${code} as itself, with the suite of the frame that it answers`, () => {
    const answered = wrap(secret, 'M1', 2, body)
    const error = wrapError(secret, answered, code)
    assert.deepEqual(headOf(error), { type: 'HS_ERROR', suite: 2 })
    assert.equal(unwrapError(secret, error, answered), code)
    assert.equal(unwrap(secret, error)[0], errorEntry(code).handshake)
  })
}

test('every code that has no byte of its own travels as rejected', () => {
  for (const code of Object.keys(errors) as ErrorCode[]) {
    const expected = errorEntry(code).handshake === undefined ? 'rejected' : code
    assert.equal(wireCodeOf(code), expected)
    assert.equal(unwrapError(secret, wrapError(secret, frame, code), frame), expected)
  }
})

test('unwrapError() takes an unknown byte for rejected', () => {
  const { reference } = HsErrorBody.decode(unwrap(secret, wrapError(secret, frame, 'suite')))
  for (const code of [0, 1, 0x7f, 0xff]) {
    const error = wrap(secret, 'HS_ERROR', 1, HsErrorBody.encode({ code, reference }))
    assert.equal(unwrapError(secret, error, frame), 'rejected')
  }
})

test('unwrapError() is null where the error names another frame, even one that differs in one bit', () => {
  const error = wrapError(secret, frame, 'pair-busy')
  assert.equal(unwrapError(secret, error, flipped(frame, -1)), null)
  assert.equal(unwrapError(secret, error, wrap(secret, 'M1', 1, body)), null)
  assert.equal(unwrapError(secret, error, frame), 'pair-busy')
})

test('the reference of an HS_ERROR is 15 bytes of a hash with a label', () => {
  const { reference } = HsErrorBody.decode(unwrap(secret, wrapError(secret, frame, 'suite')))
  assert.deepEqual(reference, sha256(ascii('HRC/1 hs-ref\0'), frame).slice(0, 15))
})

test('wrapError() cannot answer what is no handshake frame', () => {
  assertRefused('length', () => wrapError(secret, new Uint8Array(0), 'suite'))
})

for (const reason of Object.keys(REKEY_REASONS) as RekeyReason[]) {
  test(`a REKEY_ASK carries the reason ${reason}`, () => {
    const ask = wrapRekeyAsk(secret, 1, reason)
    assert.deepEqual(headOf(ask), { type: 'REKEY_ASK', suite: 1 })
    assert.equal(unwrapRekeyAsk(secret, ask), reason)
  })
}

test('unwrapRekeyAsk() takes an unknown reason for no-session', () => {
  for (const reason of [0, 7, 0xff]) {
    const ask = wrap(secret, 'REKEY_ASK', 1, concat(Uint8Array.of(reason), new Uint8Array(15)))
    assert.equal(unwrapRekeyAsk(secret, ask), 'no-session')
  }
})

test('unwrapRekeyAsk() refuses bytes that are not zero with type, and another length with length', () => {
  const sealed = (content: Uint8Array) => wrap(secret, 'REKEY_ASK', 1, content)
  for (let at = 1; at < 16; at++) {
    assertRefused('type', () =>
      unwrapRekeyAsk(secret, sealed(flipped(concat(Uint8Array.of(1), new Uint8Array(15)), at))),
    )
  }
  assertRefused('length', () => unwrapRekeyAsk(secret, sealed(new Uint8Array(15))))
  assertRefused('length', () => unwrapRekeyAsk(secret, sealed(new Uint8Array(17))))
})

test('an HS_ERROR is not read as a REKEY_ASK, nor the other way round, nor anything else as either', () => {
  const blank = new Uint8Array(16)
  for (const type of types) {
    const sealed = wrap(secret, type, 1, blank)
    if (type !== 'HS_ERROR') assertRefused('type', () => unwrapError(secret, sealed, frame))
    if (type !== 'REKEY_ASK') assertRefused('type', () => unwrapRekeyAsk(secret, sealed))
  }
})

test('notices under another secret are refused with decrypt', () => {
  assertRefused('decrypt', () => unwrapError(other, wrapError(secret, frame, 'suite'), frame))
  assertRefused('decrypt', () => unwrapRekeyAsk(other, wrapRekeyAsk(secret, 1, 'suite')))
})
