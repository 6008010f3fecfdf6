// The pairing record: all that is stored of a pairing in profile V (spec/session.md). No ratchet, no
// message or chain key is ever written.

import { type Capability, SUITES, type Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { CapabilityName } from '@happy-remote/schemas/pairing.ts'
import { Base64url } from '@happy-remote/schemas/session.ts'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Role } from './ratchet.ts'

export interface PairingRecord {
  /** 16 bytes: SID of the pairing run. */
  readonly pairingId: Uint8Array
  readonly role: Role
  /** unconfirmed: the controller has sent M3, the agent has not said that the digits were typed. */
  readonly state: 'unconfirmed' | 'stored'
  /** PPK. */
  readonly pairingKey: Uint8Array
  /** The pairing's last suite; never lowered. */
  readonly suite: Suite
  readonly peer: { readonly identityKey: Uint8Array; readonly dhKey: Uint8Array; readonly epoch: number }
  readonly peerName: string
  /** Private seed of the own route key. */
  readonly routeSeed: Uint8Array
  readonly peerRoute: Uint8Array
  /** `wss://host:443/path`, the relay's origin. */
  readonly relay: string
  readonly capabilities: readonly Capability[]
  /** ms since 1970. */
  readonly createdAt: number
}

const Image = Type.Object(
  {
    role: Type.Union([Type.Literal('agent'), Type.Literal('controller')]),
    state: Type.Union([Type.Literal('unconfirmed'), Type.Literal('stored')]),
    pairingKey: Base64url(32, 'PPK'),
    suite: Type.Enum([...SUITES]),
    identityKey: Base64url(32, 'IKs of the peer'),
    dhKey: Base64url(32, 'IKd of the peer'),
    epoch: Type.Integer({ minimum: 1 }),
    peerName: Type.String(),
    routeSeed: Base64url(32, 'own route key'),
    peerRoute: Base64url(16, 'route of the peer'),
    relay: Type.String(),
    capabilities: Type.Array(CapabilityName),
    createdAt: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
)
type Image = Static<typeof Image>
const validator = Compile(Image)

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const bytes = (value: string) => new Uint8Array(Buffer.from(value, 'base64url'))

export function encodeRecord(record: PairingRecord): Uint8Array {
  const image: Image = {
    role: record.role,
    state: record.state,
    pairingKey: text(record.pairingKey),
    suite: record.suite,
    identityKey: text(record.peer.identityKey),
    dhKey: text(record.peer.dhKey),
    epoch: record.peer.epoch,
    peerName: record.peerName,
    routeSeed: text(record.routeSeed),
    peerRoute: text(record.peerRoute),
    relay: record.relay,
    capabilities: [...record.capabilities],
    createdAt: record.createdAt,
  }
  return new TextEncoder().encode(JSON.stringify(image))
}

/** Throws ProtocolError `state-corrupt`. */
export function decodeRecord(pairingId: Uint8Array, image: Uint8Array): PairingRecord {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(image))
  } catch {
    throw new ProtocolError('state-corrupt')
  }
  if (!validator.Check(json)) throw new ProtocolError('state-corrupt')
  return {
    pairingId,
    role: json.role,
    state: json.state,
    pairingKey: bytes(json.pairingKey),
    suite: json.suite,
    peer: { identityKey: bytes(json.identityKey), dhKey: bytes(json.dhKey), epoch: json.epoch },
    peerName: json.peerName,
    routeSeed: bytes(json.routeSeed),
    peerRoute: bytes(json.peerRoute),
    relay: json.relay,
    capabilities: json.capabilities,
    createdAt: json.createdAt,
  }
}
