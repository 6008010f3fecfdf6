// Identity, pairing code and handshake: spec/pairing.md.

import { Type } from 'typebox'
import { CAPABILITIES, SUITE_MLKEM, SUITE_X25519, type Suite, VERSION } from './constants.ts'
import { codesAt, errorEntry, type HandshakeErrorCode } from './errors.ts'
import { Bytes, Const, Counted, type Decoded, LengthOf, layout, Nested, Rest, U8, U16, U32, Zeros } from './layout.ts'
import { limits } from './limits.ts'

export const IdentityCert = layout('IdentityCert', {
  identityKey: Bytes(32, 'IKs, Ed25519 public key'),
  dhKey: Bytes(32, 'IKd, X25519 public key'),
  epoch: U32('1 at first, one more for each rotation of IKd', { min: 1 }),
  signature: Bytes(64, 'Ed25519(IKs, L("identity") ‖ bytes 0 to 67)'),
})
export type IdentityCert = Decoded<typeof IdentityCert>

export const QrPayload = layout(
  'QrPayload',
  {
    version: Const(VERSION, 'version', 'qr-version'),
    flags: U8('bit 0: 0 = wss, 1 = ws; bits 1 to 7 zero', { mask: 0b1 }),
    suites: U8('suites offered, bit i = suite i + 1'),
    expiry: U32('seconds since 1970'),
    deviceId: Bytes(16, "the agent's, a commitment to its IKs"),
    routeId: Bytes(16, "the agent's one-time route at the relay"),
    pairingSecret: Bytes(16, 'PS, random, single use'),
    relayLength: LengthOf('relay', 1, 'length of relay', { min: 1, max: limits.qrHost }),
    relay: Counted('ASCII host[:port][/path]', { min: 1, max: limits.qrHost }),
  },
  { short: 'qr-length', description: 'What a pairing code carries, before base32.' },
)
export type QrPayload = Decoded<typeof QrPayload>

export const HANDSHAKE_TYPES = { M1: 1, M2: 2, M3: 3, R1: 4, R2: 5, R3: 6, REKEY_ASK: 7, HS_ERROR: 15 } as const
export type HandshakeTypeName = keyof typeof HANDSHAKE_TYPES

/** Salt and sealed body behind this many bytes; they are also the AEAD's associated data. */
export const HANDSHAKE_HEADER = 36

export const HandshakeFrame = layout('HandshakeFrame', {
  version: Const(VERSION, 'version', 'version'),
  type: U8('1 M1, 2 M2, 3 M3, 4 R1, 5 R2, 6 R3, 7 REKEY_ASK, 15 HS_ERROR'),
  suite: U16('suite'),
  salt: Bytes(32, 'random, fresh for every message'),
  sealed: Rest('AEAD(key, nonce, bytes 0 to 35, body)', { min: 16, max: 2_048 }),
})
export type HandshakeFrame = Decoded<typeof HandshakeFrame>

export const Prekeys = layout('Prekeys', {
  spkId: U32('random'),
  spk: Bytes(32, 'SPK, X25519 signed prekey'),
  opkId: U32('random'),
  opk: Bytes(32, 'OPK, X25519 one-time prekey'),
})
export type Prekeys = Decoded<typeof Prekeys>

export const KEM_KEY_SIZE = 1_184
export const KEM_CIPHERTEXT_SIZE = 1_088
export const kemKeySize = (suite: Suite): number => (suite === SUITE_MLKEM ? KEM_KEY_SIZE : 0)
export const kemCiphertextSize = (suite: Suite): number => (suite === SUITE_MLKEM ? KEM_CIPHERTEXT_SIZE : 0)

const m1Body = (suite: Suite) =>
  layout(`M1Body${suite}`, {
    supported: U16("C's suites, bit i = suite i + 1"),
    routeId: Bytes(16, "C's route; equals the routed frame's `from`"),
    sasCommit: Bytes(32, 'H(L("sas-commit") ‖ sasNonce)'),
    cert: Nested(IdentityCert, "C's certificate"),
    prekeys: Nested(Prekeys, 'SPK and OPK'),
    kemKey: Bytes(kemKeySize(suite), 'ML-KEM-768 encapsulation key, one-time; suite 0x0002 only'),
    signature: Bytes(64, 'Ed25519(IKs_C, L("prekeys") ‖ u16 suite ‖ deviceId_C ‖ prekeys ‖ kemKey)'),
  })
export const M1Body = { [SUITE_X25519]: m1Body(SUITE_X25519), [SUITE_MLKEM]: m1Body(SUITE_MLKEM) } as const
export type M1Body = Decoded<(typeof M1Body)[1]>

const m2Body = (suite: Suite) =>
  layout(`M2Body${suite}`, {
    cert: Nested(IdentityCert, "A's certificate"),
    ephemeralKey: Bytes(32, 'EK_A, X25519'),
    ratchetKey: Bytes(32, "RK_A, A's first ratchet public key"),
    spkId: U32('echo'),
    opkId: U32('echo'),
    kemCiphertext: Bytes(kemCiphertextSize(suite), 'ML-KEM-768 ciphertext; suite 0x0002 only'),
    signature: Bytes(64, 'sig_A = Ed25519(IKs_A, L("auth-agent") ‖ TH)'),
    confirmation: Bytes(32, 'conf_A = HMAC(KC_A, L("confirm") ‖ TH ‖ sig_A)'),
  })
export const M2Body = { [SUITE_X25519]: m2Body(SUITE_X25519), [SUITE_MLKEM]: m2Body(SUITE_MLKEM) } as const
export type M2Body = Decoded<(typeof M2Body)[1]>
/** `m2part` is the M2 body without its last 96 bytes, sig_A and conf_A. */
export const M2_PROOF_SIZE = 96

export const M3Body = layout('M3Body', {
  sasNonce: Bytes(32, 'opens sasCommit'),
  signature: Bytes(64, 'sig_C = Ed25519(IKs_C, L("auth-controller") ‖ TH)'),
  confirmation: Bytes(32, 'conf_C = HMAC(KC_C, L("confirm") ‖ TH ‖ sig_C)'),
})
export type M3Body = Decoded<typeof M3Body>

export const REKEY_REASONS = {
  'no-session': 1,
  'skip-limit': 2,
  'decrypt-failures': 3,
  'age-or-count': 4,
  suite: 5,
  identity: 6,
} as const
export type RekeyReason = keyof typeof REKEY_REASONS

export const RekeyAskBody = layout('RekeyAskBody', {
  reason: U8('1 no session, 2 skip limit, 3 decrypt failures, 4 age or count, 5 suite, 6 identity'),
  zeros: Zeros(15),
})
export type RekeyAskBody = Decoded<typeof RekeyAskBody>

export const HsErrorBody = layout('HsErrorBody', {
  code: U8('see errors.md'),
  reference: Bytes(15, 'H(L("hs-ref") ‖ the handshake frame that this answers)[0..15)'),
})
export type HsErrorBody = Decoded<typeof HsErrorBody>

/** The code of an HS_ERROR body's byte; unknown bytes are `rejected`. */
export function handshakeErrorOf(byte: number): HandshakeErrorCode {
  return codesAt('handshake').find((code) => errorEntry(code).handshake === byte) ?? 'rejected'
}

export const CapabilityName = Type.Enum([...CAPABILITIES], { description: 'What a controller may do at an agent.' })
