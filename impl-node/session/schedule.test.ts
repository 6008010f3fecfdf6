import assert from 'node:assert/strict'
import { test } from 'node:test'
import { label } from '@happy-remote/schemas/constants.ts'
import fc from 'fast-check'
import { concat, hmac } from '../crypto/primitives.ts'
import { hex, secretOf } from '../vectors/deterministic.ts'
import { confirmation, sasCommitment, sasDigits, sessionKeys, transcriptHash } from './schedule.ts'
import { runSecrets } from './testing/pair-up.ts'

const transcript = secretOf('schedule/transcript')
const nonce = secretOf('schedule/nonce')
const shared = ['dh1', 'dh2', 'dh3', 'dh4'].map((name) => secretOf(`schedule/${name}`))
const m1 = secretOf('schedule/m1')
const m2 = secretOf('schedule/m2')

test('sasDigits() keeps leading zeros: six digits for every key', () => {
  const seen = new Set<string>()
  for (let i = 0; i < 2_000; i++) {
    const digits = sasDigits(secretOf(`schedule/sas/${i}`), transcript, nonce)
    assert.match(digits, /^[0-9]{6}$/)
    seen.add(digits)
  }
  assert.ok([...seen].some((digits) => digits.startsWith('00')))
})

test('sasDigits() takes the first 64 bits, big-endian, modulo a million', () => {
  const key = secretOf('schedule/sas')
  const mac = hex(hmac(key, label('sas'), transcript, nonce))
  const expected = (BigInt(`0x${mac.slice(0, 16)}`) % 1_000_000n).toString().padStart(6, '0')
  assert.equal(sasDigits(key, transcript, nonce), expected)
})

test('sasDigits() depends on the key, the transcript and the nonce', () => {
  const key = secretOf('schedule/sas')
  const other = secretOf('schedule/other')
  const all = [
    sasDigits(key, transcript, nonce),
    sasDigits(other, transcript, nonce),
    sasDigits(key, other, nonce),
    sasDigits(key, transcript, other),
  ]
  assert.equal(new Set(all).size, all.length)
})

test('sessionKeys() cuts 240 bytes into eight different keys', () => {
  const keys = Object.values(sessionKeys(runSecrets.pairing, shared, transcript)).map(hex)
  assert.equal(keys.join('').length, 480)
  assert.equal(new Set(keys).size, 8)
})

test('sessionKeys() depends on the mode, the secret, each shared secret, their order and the transcript', () => {
  const rootOf = (...args: Parameters<typeof sessionKeys>) => hex(sessionKeys(...args).rootKey)
  const { pairing } = runSecrets
  const other = secretOf('schedule/other')
  const all = [
    rootOf(pairing, shared, transcript),
    rootOf({ ...pairing, mode: 'rekey' }, shared, transcript),
    rootOf({ ...pairing, secret: other }, shared, transcript),
    rootOf(pairing, shared, other),
    rootOf(pairing, shared.toReversed(), transcript),
    rootOf(pairing, [...shared, other], transcript),
    ...shared.map((_, i) => rootOf(pairing, shared.with(i, other), transcript)),
  ]
  assert.equal(new Set(all).size, all.length)
})

test('transcriptHash() depends on suite, mode, context and both bodies', () => {
  const { pairing } = runSecrets
  const other = secretOf('schedule/other')
  const all = [
    transcriptHash(pairing, 1, m1, m2),
    transcriptHash(pairing, 2, m1, m2),
    transcriptHash({ ...pairing, mode: 'rekey' }, 1, m1, m2),
    transcriptHash({ ...pairing, context: other }, 1, m1, m2),
    transcriptHash(pairing, 1, other, m2),
    transcriptHash(pairing, 1, m1, other),
  ].map(hex)
  assert.equal(new Set(all).size, all.length)
})

test('transcriptHash() does not depend on the secret, which no one may compare transcripts to find', () => {
  const { pairing } = runSecrets
  assert.deepEqual(
    transcriptHash({ ...pairing, secret: new Uint8Array(16) }, 1, m1, m2),
    transcriptHash(pairing, 1, m1, m2),
  )
})

test('transcriptHash() cannot be told the same with the parts cut at another place', () => {
  const { pairing } = runSecrets
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), (joined, cut) => {
      const at = cut % joined.length
      const split = transcriptHash(pairing, 1, joined.subarray(0, at), joined.subarray(at))
      assert.notDeepEqual(split, transcriptHash(pairing, 1, joined, new Uint8Array(0)))
    }),
  )
})

test('confirmation() is HMAC over label, transcript and signature', () => {
  const [key, signature] = [secretOf('schedule/kc'), concat(m1, m2)]
  assert.deepEqual(confirmation(key, transcript, signature), hmac(key, concat(label('confirm'), transcript, signature)))
})

test('sasCommitment() hides the nonce and binds to it', () => {
  assert.equal(sasCommitment(nonce).length, 32)
  assert.notDeepEqual(sasCommitment(nonce), sasCommitment(m1))
})
