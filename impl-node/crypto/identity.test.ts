import assert from 'node:assert/strict'
import { test } from 'node:test'
import { label } from '@happy-remote/schemas/constants.ts'
import { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import fc from 'fast-check'
import { assertRefused, codeOf } from '../session/testing/refusal.ts'
import { flipped, secretOf, streaming, unhex } from '../vectors/deterministic.ts'
import { sign, signingKeyPairFrom } from './ed25519.ts'
import {
  checkCert,
  deviceIdOf,
  deviceIdText,
  generateIdentity,
  identityFrom,
  identityFromSecret,
  identitySecretOf,
  rotateIdentity,
} from './identity.ts'
import { concat } from './primitives.ts'
import { dhKeyPairFrom } from './x25519.ts'

const identity = identityFrom(signingKeyPairFrom(secretOf('identity/iks')), dhKeyPairFrom(secretOf('identity/ikd')), 7)

test('an identity certifies its DH key and epoch in 132 bytes', () => {
  assert.equal(identity.certBytes.length, 132)
  assert.deepEqual(IdentityCert.decode(identity.certBytes), identity.cert)
  assert.equal(identity.cert.epoch, 7)
  assert.doesNotThrow(() => checkCert(identity.cert))
})

test('checkCert() refuses every flipped byte with cert-signature or the code of the DH key', () => {
  for (let i = 0; i < 132; i++) {
    const code = codeOf(() => checkCert(IdentityCert.decode(flipped(identity.certBytes, i))))
    assert.equal(code, 'cert-signature', `byte ${i}`)
  }
  assertRefused('key-noncanonical', () => checkCert(IdentityCert.decode(flipped(identity.certBytes, 63, 7))))
})

test('checkCert() refuses a DH key of low order even where the signature verifies', () => {
  const unsigned = { ...identity.cert, dhKey: new Uint8Array(32) }
  const signed = concat(label('identity'), IdentityCert.encode(unsigned).subarray(0, 68))
  assertRefused('key-low-order', () => checkCert({ ...unsigned, signature: sign(identity.signing, signed) }))
})

test('checkCert() refuses a signature under another label, by another device, or over another epoch', () => {
  const signed = identity.certBytes.subarray(0, 68)
  const wrongLabel = sign(identity.signing, concat(label('prekeys'), signed))
  const wrongDevice = sign(generateIdentity().signing, concat(label('identity'), signed))
  assertRefused('cert-signature', () => checkCert({ ...identity.cert, signature: wrongLabel }))
  assertRefused('cert-signature', () => checkCert({ ...identity.cert, signature: wrongDevice }))
  assertRefused('cert-signature', () => checkCert({ ...identity.cert, epoch: 8 }))
})

test('rotateIdentity() keeps the device and gives it another DH key and the next epoch', () => {
  const rotated = rotateIdentity(identity)
  assert.deepEqual(rotated.deviceId, identity.deviceId)
  assert.deepEqual(rotated.cert.identityKey, identity.cert.identityKey)
  assert.notDeepEqual(rotated.cert.dhKey, identity.cert.dhKey)
  assert.equal(rotated.epoch, 8)
  assert.doesNotThrow(() => checkCert(rotated.cert))
})

test('an identity survives storage of its 64 secret bytes and its epoch', () => {
  const again = identityFromSecret(identitySecretOf(identity), identity.epoch)
  assert.deepEqual(again.cert.identityKey, identity.cert.identityKey)
  assert.deepEqual(again.cert.dhKey, identity.cert.dhKey)
  assert.deepEqual(again.deviceId, identity.deviceId)
})

test('generateIdentity() starts at epoch 1 and is reproducible from a given source', () => {
  const first = generateIdentity(streaming('identity/generate'))
  assert.equal(first.epoch, 1)
  assert.deepEqual(generateIdentity(streaming('identity/generate')).deviceId, first.deviceId)
  assert.notDeepEqual(generateIdentity().deviceId, first.deviceId)
})

test('deviceIdOf() depends on the identity key alone and has 16 bytes', () => {
  assert.equal(identity.deviceId.length, 16)
  assert.deepEqual(deviceIdOf(identity.cert.identityKey), identity.deviceId)
})

// RFC 4648, 10, in lower case and without padding
for (const [bytes, text] of [
  ['', ''],
  ['66', 'my'],
  ['666f', 'mzxq'],
  ['666f6f', 'mzxw6'],
  ['666f6f62', 'mzxw6yq'],
  ['666f6f6261', 'mzxw6ytb'],
  ['666f6f626172', 'mzxw6ytboi'],
] as const) {
  test(`deviceIdText() writes "${bytes}" as "${text}"`, () => assert.equal(deviceIdText(unhex(bytes)), text))
}

test('deviceIdText() gives 26 different characters for different ids', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(127), (id, bit) => {
      assert.match(deviceIdText(id), /^[a-z2-7]{26}$/)
      assert.notEqual(deviceIdText(flipped(id, bit >> 3, bit & 7)), deviceIdText(id))
    }),
  )
})
