// What tells a pairing and a rekey apart: secret, context and message types (spec/pairing.md, Key schedule, Rekey).

import { label } from '@happy-remote/schemas/constants.ts'
import { HANDSHAKE_TYPES } from '@happy-remote/schemas/pairing.ts'
import type { Bytes } from '../crypto/bytes.ts'
import { hkdf } from '../crypto/primitives.ts'
import { withoutSecret } from './pairing-code.ts'

/** The setting of one handshake, equal at both ends. */
export interface Run {
  /** 1 in a pairing, 2 in a rekey. */
  readonly mode: 1 | 2
  /** PS or PPK: what the messages are sealed with. */
  readonly secret: Uint8Array
  /** `ctx`: the code's payload without PS, or the pairing id. */
  readonly context: Uint8Array
  /** The types of the three messages. */
  readonly types: readonly [bundle: number, answer: number, finish: number]
}

const { M1, M2, M3, R1, R2, R3 } = HANDSHAKE_TYPES

/** A pairing by the payload of a pairing code. */
export const pairingRun = (payload: Uint8Array, pairingSecret: Uint8Array): Run => ({
  mode: 1,
  secret: pairingSecret,
  context: withoutSecret(payload),
  types: [M1, M2, M3],
})

/** A rekey of a stored pairing. */
export const rekeyRun = (pairingKey: Uint8Array, pairingId: Uint8Array): Run => ({
  mode: 2,
  secret: pairingKey,
  context: pairingId,
  types: [R1, R2, R3],
})

/** PSK, the salt of the key schedule, 32 bytes (pairing.schedule.psk). */
export const pskOf = (run: Run): Promise<Bytes> =>
  hkdf(run.secret, new Uint8Array(32), label(run.mode === 1 ? 'pair-psk' : 'rekey-psk'), 32)
