import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { arbitraryOfSchema, mutateJson } from '../test/arbitrary.ts'
import { limits } from './limits.ts'
import {
  Base64url,
  ControlMessage,
  Name,
  PLAINTEXT_HEADER,
  PlaintextFrame,
  RATCHET_HEADER,
  RATCHET_OVERHEAD,
  RatchetMessage,
  SkippedKey,
  StateImage,
} from './session.ts'

for (const size of [1, 2, 3, 8, 16, 32, 64]) {
  const validator = Compile(Base64url(size, 'bytes'))

  test(`Base64url(${size}) accepts what encodes ${size} bytes`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: size, maxLength: size }), (bytes) =>
        validator.Check(Buffer.from(bytes).toString('base64url')),
      ),
    )
  })

  test(`Base64url(${size}) accepts no text but the canonical one`, () => {
    const length = Math.ceil((size * 4) / 3)
    const close = fc.stringMatching(new RegExp(`^[A-Za-z0-9_-]{${length - 1}}[A-Za-z0-9_-]$`))
    fc.assert(
      fc.property(close, (text) => {
        const canonical = Buffer.from(text, 'base64url').toString('base64url') === text
        assert.equal(validator.Check(text), canonical)
      }),
      { numRuns: 500 },
    )
    const good = Buffer.alloc(size, 0xa5).toString('base64url')
    assert.ok(validator.Check(good))
    for (const bad of [`${good}=`, `${good}A`, `${good}\n`, ` ${good}`, good.slice(1), `+${good.slice(1)}`, '']) {
      assert.equal(validator.Check(bad), false, bad)
    }
  })
}

test('Name refuses what is empty, long, or has control characters', () => {
  const validator = Compile(Name)
  for (const good of ['a', 'Ada’s phone', 'x'.repeat(64), '手机', '📱']) assert.ok(validator.Check(good), good)
  for (const bad of ['', 'x'.repeat(65), 'a\nb', 'tab\t', '\u0000', '\u007f', '\u0085', '\u009f', 'end\n', 7, null]) {
    assert.equal(validator.Check(bad), false, JSON.stringify(bad))
  }
})

test('the headers of a ratchet message and of a plaintext frame have the sizes that the constants say', () => {
  assert.equal(RatchetMessage.offsets.find(({ name }) => name === 'sealed')?.offset, RATCHET_HEADER)
  assert.equal(RATCHET_OVERHEAD, RATCHET_HEADER + 16)
  assert.equal(PlaintextFrame.offsets.find(({ name }) => name === 'content')?.offset, PLAINTEXT_HEADER)
})

/** Field names by offset, as in the offset tables of session.md. */
const offsetsOf = ({ offsets }: { offsets: readonly { name: string; offset: number | null }[] }) =>
  Object.fromEntries(offsets.map(({ name, offset }) => [name, offset]))

test('a ratchet message has its fields where session.md says', () => {
  assert.deepEqual(offsetsOf(RatchetMessage), {
    version: 0,
    type: 1,
    suite: 2,
    headerTag: 4,
    dh: 12,
    base: 44,
    n: 48,
    nonce: 52,
    sealed: 64,
  })
})

test('a state image has its fields where session.md says and at most 17 752 bytes', () => {
  const at = offsetsOf(StateImage)
  const some = { generation: 8, sessionId: 16, headerSend: 64, rootKey: 128, flags: 224, dhRemote: 228 }
  for (const [name, offset] of Object.entries(some)) assert.equal(at[name], offset, name)
  const rest = { sent: 324, baseReceive: 336, skippedCount: 340, zeros2: 342, skipped: 344 }
  for (const [name, offset] of Object.entries(rest)) assert.equal(at[name], offset, name)
  assert.equal(344 + limits.skippedKeys * (SkippedKey.size ?? 0), 17_752)
})

test('a control message is told by its type, and a changed one is either a control message or refused', () => {
  const validator = Compile(ControlMessage)
  fc.assert(
    fc.property(mutateJson(arbitraryOfSchema(ControlMessage)), (value) => {
      if (validator.Check(value)) assert.ok(typeof (value as { type: unknown }).type === 'string')
    }),
  )
  assert.equal(validator.Check({ type: 'goodbye' }), false)
  assert.ok(validator.Check({ type: 'ack', unknown: 1 }), 'unknown members are ignored')
})
