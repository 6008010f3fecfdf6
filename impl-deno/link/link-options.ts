// What a link is made from, and what it tells its owner.

import type { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { ControlHello, ControlMessage } from '@happy-remote/schemas/session.ts'
import type { Identity, KnownPeer } from '../crypto/identity.ts'
import type { Received } from '../session/live-sessions.ts'
import type { Role } from '../session/message.ts'
import type { Session } from '../session/session.ts'
import type { Suite } from '../session/suite.ts'
import type { FrameKind } from '../session/window.ts'
import type { Timers } from './timers.ts'

/** What is stored of the pairing; a rekey changes `suite` and `peer`. */
export interface Pairing {
  readonly pairingId: Uint8Array
  /** PPK */
  readonly pairingKey: Uint8Array
  readonly suite: Suite
  readonly peer: KnownPeer
  readonly routeId: Uint8Array
  readonly peerRoute: Uint8Array
}

export interface LinkOwner {
  /** Sends a payload to the peer's route; false where that is not possible now. */
  transmit(payload: Uint8Array): boolean
  /** A frame of content type RPC, batch or stream. */
  frame(received: Received): void
  /** A control message other than `hello`, `ack` and `rekey`; nothing else is taken before it has resolved. */
  control(message: ControlMessage, received: Received): void | Promise<void>
  /** The agent's epochs are here. */
  hello?(message: ControlHello): void
  /** Every message that opened, before anything in it is looked at. */
  opened?(received: Received): void
  /** An R2 has verified, so the agent has stored the pairing too (pairing.controller.confirm). */
  confirmed?(): Promise<void>
  /** The record is stored before anything else happens (pairing.rekey.record). */
  store(change: Pick<Pairing, 'suite' | 'peer'>): Promise<void>
  /** Profile P: the current session has another state, which is stored before anything else is done with it. */
  keep?(session: Session, image: Uint8Array): Promise<void>
  /** The peer has become away, or is back. `lost`: as LivenessOutput tells it. */
  presence?(away: boolean, lost: boolean): void
  /** Another session is current; streams ended with the old one. */
  switched?(): void
  /** A frame was refused; for a log. */
  refused?(error: ProtocolError): void
}

export interface SendOptions {
  /** `claude.delta` events are `stream`; otherwise it follows from the content type. */
  readonly kind?: FrameKind
  readonly session?: Session
  readonly signal?: AbortSignal
}

export interface LinkOptions {
  readonly role: Role
  readonly pairing: Pairing
  readonly identity: Identity
  /** Bitmap of the own suites. */
  readonly supported: number
  readonly owner: LinkOwner
  /** Whether the agent is known to have stored the pairing; true where it is left out. */
  readonly confirmed?: boolean
  /** Members that an agent adds to its `hello`. */
  readonly epochs?: () => { readonly commandEpoch?: string }
  readonly timers?: Timers
}
