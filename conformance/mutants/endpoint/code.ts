// Faults in the pairing code.

import type { EndpointMutant } from '../mutant.ts'

const reads = { role: 'controller', file: 'impl-node/session/pairing-code.ts' } as const
const shows = { role: 'agent', file: 'impl-node/session/pairing-code.ts' } as const

export const code: readonly EndpointMutant[] = [
  {
    name: 'code-lower-case',
    does: 'reads a code in capitals only',
    breaks: ['pairing.qr.case'],
    ...reads,
    find: 'fromBase32((match[1] as string).toUpperCase())',
    replace: 'fromBase32(match[1] as string)',
  },
  {
    name: 'code-scheme-lower-case',
    does: 'shows a code whose scheme is in small letters',
    breaks: ['pairing.qr.encoding'],
    ...shows,
    find: 'URI_SCHEME.toUpperCase()',
    replace: 'URI_SCHEME',
  },
  {
    name: 'code-never-expires',
    does: 'takes a code whose time is over',
    breaks: ['pairing.qr.expiry'],
    ...reads,
    find: 'limits.qrSkew < now',
    replace: 'limits.qrSkew < 0',
  },
  {
    name: 'code-any-flags',
    does: 'ignores the reserved flags of a code',
    breaks: ['pairing.qr.flags'],
    role: 'controller',
    file: 'schemas/src/pairing.ts',
    find: "bits 1 to 7 zero', { mask: 0b1 })",
    replace: "bits 1 to 7 zero')",
  },
  {
    name: 'code-insecure',
    does: 'dials a public relay without TLS',
    breaks: ['pairing.qr.insecure'],
    role: 'controller',
    file: 'impl-node/session/relay-url.ts',
    find: 'if (!secure && !isLocalHost(host))',
    replace: "if (!secure && host === '')",
  },
  {
    name: 'code-insecure-172',
    does: 'takes all of 172.0.0.0/8 for a private network',
    breaks: ['pairing.qr.insecure'],
    role: 'controller',
    file: 'impl-node/session/relay-url.ts',
    find: 'a === 172 && b >= 16 && b <= 31',
    replace: 'a === 172',
  },
  {
    name: 'code-route-first',
    does: 'puts the route before the device id',
    breaks: ['pairing.qr.layout'],
    role: 'agent',
    file: 'schemas/src/pairing.ts',
    find: `    deviceId: Bytes(16, "the agent's, a commitment to its IKs"),
    routeId: Bytes(16, "the agent's one-time route at the relay"),`,
    replace: `    routeId: Bytes(16, "the agent's one-time route at the relay"),
    deviceId: Bytes(16, "the agent's, a commitment to its IKs"),`,
  },
  {
    name: 'code-bytes-behind',
    does: 'ignores bytes behind the relay address',
    breaks: ['pairing.qr.length'],
    ...reads,
    find: `    throw new ProtocolError('qr-length')
  }
  let payload: QrPayload
  try {
    payload = QrPayload.decode(bytes)`,
    replace: `  }
  let payload: QrPayload
  try {
    payload = QrPayload.decode(bytes.subarray(0, RELAY_AT + (bytes[RELAY_AT - 1] ?? 0)))`,
  },
  {
    name: 'code-any-path',
    does: 'does not check the path of the relay address',
    breaks: ['pairing.qr.relay'],
    role: 'controller',
    file: 'impl-node/session/relay-url.ts',
    find: '!validHost || !PATH.test(path)',
    replace: '!validHost',
  },
  {
    name: 'code-number-host',
    does: 'takes a host that URL parsers read as an address',
    breaks: ['pairing.qr.relay'],
    role: 'controller',
    file: 'impl-node/session/relay-url.ts',
    find: '(HOST.test(host) && !NUMBER_AT_END.test(host))',
    replace: 'HOST.test(host)',
  },
  {
    name: 'code-stray-bits',
    does: 'ignores bits behind the last byte of a code',
    breaks: ['pairing.qr.strict'],
    ...reads,
    find: 'if (bits >= 5 || (value & ((1 << bits) - 1)) !== 0)',
    replace: 'if (bits >= 5)',
  },
  {
    name: 'code-unknown-suite',
    does: 'refuses a code that also offers a suite which it does not know',
    breaks: ['pairing.qr.suites'],
    ...reads,
    find: 'if ((payload.suites & SUITE_BITS) === 0)',
    replace: 'if ((payload.suites & SUITE_BITS) === 0 || payload.suites > SUITE_BITS)',
  },
  {
    name: 'code-any-version',
    does: 'reads a code of another version like its own',
    breaks: ['pairing.qr.version'],
    ...reads,
    find: '    payload = QrPayload.decode(bytes)',
    replace: '    payload = QrPayload.decode(Uint8Array.of(VERSION, ...bytes.subarray(1)))',
  },
]
