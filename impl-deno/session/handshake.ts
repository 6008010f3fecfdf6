// What both roles of a handshake share: the four agreements and the state that a session starts from.

import type { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import type { Bytes } from '../crypto/bytes.ts'
import type { DhKeyPair } from '../crypto/x25519.ts'
import type { Run } from './run.ts'
import type { SessionKeys } from './schedule.ts'
import type { Suite } from './suite.ts'

/** A handshake whose peer is proven: everything that a session and a pairing record begin with. */
export interface Established {
  readonly role: 'agent' | 'controller'
  readonly run: Run
  readonly suite: Suite
  /** TH; the associated data of the ratchet. */
  readonly transcript: Bytes
  readonly keys: SessionKeys
  /** The own key pair that the ratchet starts with: RK_A of an agent, SPK of a controller. */
  readonly own: DhKeyPair
  /** The peer's: SPK or RK_A. */
  readonly remote: Uint8Array
  readonly peer: IdentityCert
  /** The six digits; null in a rekey. */
  readonly digits: string | null
}

/** sig_A and sig_C are made under these labels. */
export const AUTH_LABELS = { agent: 'auth-agent', controller: 'auth-controller' } as const
