// The one registry of error codes (spec/errors.md is generated prose around this table).

/** Where a code may appear: on the relay's wire, in an HS_ERROR, in an RPC `error`, in control `error`, or nowhere but here. */
export type ErrorPlace = 'relay' | 'handshake' | 'rpc' | 'control' | 'local'

export interface ErrorEntry {
  readonly places: readonly ErrorPlace[]
  /** The u8 of an HS_ERROR body, where the code may appear in one. */
  readonly handshake?: number
  /** The WebSocket close code that follows a relay `error` of this code. */
  readonly close?: number
  readonly text: string
}

const at = <const P extends ErrorPlace[]>(...places: P): P => places

export const errors = {
  // relay
  malformed: { places: at('relay'), close: 4400, text: 'A frame that the relay cannot parse, or does not expect now.' },
  unauthenticated: { places: at('relay'), close: 4401, text: 'A bind whose signature does not prove the route.' },
  timeout: { places: at('relay'), close: 4408, text: 'No bind in time, or silence for too long.' },
  superseded: { places: at('relay'), close: 4409, text: 'A newer connection has bound this route.' },
  'too-large': { places: at('relay', 'rpc'), close: 4413, text: 'Larger than the receiver accepts.' },
  'rate-limited': {
    places: at('relay'),
    close: 4429,
    text: 'More frames, bytes, binds or connections than the relay allows.',
  },
  draining: { places: at('relay'), close: 1001, text: 'The relay is about to stop.' },

  // handshake, on the wire
  suite: {
    places: at('handshake', 'local'),
    handshake: 0x04,
    text: 'No common suite, or a suite that this run does not expect.',
  },
  'suite-downgrade': {
    places: at('handshake', 'local'),
    handshake: 0x05,
    text: 'A lower suite than both ends support, or than the pairing last used.',
  },
  'pair-busy': { places: at('handshake', 'local'), handshake: 0x0b, text: 'Another device has used this code.' },
  rejected: {
    places: at('handshake', 'local'),
    handshake: 0x0d,
    text: 'The handshake was refused; the reason stays with the side that refused.',
  },
  'identity-mismatch': {
    places: at('handshake', 'local'),
    handshake: 0x18,
    text: 'Not the identity key that was pinned, or that the code names.',
  },
  'epoch-rollback': {
    places: at('handshake', 'local'),
    handshake: 0x19,
    text: 'An identity certificate older than one already seen.',
  },
  'sas-mismatch': { places: at('handshake', 'local'), handshake: 0x1c, text: 'The digits were not typed correctly.' },

  // handshake and ratchet, local
  version: { places: at('local'), text: 'A version byte that this implementation does not know.' },
  length: { places: at('local'), text: 'Too short, too long, or with bytes left over.' },
  truncated: { places: at('local'), text: 'A ratchet message shorter than its header and tag.' },
  type: { places: at('local'), text: 'A type byte that is not expected here, or a reserved bit that is set.' },
  'qr-encoding': { places: at('local'), text: 'Not the base32 text of a pairing code.' },
  'qr-length': { places: at('local'), text: 'A pairing code of the wrong length.' },
  'qr-version': { places: at('local'), text: 'A pairing code of another version.' },
  'qr-expired': { places: at('local'), text: 'A pairing code whose time is over.' },
  'qr-insecure': { places: at('local'), text: 'A pairing code that asks for an unencrypted relay on a public host.' },
  'pair-expired': { places: at('local'), text: 'The pairing took longer than it may.' },
  'key-length': { places: at('local'), text: 'A public key that is not 32 bytes.' },
  'key-noncanonical': {
    places: at('local'),
    text: 'A public key that is not the canonical encoding of a field element.',
  },
  'key-low-order': { places: at('local'), text: 'A public key of small order.' },
  'dh-zero': { places: at('local'), text: 'A Diffie-Hellman output of all zeros.' },
  'kem-key': { places: at('local'), text: 'An ML-KEM encapsulation key that fails the modulus check.' },
  'cert-signature': { places: at('local'), text: 'An identity certificate whose signature does not verify.' },
  'prekey-signature': { places: at('local'), text: 'Prekeys whose signature does not verify.' },
  'auth-signature': { places: at('local'), text: 'A transcript signature that does not verify.' },
  confirm: { places: at('local'), text: 'A key confirmation or a commitment that does not match.' },
  'route-mismatch': { places: at('local'), text: 'The route inside the message is not the route that it came from.' },
  'prekey-unknown': { places: at('local'), text: 'An answer that names a prekey that is not held.' },
  header: { places: at('local'), text: 'A header MAC that fits no session.' },
  decrypt: { places: at('local'), text: 'An AEAD tag that does not verify.' },
  replay: { places: at('local'), text: 'A message that was opened before, or given up.' },
  counter: { places: at('local'), text: 'Counters that contradict those already seen.' },
  'skip-limit': { places: at('local'), text: 'More missing messages than the receiver may skip.' },
  'chain-exhausted': { places: at('local'), text: 'A counter would exceed 2^32 - 1.' },
  direction: { places: at('local'), text: "A message of the receiver's own direction." },
  padding: { places: at('local'), text: 'Padding that is not zero, or a length beyond the frame.' },
  window: { places: at('local'), text: 'More frames outstanding than the peer has acknowledged room for.' },
  'state-corrupt': { places: at('local'), text: 'A stored record that does not open; it was put aside, not deleted.' },
  'state-locked': { places: at('local'), text: 'Another process holds this state.' },

  // RPC
  'parse-error': { places: at('rpc', 'control'), text: 'Not JSON, or not UTF-8.' },
  'invalid-request': { places: at('rpc', 'control'), text: 'JSON that is not a message of this protocol.' },
  'unknown-method': { places: at('rpc'), text: 'A method that the agent does not have.' },
  'invalid-params': { places: at('rpc'), text: "Parameters that do not fit the method's schema." },
  internal: { places: at('rpc'), text: 'The agent failed; the details are in its log.' },
  forbidden: {
    places: at('rpc'),
    text: 'The capability for this is not granted, and `data.capability` names it; or nobody may do it from here.',
  },
  'not-found': { places: at('rpc'), text: 'No such thing.' },
  'not-a-file': { places: at('rpc'), text: 'Not a regular file.' },
  conflict: {
    places: at('rpc'),
    text: 'The state is not the one that the request assumes; `data` tells the present one.',
  },
  expired: { places: at('rpc'), text: 'The time for this is over.' },
  stale: { places: at('rpc'), text: 'The request carries no fresh challenge; `data.challenge` is a new one.' },
  busy: { places: at('rpc'), text: 'Not now; try again.' },
  paused: { places: at('rpc'), text: 'The session is paused.' },
  revoked: { places: at('rpc', 'control'), text: 'This device is no longer paired.' },
  interrupted: { places: at('rpc'), text: 'Stopped before it was done.' },
  uncertain: { places: at('rpc'), text: 'Whether it ran cannot be told.' },
  unsupported: { places: at('rpc'), text: 'The assistant does not take this; `data.kind` names it.' },
  'assistant-unavailable': { places: at('rpc'), text: 'The assistant could not be started, or has stopped.' },
  'path-outside-workspace': { places: at('rpc'), text: 'A path that leaves the workspace.' },
  'git-failed': { places: at('rpc'), text: 'git failed; `data.stderr` tells what it said.' },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errors

type CodesAt<P extends ErrorPlace> = {
  [C in ErrorCode]: P extends (typeof errors)[C]['places'][number] ? C : never
}[ErrorCode]

export type RelayErrorCode = CodesAt<'relay'>
export type HandshakeErrorCode = CodesAt<'handshake'>
export type RpcErrorCode = CodesAt<'rpc'>
export type ControlErrorCode = CodesAt<'control'>

/** The registry's entry, with its optional members. */
export const errorEntry = (code: ErrorCode): ErrorEntry => errors[code]

/** The codes that may appear at `place`, in registry order. */
export function codesAt<P extends ErrorPlace>(place: P): CodesAt<P>[] {
  const all = Object.entries(errors) as [ErrorCode, ErrorEntry][]
  return all.filter(([, entry]) => entry.places.includes(place)).map(([code]) => code as CodesAt<P>)
}

/**
 * The error of every layer. `message` says what was attempted and why it failed; it never holds a
 * secret, a key or plaintext. `data` is what an RPC error shows the caller.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ErrorCode
  declare readonly data?: unknown
  constructor(code: ErrorCode, message?: string, data?: unknown) {
    super(message ?? errors[code].text)
    this.code = code
    if (data !== undefined) this.data = data
  }
}
