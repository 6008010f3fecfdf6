// The constants that fix bytes and names.

/** Wire version: the first byte of every handshake frame, ratchet message and pairing code. */
export const VERSION = 0x01

/** Prefix of every label; a new wire version needs a new one. */
export const LABEL_PREFIX = 'HRC/1 '

export const LABELS = [
  'device-id',
  'route-id',
  'identity',
  'prekeys',
  'hs-wrap',
  'hs-ref',
  'pair-psk',
  'rekey-psk',
  'transcript',
  'session',
  'confirm',
  'sas-commit',
  'sas',
  'auth-agent',
  'auth-controller',
  'ratchet-root',
  'relay-auth',
  'at-rest',
] as const
export type LabelName = (typeof LABELS)[number]

/** `L(name)`: ASCII "HRC/1 " + name, then one zero byte. */
export function label(name: LabelName): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${LABEL_PREFIX}${name}\0`)
}

export const SUITE_X25519 = 0x0001
export const SUITE_MLKEM = 0x0002
export type Suite = typeof SUITE_X25519 | typeof SUITE_MLKEM
export const SUITES: readonly Suite[] = [SUITE_X25519, SUITE_MLKEM]
/** Bitmap with bit i = suite i + 1, as in the pairing code and in `supported`. */
export const SUITE_BITS = 0b11

/** URI scheme of a pairing code. */
export const URI_SCHEME = 'happy'
/** Prefix shown before a device id in an interface. */
export const DEVICE_PREFIX = 'hd1'

export const RELAY_PATH = '/v1'
export const RELAY_SUBPROTOCOL = 'happy-relay.v1'
export const RELAY_PROTOCOL = 1
/** WebSocket close codes of the relay, by error code; see errors.ts. */
export const CLOSE_GOING_AWAY = 1001

export const CAPABILITIES = ['observe', 'prompt', 'approve', 'terminal', 'files', 'git', 'git.push', 'admin'] as const
export type Capability = (typeof CAPABILITIES)[number]
export const isCapability = (name: string): name is Capability => (CAPABILITIES as readonly string[]).includes(name)
/** What a new pairing is granted unless the owner says otherwise. */
export const DEFAULT_CAPABILITIES: readonly Capability[] = ['observe', 'prompt', 'approve', 'terminal', 'files', 'git']
