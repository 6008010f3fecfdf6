// qr: pairing codes.

import { qr } from '../operations/pairing.ts'
import { ascii, concat, hex, toBase32, unhex } from '../protocol/bytes.ts'
import { encodePayload, payloadToUri } from '../protocol/qr.ts'
import type { Construction, RejectCode } from './file.ts'
import { secret } from './secret.ts'

const EXPIRY = 1_800_000_000

const code = (relay: string, flags = 0, suites = 3) => ({
  flags,
  suites,
  expiry: EXPIRY,
  deviceId: secret('qr', 'device', 16),
  routeId: secret('qr', 'route', 16),
  pairingSecret: secret('qr', 'ps', 16),
  relay,
})

function uriOf(relay: string, flags = 0, suites = 3): string {
  return payloadToUri(payloadOf(relay, flags, suites))
}

function payloadOf(relay: string, flags = 0, suites = 3): Uint8Array {
  const { deviceId, routeId, pairingSecret, ...rest } = code(relay, flags, suites)
  const ids = { deviceId: unhex(deviceId), routeId: unhex(routeId), pairingSecret: unhex(pairingSecret) }
  return encodePayload({ ...rest, ...ids })
}

const withByte = (payload: Uint8Array, at: number, value: number): string => {
  const bytes = Uint8Array.from(payload)
  bytes[at] = value
  return payloadToUri(bytes)
}

const hosts: [name: string, relay: string, flags: number, comment: string][] = [
  ['plain', 'relay.example.com', 0, 'host only, port 443'],
  ['port', 'relay.example.com:8443', 0, 'explicit port'],
  ['path', 'relay.example.org/team-A/x_1~', 0, 'a path whose case is kept'],
  ['localhost', 'localhost:8080', 1, 'ws to this machine'],
  ['ipv6', '[fe80::1]:9000', 1, 'ws to a link-local literal'],
]

const addresses: [name: string, relay: string][] = [
  ['upper-case', 'Relay.example.com'],
  ['trailing-dot', 'relay.example.com.'],
  ['userinfo', 'me@relay.example.com'],
  ['query', 'relay.example.com/a?b'],
  ['fragment', 'relay.example.com/a#b'],
  ['trailing-slash', 'relay.example.com/'],
  ['empty-segment', 'relay.example.com//a'],
  ['dot-segment', 'relay.example.com/./a'],
  ['dot-dot-segment', 'relay.example.com/a/..'],
  ['port-zero', 'relay.example.com:0'],
  ['port-large', 'relay.example.com:65536'],
  ['port-empty', 'relay.example.com:'],
  ['percent', 'relay.example.com/a%20b'],
  ['space', 'relay.example .com'],
  ['number', '127.1'],
  ['hexadecimal', 'relay.0x7f'],
  ['octal', '0177.0.0.1'],
]

const publicHosts = ['relay.example.com', '8.8.8.8', '172.32.0.1', '192.169.0.1', '[2001:db8::1]', 'localhost.example']
const privateHosts = [
  '127.0.0.1:1',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.2',
  '169.254.1.1',
  '[::1]',
  '[fd00::1]',
]

export const qrFile: Construction = {
  construction: 'qr',
  header: [
    "Pairing codes. `now` is the decoder's clock in seconds since 1970, `suites` its own bitmap.",
    '`url` is what the controller dials, `origin` what it signs in a bind.',
  ],
  flags: {
    Basic: { kind: 'functional', description: 'Ordinary code.', requirement: 'pairing.qr.layout' },
    Text: { kind: 'functional', description: 'A payload as text.', requirement: 'pairing.qr.encoding' },
    Case: { kind: 'functional', description: 'Lower-case text, or space around it.', requirement: 'pairing.qr.case' },
    UnknownSuite: {
      kind: 'functional',
      description: 'Unknown suite bits are ignored.',
      requirement: 'pairing.qr.suites',
    },
    Encoding: { kind: 'encoding', description: 'Not exact base32.', requirement: 'pairing.qr.strict' },
    Length: { kind: 'structure', description: 'Not 56 + n bytes.', requirement: 'pairing.qr.length' },
    Version: { kind: 'structure', description: 'Another version.', requirement: 'pairing.qr.version' },
    ReservedFlag: { kind: 'structure', description: 'A reserved flag bit is set.', requirement: 'pairing.qr.flags' },
    Relay: { kind: 'structure', description: 'Not a relay address.', requirement: 'pairing.qr.relay' },
    Insecure: { kind: 'structure', description: 'ws on a public host.', requirement: 'pairing.qr.insecure' },
    NoSuite: { kind: 'structure', description: 'No common suite.', requirement: 'pairing.qr.suites' },
    Expired: { kind: 'order', description: 'Expired beyond the skew.', requirement: 'pairing.qr.expiry' },
  },
  operations: qr,
  async build(group) {
    const encode = group('encode')
    for (const [name, relay, flags, comment] of hosts) {
      await encode.valid(`encode-${name}`, comment, ['Basic', 'Text'], code(relay, flags))
    }
    const longest = `${'a'.repeat(31)}.${'b'.repeat(28)}.org`
    await encode.valid('encode-longest', 'a host of 64 bytes', ['Basic', 'Text'], code(longest))

    const decode = group('decode')
    const now = EXPIRY - 60
    for (const [name, relay, flags, comment] of hosts) {
      await decode.valid(`decode-${name}`, comment, 'Basic', { uri: uriOf(relay, flags), now, suites: 3 })
    }
    for (const relay of privateHosts) {
      const input = { uri: uriOf(relay, 1), now, suites: 3 }
      await decode.valid(`private-${relay}`, `ws to ${relay}`, 'Basic', input)
    }
    const plain = uriOf('relay.example.com')
    const from = 'decode-plain'
    await decode.valid('lower-case', 'the whole text in lower case', 'Case', {
      uri: plain.toLowerCase(),
      now,
      suites: 3,
    })
    await decode.valid('white-space', 'ASCII white space around it', 'Case', { uri: ` \t${plain}\r\n`, now, suites: 3 })
    await decode.valid('unknown-suites', 'suites 0xfd', 'UnknownSuite', {
      uri: uriOf('relay.example.com', 0, 0xfd),
      now,
      suites: 3,
    })
    await decode.valid('skew', 'expired, within the skew', 'Basic', { uri: plain, now: EXPIRY + 300, suites: 3 })
    const refuse = (name: string, flag: string, mutation: string, uri: string, wanted: RejectCode) =>
      decode.invalid(name, mutation, flag, { from, mutation, input: { uri }, code: wanted })

    await refuse('padding', 'Encoding', 'uri + "="', `${plain}=`, 'qr-encoding')
    await refuse('foreign-character', 'Encoding', 'last character = 1', `${plain.slice(0, -1)}1`, 'qr-encoding')
    await refuse('inner-space', 'Encoding', 'a space inside', `${plain.slice(0, 40)} ${plain.slice(40)}`, 'qr-encoding')
    await refuse('scheme', 'Encoding', 'scheme = happier', plain.replace('HAPPY', 'HAPPIER'), 'qr-encoding')
    await refuse('no-scheme', 'Encoding', 'no scheme', plain.slice(8), 'qr-encoding')
    await refuse(
      'trailing-bits',
      'Encoding',
      'lowest unused bit of the last character set',
      trailingBit(),
      'qr-encoding',
    )
    await refuse('left-over-character', 'Encoding', 'uri + "A"', `${longEnough()}A`, 'qr-encoding')
    const payload = payloadOf('relay.example.com')
    await refuse('empty', 'Length', 'an empty payload', 'HAPPY://', 'qr-length')
    await refuse('truncated', 'Length', 'the last byte is missing', payloadToUri(payload.slice(0, -1)), 'qr-length')
    await refuse('left-over', 'Length', 'one more byte', payloadToUri(concat(payload, ascii('x'))), 'qr-length')
    await refuse('n-low', 'Length', 'n one too small', withByte(payload, 55, 16), 'qr-length')
    await refuse('n-high', 'Length', 'n one too large', withByte(payload, 55, 18), 'qr-length')
    await refuse('n-zero', 'Length', 'n = 0, no host', payloadToUri(withN(0)), 'qr-length')
    await refuse('n-65', 'Length', 'n = 65', payloadToUri(withN(65)), 'qr-length')
    await refuse('version', 'Version', 'version = 2', withByte(payload, 0, 2), 'qr-version')
    await refuse('version-0', 'Version', 'version = 0', withByte(payload, 0, 0), 'qr-version')
    await refuse('flag-1', 'ReservedFlag', 'flags bit 1 set', withByte(payload, 1, 2), 'type')
    await refuse('flag-7', 'ReservedFlag', 'flags bit 7 set', withByte(payload, 1, 0x80), 'type')
    await refuse('suites-none', 'NoSuite', 'suites = 0', withByte(payload, 2, 0), 'suite')
    await refuse('suites-unknown', 'NoSuite', 'suites = 0xfc', withByte(payload, 2, 0xfc), 'suite')
    for (const [name, relay] of addresses) {
      await refuse(`relay-${name}`, 'Relay', `relay = ${relay}`, uriOf(relay), 'qr-encoding')
    }
    await refuse('relay-high-byte', 'Relay', 'relay[0] = 0xe9', withByte(payload, 56, 0xe9), 'qr-encoding')
    for (const relay of publicHosts) {
      await refuse(`ws-${relay}`, 'Insecure', `ws to ${relay}`, uriOf(relay, 1), 'qr-insecure')
    }
    await decode.invalid('expired', 'one second beyond the skew', 'Expired', {
      from,
      mutation: 'now = expiry + 301',
      input: { now: EXPIRY + 301 },
      code: 'qr-expired',
    })
    await decode.invalid('no-common-suite', 'the decoder has suite 1, the code offers suite 2', 'NoSuite', {
      from,
      mutation: 'suites of the code = 2, of the decoder = 1',
      input: { uri: uriOf('relay.example.com', 0, 2), suites: 1 },
      code: 'suite',
    })
  },
}

/** A payload whose host is n bytes long, whatever n. */
function withN(n: number): Uint8Array {
  const payload = payloadOf('relay.example.com')
  return concat(payload.subarray(0, 55), Uint8Array.of(n), ascii('a'.repeat(n)))
}

/** 73 bytes are 116 characters and 4 bits: the last character has one unused bit. */
function trailingBit(): string {
  const uri = uriOf('relay.example.com')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const last = alphabet.indexOf(uri.slice(-1))
  return uri.slice(0, -1) + alphabet[last | 1]
}

/** A code whose payload is a multiple of five bytes, so that one more character holds no bit of it. */
function longEnough(): string {
  return `HAPPY://${toBase32(payloadOf('relays.example.com:65'.slice(0, 19)))}`
}

export const payloadHex = (relay: string, suites: number): string => hex(payloadOf(relay, 0, suites))
