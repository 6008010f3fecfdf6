import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QrPayload } from '@happy-remote/schemas/pairing.ts'
import fc from 'fast-check'
import { arbitraryOf } from '../../schemas/test/arbitrary.ts'
import { concat } from '../crypto/primitives.ts'
import { ascii, hex } from '../vectors/deterministic.ts'
import { contextOf, formatPairingCode, parsePairingCode } from './pairing-code.ts'
import { payload } from './testing/pair-up.ts'
import { assertRefused, codeOf } from './testing/refusal.ts'

const NOW = payload.expiry * 1_000
const uri = formatPairingCode(payload)
const body = uri.slice('HAPPY://'.length)

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const bitsOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
/** Base32 the slow way, with chosen trailing bits. */
function base32(bytes: Uint8Array, filler = '0'): string {
  const groups = bitsOf(bytes).match(/.{1,5}/g) ?? []
  return groups.map((bits) => ALPHABET[Number.parseInt(bits.padEnd(5, filler), 2)]).join('')
}
const textOf = (bytes: Uint8Array) => `HAPPY://${base32(bytes)}`
const bytes = QrPayload.encode(payload)
const changed = (at: number, value: number) => {
  const copy = Uint8Array.from(bytes)
  copy[at] = value
  return textOf(copy)
}
const withRelay = (relay: string, flags = 0) => formatPairingCode({ ...payload, relay: ascii(relay), flags })

test('a pairing code is upper-case base32 without padding under HAPPY://', () => {
  assert.equal(uri, textOf(bytes))
  assert.match(uri, /^HAPPY:\/\/[A-Z2-7]+$/)
})

test('parsePairingCode() gives back what formatPairingCode() was given', () => {
  const { payload: parsed, relay, context } = parsePairingCode(uri, NOW)
  assert.deepEqual(parsed, payload)
  assert.equal(relay.url, 'wss://relay.example.com:443/v1')
  assert.deepEqual(context, contextOf(payload))
})

test('the context is the payload with 16 zero bytes in place of the secret', () => {
  const context = contextOf(payload)
  assert.equal(hex(context), hex(bytes).replace(hex(payload.pairingSecret), '00'.repeat(16)))
  assert.notDeepEqual(context, bytes)
})

test('every well-formed payload survives its text', () => {
  fc.assert(
    fc.property(arbitraryOf(QrPayload), fc.stringMatching(/^[a-z][a-z0-9]{0,62}$/), (drawn, host) => {
      const valid = { ...drawn, flags: 0, suites: drawn.suites | 1, relay: ascii(host) }
      assert.deepEqual(parsePairingCode(formatPairingCode(valid), drawn.expiry * 1_000).payload, valid)
    }),
  )
})

for (const [name, text] of [
  ['lower case', uri.toLowerCase()],
  ['mixed case', `hApPy://${body.slice(0, 20).toLowerCase()}${body.slice(20)}`],
  ['white space around it', `\t\r\n\f ${uri} \n`],
  ['a slash behind it, which some programs add', `${uri}/`],
  ['the link form', `https://control.example.com/pair#${body}`],
  ['the link form in lower case', `https://control.example.com:8443/pair#${body.toLowerCase()}`],
] as const) {
  test(`parsePairingCode() accepts ${name}`, () => assert.deepEqual(parsePairingCode(text, NOW).payload, payload))
}

for (const [name, text] of [
  ['nothing', ''],
  ['another scheme', `SAPPY://${body}`],
  ['no scheme', body],
  ['http for the link form', `http://control.example.com/pair#${body}`],
  ['padding', `${uri}=`],
  ['the digit 1', `${uri.slice(0, -1)}1`],
  ['white space inside', `${uri.slice(0, 30)} ${uri.slice(30)}`],
  ['a line break inside', `${uri.slice(0, 30)}\n${uri.slice(30)}`],
  ['a no-break space behind it', `${uri}\u00a0`],
  ['two slashes behind it', `${uri}//`],
  ['a letter whose upper case is ASCII', uri.replace(/[A-Z]$/, '').concat('ſ')],
  ['something before it', `x${uri}`],
  ['two codes', `${uri}${uri}`],
] as const) {
  test(`parsePairingCode() refuses ${name} with qr-encoding`, () =>
    assertRefused('qr-encoding', () => parsePairingCode(text, NOW)))
}

test('parsePairingCode() refuses non-zero trailing bits and superfluous characters with qr-encoding', () => {
  for (const host of ['a', 'ab', 'abc', 'abcd', 'abcde']) {
    const relayed = QrPayload.encode({ ...payload, relay: ascii(host) })
    const ones = `HAPPY://${base32(relayed, '1')}`
    const zeros = `HAPPY://${base32(relayed)}`
    assert.doesNotThrow(() => parsePairingCode(zeros, NOW))
    if (ones !== zeros) assertRefused('qr-encoding', () => parsePairingCode(ones, NOW))
    // One more character is a whole one of left-over bits, or gives one more byte.
    assert.match(
      codeOf(() => parsePairingCode(`${zeros}A`, NOW)),
      /^qr-(encoding|length)$/,
    )
  }
  assertRefused('qr-encoding', () => parsePairingCode('HAPPY://A', NOW))
})

for (const [name, text] of [
  ['one byte more than n says', textOf(concat(bytes, Uint8Array.of(0)))],
  ['one byte less than n says', textOf(bytes.subarray(0, -1))],
  ['n one too small', changed(55, payload.relay.length - 1)],
  ['n one too large', changed(55, payload.relay.length + 1)],
  ['n = 0', textOf(concat(bytes.subarray(0, 55), Uint8Array.of(0)))],
  ['n = 65', textOf(concat(bytes.subarray(0, 55), Uint8Array.of(65), new Uint8Array(65).fill(0x61)))],
  ['no payload', 'HAPPY://'],
  ['a link without a payload', 'https://control.example.com/pair#'],
  ['only the version', textOf(bytes.subarray(0, 1))],
  ['55 bytes', textOf(bytes.subarray(0, 55))],
  ['a reserved flag as well', textOf(concat(bytes, Uint8Array.of(0)).with(1, 0x80))],
] as const) {
  test(`parsePairingCode() refuses ${name} with qr-length`, () =>
    assertRefused('qr-length', () => parsePairingCode(text, NOW)))
}

for (const version of [0, 2, 0xff]) {
  test(`parsePairingCode() refuses version ${version} with qr-version, whatever follows`, () => {
    assertRefused('qr-version', () => parsePairingCode(changed(0, version), NOW))
    assertRefused('qr-version', () => parsePairingCode(textOf(Uint8Array.of(version, 0xff)), NOW))
  })
}

for (let bit = 1; bit < 8; bit++) {
  test(`parsePairingCode() refuses the reserved flag bit ${bit} with type`, () =>
    assertRefused('type', () => parsePairingCode(changed(1, 1 << bit), NOW)))
}

test('parsePairingCode() ignores unknown suites, and refuses a code without a known one with suite', () => {
  assert.equal(parsePairingCode(changed(2, 0b1111_1101), NOW).payload.suites, 0b1111_1101)
  assertRefused('suite', () => parsePairingCode(changed(2, 0), NOW))
  assertRefused('suite', () => parsePairingCode(changed(2, 0b1111_1100), NOW))
})

test('parsePairingCode() forgives 300 s after the expiry and not 1 ms more', () => {
  assert.doesNotThrow(() => parsePairingCode(uri, NOW + 300_000))
  assertRefused('qr-expired', () => parsePairingCode(uri, NOW + 300_001))
})

test('parsePairingCode() refuses ws to a public host with qr-insecure, and not to a local one', () => {
  assertRefused('qr-insecure', () => parsePairingCode(withRelay('relay.example.com', 1), NOW))
  assert.equal(parsePairingCode(withRelay('192.168.1.2:8080', 1), NOW).relay.url, 'ws://192.168.1.2:8080/v1')
})

for (const relay of ['Relay.example.com', 'relay.example.com/', 'relay example', 'relay\0', 'rel\u00e4y']) {
  test(`parsePairingCode() refuses the relay ${JSON.stringify(relay)} with qr-encoding`, () => {
    const text = formatPairingCode({ ...payload, relay: Uint8Array.from(relay, (char) => char.charCodeAt(0)) })
    assertRefused('qr-encoding', () => parsePairingCode(text, NOW))
  })
}

test('parsePairingCode() tells no secret in its errors', () => {
  const expired = () => parsePairingCode(uri, NOW + 1e9)
  assert.throws(expired, (error: Error) => !error.message.includes(body.slice(60, 90)))
})

test('any text whatsoever is a code or is refused', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.stringMatching(/^(happy|HAPPY|https):\/\/[A-Za-z2-7/#.]{0,200}$/),
    fc.uint8Array({ maxLength: 130 }).map((drawn) => textOf(concat(Uint8Array.of(1, 0), drawn))),
  )
  let refused = 0
  fc.assert(
    fc.property(text, (drawn) => {
      refused += Number(codeOf(() => parsePairingCode(drawn, Number.MAX_SAFE_INTEGER)).length > 0)
    }),
    { numRuns: 1_000 },
  )
  assert.equal(refused, 1_000)
})
