// What a link is made from, and what it tells its owner.

import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import type { StreamChunk } from '@happy-remote/schemas/session.ts'
import type { Identity } from '../crypto/identity.ts'
import type { Random } from '../crypto/primitives.ts'
import type { Clocks } from '../session/freshness.ts'
import type { SessionKeeper } from '../session/kept-session.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import type { Receipt } from './incoming.ts'
import type { PeerState } from './peer-presence.ts'
import type { RelaySocket } from './socket.ts'

export interface LinkHandlers {
  onMessage(message: Message, receipt: Receipt): void
  /** `age` is as that of a Receipt. */
  onChunk(chunk: StreamChunk, age: number | null): void
  /** Messages can be sent: after a connection or a session was made anew. What had no answer is to be sent again. */
  onReady(): void
  /** The session has ended, and every stream with it. */
  onSessionEnd(): void
  onPeer(state: PeerState): void
  /** The record changed: store it. Runs before anything that follows from it. */
  onRecord(record: PairingRecord): void
  /** The agent told it, in a hello, before anything that depends on it. */
  onCommandEpoch?(epoch: string): void
  /** The peer has ended the pairing. */
  onRevoked(): void
  /** The route is bound elsewhere, or was refused. */
  onBlocked(reason: 'superseded' | 'unauthenticated'): void
  /** A handshake frame that is not of a rekey: the pairing run's. */
  onHandshake?(frame: Uint8Array): void
  /** An authentic frame came. */
  onHeard?(): void
  /** Frames before this one have not arrived: what only they told is to be asked for, if it does not follow. */
  onMissing?(): void
  /** At the agent, once after a pairing: pair.ack came and the name is known, or its time is over. */
  onPaired?(): void
  /** At the controller: ten minutes without a confirmation. The record is to be deleted, the link is closed. */
  onExpired?(): void
}

export interface LinkOptions {
  readonly identity: Identity
  readonly record: PairingRecord
  readonly socket: Pick<RelaySocket, 'attach'>
  readonly handlers: LinkHandlers
  /** The own device's or agent's name. */
  readonly name: string
  /** The pairing run's ratchet, where this link begins with one. */
  readonly ratchet?: Ratchet
  /** At the controller, the run's M3: sent again until the agent speaks. */
  readonly proof?: Uint8Array
  /** At the agent: another text whenever the recorded ids of commands were lost. */
  readonly commandEpoch?: string
  /** Profile P: without one, a restart begins with a rekey. */
  readonly keeper?: SessionKeeper | undefined
  readonly clocks?: Clocks
  readonly random?: Random
}
