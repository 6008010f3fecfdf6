import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUITES } from './constants.ts'
import { codesAt, errorEntry } from './errors.ts'
import {
  HANDSHAKE_HEADER,
  HandshakeFrame,
  HsErrorBody,
  handshakeErrorOf,
  IdentityCert,
  kemCiphertextSize,
  kemKeySize,
  M1Body,
  M2_PROOF_SIZE,
  M2Body,
  M3Body,
  Prekeys,
  QrPayload,
  RekeyAskBody,
} from './pairing.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

test('the fixed layouts have the sizes of pairing.md', () => {
  const sizes = [IdentityCert, Prekeys, M1Body[1], M1Body[2], M2Body[1], M2Body[2], M3Body, RekeyAskBody, HsErrorBody]
  assert.deepEqual(
    sizes.map(({ size }) => size),
    [132, 72, 318, 1_502, 300, 1_388, 128, 16, 16],
  )
})

test('a sealed M1, M2 and M3 has 370, 352 and 180 bytes in suite 1 and 1554, 1440 and 180 in suite 2', () => {
  const tag = 16
  const sealed = ({ size }: { size: number | null }) => HANDSHAKE_HEADER + (size ?? 0) + tag
  assert.deepEqual(
    SUITES.map((suite) => [sealed(M1Body[suite]), sealed(M2Body[suite]), sealed(M3Body)]),
    [
      [370, 352, 180],
      [1_554, 1_440, 180],
    ],
  )
  assert.equal(HandshakeFrame.offsets.find(({ name }) => name === 'sealed')?.offset, HANDSHAKE_HEADER)
})

test('the proof of M2 is its last two fields', () => {
  for (const suite of SUITES) {
    const [signature, confirmation] = M2Body[suite].offsets.slice(-2)
    assert.deepEqual([signature?.name, confirmation?.name], ['signature', 'confirmation'])
    assert.equal((signature?.size ?? 0) + (confirmation?.size ?? 0), M2_PROOF_SIZE)
  }
})

test('KEM fields exist in suite 2 only', () => {
  assert.deepEqual(SUITES.map(kemKeySize), [0, 1_184])
  assert.deepEqual(SUITES.map(kemCiphertextSize), [0, 1_088])
})

const KNOWN_QR =
  '0100016b49d200df60bd4df531350edb8b8733153afcc24707603053cd336092ba20b7c64d1fbc' +
  '8c3e1deb6bda97d137ef73a6bcb7ab521172656c61792e6578616d706c652e636f6d'

test('the known pairing code decodes to what it was made of, and encodes to the same bytes', () => {
  const payload = QrPayload.decode(hex(KNOWN_QR))
  assert.equal(payload.flags, 0)
  assert.equal(payload.suites, 1)
  assert.equal(payload.expiry, 1_800_000_000)
  assert.equal(Buffer.from(payload.deviceId).toString('hex'), 'df60bd4df531350edb8b8733153afcc2')
  assert.equal(Buffer.from(payload.relay).toString(), 'relay.example.com')
  assert.equal(Buffer.from(QrPayload.encode(payload)).toString('hex'), KNOWN_QR)
})

test('a pairing code of another version, and a reserved flag, are refused by name', () => {
  const other = hex(KNOWN_QR)
  other[0] = 2
  assert.throws(() => QrPayload.decode(other), { code: 'qr-version' })
  const flagged = hex(KNOWN_QR)
  flagged[1] = 2
  assert.throws(() => QrPayload.decode(flagged), { code: 'type' })
})

test('handshakeErrorOf() knows every byte of the registry and reads any other as rejected', () => {
  const known = new Map(codesAt('handshake').map((code) => [errorEntry(code).handshake, code]))
  for (let byte = 0; byte < 256; byte++) assert.equal(handshakeErrorOf(byte), known.get(byte) ?? 'rejected')
})
