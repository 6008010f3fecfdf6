// REKEY_ASK: an agent without a session asks for one (spec/pairing.md, REKEY_ASK).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { HANDSHAKE_TYPES, REKEY_REASONS, RekeyAskBody, type RekeyReason } from '@happy-remote/schemas/pairing.ts'
import { type Bytes, toHex } from '../crypto/bytes.ts'
import { random } from '../crypto/primitives.ts'
import { type OpenedFrame, sealHandshake } from './wrap.ts'

/** `suite` is the last one of the pairing, `pairingKey` its PPK (pairing.rekey-ask.body). */
export const sealRekeyAsk = (
  suite: number,
  pairingKey: Uint8Array,
  reason: RekeyReason,
  salt: Uint8Array = random(32),
): Promise<Bytes> =>
  sealHandshake(
    HANDSHAKE_TYPES.REKEY_ASK,
    suite,
    pairingKey,
    RekeyAskBody.encode({ reason: REKEY_REASONS[reason] }),
    salt,
  )

/** The salts that a process has honoured (pairing.rekey-ask.once). */
export class HonouredSalts {
  readonly #seen = new Set<string>()

  constructor(seen: Iterable<Uint8Array> = []) {
    for (const salt of seen) this.#seen.add(toHex(salt))
  }

  /** Reads a REKEY_ASK that opened. Throws ProtocolError `length`, `type` or `replay`. */
  honour(opened: OpenedFrame): RekeyReason {
    const { reason } = RekeyAskBody.decode(opened.body)
    const salt = toHex(opened.salt)
    if (this.#seen.has(salt)) throw new ProtocolError('replay', 'Cannot honour a REKEY_ASK: it was honoured before')
    this.#seen.add(salt)
    const known = (Object.keys(REKEY_REASONS) as RekeyReason[]).find((name) => REKEY_REASONS[name] === reason)
    // pairing.rekey-ask.reason
    return known ?? 'no-session'
  }
}
