// Why a session is to be replaced (spec/pairing.md, the table of triggers).

import { SUITES } from '@happy-remote/schemas/constants.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { RekeyReason } from '@happy-remote/schemas/pairing.ts'
import { highestSuite } from '../session/initiator.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { Session } from '../session/session.ts'

export interface Judged {
  readonly session: Pick<Session, 'startedAt' | 'suite' | 'decryptFailures'> & {
    readonly ratchet: Pick<Ratchet, 'nextSeq' | 'nextReceived'>
  }
  /** A message was too far ahead to be opened. */
  readonly skipLimitReached: boolean
  /** The bits of its newest hello. */
  readonly peerSuites: number
  /** ms since the peer acknowledged anything while an acknowledgement is due. */
  readonly stalledFor: number
}

/** Null where it is not; `wall` is ms since 1970. */
export function rekeyReason({ session, ...seen }: Judged, wall: number): RekeyReason | null {
  const { ratchet, startedAt, suite, decryptFailures } = session
  if (seen.skipLimitReached) return 'skip-limit'
  if (decryptFailures >= limits.decryptFailures) return 'decrypt-failures'
  const age = wall - startedAt
  const messages = Math.max(ratchet.nextSeq, ratchet.nextReceived)
  if (age > limits.sessionAge || messages >= limits.sessionMessages) return 'age-or-count'
  if (suite !== SUITES[0] && age > limits.sessionAgePostQuantum) return 'age-or-count'
  if (highestSuite(seen.peerSuites) > suite) return 'suite'
  // Nothing that this side sends is acknowledged: the window may be full for ever.
  return seen.stalledFor > limits.graceTime ? 'no-session' : null
}
