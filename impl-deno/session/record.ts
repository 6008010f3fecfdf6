// What is stored, as the text that is sealed: pairings, the own identity, denied devices, queued commands
// (spec/pairing.md, Pairing record; spec/session.md, At rest). Only this implementation reads it.

import { CAPABILITIES, type Capability } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { Base64url } from '@happy-remote/schemas/session.ts'
import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'
import { fromBase64url, toBase64url } from '../crypto/base64url.ts'
import { type Bytes, concat, utf8 } from '../crypto/bytes.ts'
import type { SigningKey } from '../crypto/ed25519.ts'
import { deviceIdOf, type Identity, type KnownPeer } from '../crypto/identity.ts'
import type { KeyPlace } from './key-place.ts'
import type { Role } from './message.ts'
import { isSuite, type Suite } from './suite.ts'

/** A pairing as an endpoint keeps it. Times are milliseconds since 1970. */
export interface PairingRecord {
  readonly pairingId: Uint8Array
  readonly role: Role
  /** Whether the agent is known to have stored it too; an agent stores nothing before it is. */
  readonly confirmed: boolean
  /** PPK */
  readonly pairingKey: Uint8Array
  /** The last one (pairing.rekey.suite). */
  readonly suite: Suite
  readonly peer: KnownPeer
  /** Empty while the peer has not told it. */
  readonly peerName: string
  readonly routeKey: SigningKey
  readonly peerRoute: Uint8Array
  /** The origin of the relay: `scheme://host:port/path`. */
  readonly relay: string
  readonly capabilities: readonly Capability[]
  readonly pairedAt: number
  readonly lastHeardAt: number | null
}

export interface DeniedRecord {
  readonly deviceId: Uint8Array
  readonly name: string
  readonly deniedAt: number
}

/** A command of a controller's queue: whose it is, and what the queue wrote. */
export interface QueuedRecord {
  /** 16 bytes of its id. */
  readonly id: Uint8Array
  /** deviceId of the agent. */
  readonly agent: Uint8Array
  readonly content: Uint8Array
}

const Kept = Type.String({ pattern: '^[A-Za-z0-9_-]+$', description: 'what a KeyPlace gave for a private key' })
const Time = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

const PairingContent = Type.Object({
  role: Type.Union([Type.Literal('agent'), Type.Literal('controller')]),
  confirmed: Type.Boolean(),
  pairingKey: Base64url(32, 'PPK'),
  suite: Type.Integer(),
  peer: Type.Object({
    identityKey: Base64url(32, 'IKs'),
    dhKey: Base64url(32, 'IKd'),
    epoch: Type.Integer({ minimum: 1, maximum: 0xffff_ffff }),
  }),
  peerName: Type.String(),
  routeKey: Type.Object({ publicKey: Base64url(32, 'route key'), kept: Kept }),
  peerRoute: Base64url(16, 'route'),
  relay: Type.String({ pattern: '^wss?://' }),
  capabilities: Type.Array(Type.Enum([...CAPABILITIES])),
  pairedAt: Time,
  lastHeardAt: Type.Union([Time, Type.Null()]),
})

const IdentityContent = Type.Object({
  certificate: Base64url(132, 'IdentityCert'),
  signing: Kept,
  dh: Kept,
})

const DeniedContent = Type.Object({ name: Type.String(), deniedAt: Time })

function parse<T extends typeof PairingContent | typeof IdentityContent | typeof DeniedContent>(
  schema: T,
  content: Uint8Array,
): Static<T> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch {
    value = undefined
  }
  if (!Check(schema, value)) throw new ProtocolError('state-corrupt', 'Cannot read a stored record')
  return value as Static<T>
}

const json = (content: object): Bytes => utf8(JSON.stringify(content))

/** The content of a pairing record; its private key goes to `keys`. */
export async function encodePairing(record: PairingRecord, keys: KeyPlace): Promise<Bytes> {
  const { pairingId: _, pairingKey, peer, routeKey, peerRoute, ...rest } = record
  const content: Static<typeof PairingContent> = {
    ...rest,
    capabilities: [...rest.capabilities],
    pairingKey: toBase64url(pairingKey),
    peer: { identityKey: toBase64url(peer.identityKey), dhKey: toBase64url(peer.dhKey), epoch: peer.epoch },
    routeKey: { publicKey: toBase64url(routeKey.publicKey), kept: toBase64url(await keys.keep(routeKey.privateKey)) },
    peerRoute: toBase64url(peerRoute),
  }
  return json(content)
}

/** Throws ProtocolError `state-corrupt`. */
export async function decodePairing(pairingId: Uint8Array, bytes: Uint8Array, keys: KeyPlace): Promise<PairingRecord> {
  const { suite, peer, routeKey, ...content } = parse(PairingContent, bytes)
  if (!isSuite(suite)) throw new ProtocolError('state-corrupt', `Cannot use a record of suite ${suite}`)
  return {
    ...content,
    pairingId,
    suite,
    pairingKey: fromBase64url(content.pairingKey),
    peer: { identityKey: fromBase64url(peer.identityKey), dhKey: fromBase64url(peer.dhKey), epoch: peer.epoch },
    routeKey: {
      publicKey: fromBase64url(routeKey.publicKey),
      privateKey: await keys.take(fromBase64url(routeKey.kept), 'Ed25519'),
    },
    peerRoute: fromBase64url(content.peerRoute),
  }
}

export async function encodeIdentity({ certificate, signing, dh }: Identity, keys: KeyPlace): Promise<Bytes> {
  return json({
    certificate: toBase64url(certificate),
    signing: toBase64url(await keys.keep(signing.privateKey)),
    dh: toBase64url(await keys.keep(dh.privateKey)),
  })
}

/** Throws ProtocolError `state-corrupt`. */
export async function decodeIdentity(bytes: Uint8Array, keys: KeyPlace): Promise<Identity> {
  const content = parse(IdentityContent, bytes)
  const certificate = fromBase64url(content.certificate)
  const [publicSigning, publicDh] = [certificate.slice(0, 32), certificate.slice(32, 64)]
  return {
    certificate,
    deviceId: deviceIdOf(publicSigning),
    signing: { publicKey: publicSigning, privateKey: await keys.take(fromBase64url(content.signing), 'Ed25519') },
    dh: { publicKey: publicDh, privateKey: await keys.take(fromBase64url(content.dh), 'X25519') },
  }
}

export const encodeDenied = ({ name, deniedAt }: DeniedRecord): Bytes => json({ name, deniedAt })

/** Throws ProtocolError `state-corrupt`. */
export const decodeDenied = (deviceId: Uint8Array, bytes: Uint8Array): DeniedRecord => ({
  deviceId,
  ...parse(DeniedContent, bytes),
})

const DEVICE_ID = 16

export const encodeQueued = ({ agent, content }: QueuedRecord): Bytes => concat(agent, content)

export const decodeQueued = (id: Uint8Array, content: Uint8Array): QueuedRecord => ({
  ...{ id, agent: content.slice(0, DEVICE_ID), content: content.slice(DEVICE_ID) },
})
