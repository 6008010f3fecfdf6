// What an endpoint keeps: sealed records over a back end of the platform (spec/session.md, What is stored).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type Bytes, equal, toHex } from '../crypto/bytes.ts'
import { generateSigningKey, type SigningKey } from '../crypto/ed25519.ts'
import { createIdentity, deviceIdOf, type Identity, type KnownPeer } from '../crypto/identity.ts'
import { generateDhKey } from '../crypto/x25519.ts'
import { openRecord, RECORD_TYPES, type RecordName, sealRecord } from './at-rest.ts'
import { KeptSession, type Witness } from './kept-session.ts'
import type { KeyPlace } from './key-place.ts'
import { Queue } from './queue.ts'
import {
  type DeniedRecord,
  decodeDenied,
  decodeIdentity,
  decodePairing,
  decodeQueued,
  encodeDenied,
  encodeIdentity,
  encodePairing,
  encodeQueued,
  type PairingRecord,
  type QueuedRecord,
} from './record.ts'

export interface SealedRecord extends RecordName {
  readonly sealed: Uint8Array
}

/** What a platform gives: one place, held by one program at a time. Opening it throws ProtocolError `state-locked`. */
export interface StoreBackend {
  /** KEK; a handle that cannot be exported where the platform has such. */
  readonly kek: CryptoKey
  readonly keys: KeyPlace
  all(): Promise<readonly SealedRecord[]>
  /**
   * Replaces the record of this type and id; after a crash the old or the new one is there whole (session.store.atomic).
   * Throws DOMException `QuotaExceededError` where the disk is full, and then nothing has changed.
   */
  write(record: SealedRecord): Promise<void>
  remove(name: Pick<RecordName, 'recordType' | 'id'>): Promise<void>
  /** Moves a record to where nobody reads it, and keeps it (session.store.quarantine). */
  putAside(record: SealedRecord): Promise<void>
  /** Gives the lock back. */
  close(): Promise<void>
}

/**
 * What a controller keeps of an agent: its place in the journal, what was shown last, what is not sent yet, its own name
 * for it, and the digits that wait to be typed there.
 */
const OF_AGENT = ['place', 'shown', 'draft', 'alias', 'digits'] as const
export type KeptOfAgent = (typeof OF_AGENT)[number]

const NO_ID = new Uint8Array(16)
const key = (recordType: number, id: Uint8Array): string => `${recordType} ${toHex(id)}`

export class Store {
  readonly #backend: StoreBackend
  /** Of the last write of each record, which the next one exceeds. */
  readonly #generations = new Map<string, number>()
  readonly #pairings = new Map<string, PairingRecord>()
  readonly #denied = new Map<string, DeniedRecord>()
  readonly #queued = new Map<string, QueuedRecord>()
  /** The records of type 4, as they were read. */
  readonly #sessions = new Map<string, SealedRecord & { readonly content: Bytes }>()
  readonly #witness: Witness | undefined
  /** By record type and the deviceId of the agent. */
  readonly #kept = new Map<string, Uint8Array>()
  readonly #queue = new Queue()
  #identity!: Identity
  /** Records that did not open and were put aside; to be told to the person. */
  readonly corrupt: ProtocolError[] = []

  private constructor(backend: StoreBackend, witness: Witness | undefined) {
    this.#backend = backend
    this.#witness = witness
  }

  /**
   * Reads everything; makes the identity at the first time. Throws ProtocolError `state-corrupt` where
   * the identity does not open: it was put aside, and the next start makes another one. With a witness
   * sessions are stored (profile P); without one nothing of a session stays stored.
   */
  static async open(backend: StoreBackend, witness?: Witness): Promise<Store> {
    const store = new Store(backend, witness)
    const records = await backend.all()
    for (const record of records) await store.#load(record)
    if (!witness) for (const { id } of store.#sessions.values()) await store.#removeSession(id)
    if (!store.#identity) {
      if (records.some(({ recordType }) => recordType === RECORD_TYPES.identity)) {
        await backend.close()
        throw new ProtocolError('state-corrupt', 'Cannot open the stored identity: it was put aside')
      }
      const { extractable } = backend.keys
      const dh = await generateDhKey({ extractable })
      await store.#saveIdentity(await createIdentity(await generateSigningKey({ extractable }), dh))
    }
    return store
  }

  get identity(): Identity {
    return this.#identity
  }

  get pairings(): readonly PairingRecord[] {
    return [...this.#pairings.values()]
  }

  get denied(): readonly DeniedRecord[] {
    return [...this.#denied.values()]
  }

  /** In no order. */
  queuedFor(agent: Uint8Array): readonly QueuedRecord[] {
    return [...this.#queued.values()].filter((record) => equal(record.agent, agent))
  }

  pairing(pairingId: Uint8Array): PairingRecord | undefined {
    return this.#pairings.get(toHex(pairingId))
  }

  /** What is stored under an IKs: the highest epoch of all its pairings. */
  known(identityKey: Uint8Array): KnownPeer | null {
    const peers = this.pairings.map(({ peer }) => peer).filter((peer) => equal(peer.identityKey, identityKey))
    return peers.sort((a, b) => b.epoch - a.epoch)[0] ?? null
  }

  isDenied(deviceId: Uint8Array): boolean {
    return this.#denied.has(toHex(deviceId))
  }

  /** A fresh route key of a kind that this store can keep (relay.route.fresh-key). */
  newRouteKey(): Promise<SigningKey> {
    return generateSigningKey({ extractable: this.#backend.keys.extractable })
  }

  /** What keeps the sessions of a pairing; undefined without a witness. */
  keptSession({ pairingId, role }: Pick<PairingRecord, 'pairingId' | 'role'>): KeptSession | undefined {
    if (!this.#witness) return undefined
    const name = { recordType: RECORD_TYPES.session, id: pairingId }
    const hex = toHex(pairingId)
    const place = {
      read: () => this.#sessions.get(hex)?.content,
      write: (generation: number, content: Uint8Array) =>
        this.#queue.run(async () => {
          // A write that was on its way does not outlive its pairing.
          if (!this.#pairings.has(hex)) return
          const sealed = await sealRecord(this.#backend.kek, { ...name, generation }, content)
          await this.#backend.write({ ...name, generation, sealed })
        }),
      remove: () => this.#queue.run(() => this.#removeSession(pairingId)),
      putAside: () =>
        this.#queue.run(async () => {
          const record = this.#sessions.get(hex)
          if (record) await this.#putAside(record)
        }),
    }
    return new KeptSession(place, this.#witness, role, pairingId)
  }

  savePairing(record: PairingRecord): Promise<void> {
    return this.#queue.run(async () => {
      await this.#write(RECORD_TYPES.pairing, record.pairingId, await encodePairing(record, this.#backend.keys))
      this.#pairings.set(toHex(record.pairingId), record)
    })
  }

  /** Overwrites what memory has of it, too (pairing.revoke.erase, pairing.revoke.received). */
  deletePairing(pairingId: Uint8Array): Promise<void> {
    return this.#queue.run(async () => {
      await this.#removeSession(pairingId)
      await this.#backend.remove({ recordType: RECORD_TYPES.pairing, id: pairingId })
      const record = this.#pairings.get(toHex(pairingId))
      if (!record) return
      this.#pairings.delete(toHex(pairingId))
      record.pairingKey.fill(0)
      await this.#backend.keys.forget(record.routeKey.privateKey)
      // What was kept for an agent goes with the last pairing with it.
      if (this.known(record.peer.identityKey)) return
      const agent = deviceIdOfRecord(record)
      for (const { id } of this.queuedFor(agent)) await this.#removeQueued(id)
      for (const what of OF_AGENT) await this.#removeKept(what, agent)
    })
  }

  /** Durable when it resolves. Throws DOMException `QuotaExceededError` where the disk is full, and then nothing has changed. */
  saveQueued(record: QueuedRecord): Promise<void> {
    return this.#queue.run(async () => {
      await this.#write(RECORD_TYPES.queued, record.id, encodeQueued(record))
      this.#queued.set(toHex(record.id), record)
    })
  }

  deleteQueued(id: Uint8Array): Promise<void> {
    return this.#queue.run(() => this.#removeQueued(id))
  }

  /** What was kept of this agent; undefined where there is nothing. */
  keptOf(what: KeptOfAgent, agent: Uint8Array): Uint8Array | undefined {
    return this.#kept.get(key(RECORD_TYPES[what], agent))
  }

  /**
   * Keeps it in the place of what was there, and of nothing where there is no pairing with the agent any more. Throws
   * DOMException `QuotaExceededError` where the disk is full, and then nothing has changed.
   */
  keep(what: KeptOfAgent, agent: Uint8Array, content: Uint8Array): Promise<void> {
    return this.#queue.run(async () => {
      // A write that was on its way does not outlive the pairing.
      if (!this.pairings.some((record) => equal(deviceIdOfRecord(record), agent))) return
      await this.#write(RECORD_TYPES[what], agent, content)
      this.#kept.set(key(RECORD_TYPES[what], agent), content)
    })
  }

  drop(what: KeptOfAgent, agent: Uint8Array): Promise<void> {
    return this.#queue.run(() => this.#removeKept(what, agent))
  }

  /** Deletes what was not confirmed in its 10 min (pairing.controller.delete-unconfirmed). `now` in ms since 1970. */
  async deleteExpired(now: number): Promise<void> {
    for (const { confirmed, pairedAt, pairingId } of this.pairings) {
      if (!confirmed && now - pairedAt >= limits.unconfirmedTtl) await this.deletePairing(pairingId)
    }
  }

  /** pairing.revoke.denied */
  deny(record: DeniedRecord): Promise<void> {
    return this.#queue.run(async () => {
      await this.#write(RECORD_TYPES.denied, record.deviceId, encodeDenied(record))
      this.#denied.set(toHex(record.deviceId), record)
    })
  }

  /** Only after a new pairing whose digits were typed (pairing.revoke.undeny). */
  undeny(deviceId: Uint8Array): Promise<void> {
    return this.#queue.run(async () => {
      await this.#backend.remove({ recordType: RECORD_TYPES.denied, id: deviceId })
      this.#denied.delete(toHex(deviceId))
    })
  }

  close(): Promise<void> {
    return this.#queue.run(() => this.#backend.close())
  }

  async #removeSession(pairingId: Uint8Array): Promise<void> {
    await this.#backend.remove({ recordType: RECORD_TYPES.session, id: pairingId })
    this.#sessions.get(toHex(pairingId))?.content.fill(0)
    this.#sessions.delete(toHex(pairingId))
  }

  async #removeQueued(id: Uint8Array): Promise<void> {
    await this.#backend.remove({ recordType: RECORD_TYPES.queued, id })
    this.#queued.delete(toHex(id))
  }

  async #removeKept(what: KeptOfAgent, agent: Uint8Array): Promise<void> {
    await this.#backend.remove({ recordType: RECORD_TYPES[what], id: agent })
    this.#kept.delete(key(RECORD_TYPES[what], agent))
  }

  async #saveIdentity(identity: Identity): Promise<void> {
    const { keys } = this.#backend
    const content = await encodeIdentity(identity, keys)
    await this.#write(RECORD_TYPES.identity, NO_ID, content)
    // From now on the keys are used as what was stored gives them: not extractable.
    this.#identity = await decodeIdentity(content, keys)
  }

  async #write(recordType: number, id: Uint8Array, content: Uint8Array): Promise<void> {
    const generation = (this.#generations.get(key(recordType, id)) ?? 0) + 1
    const name = { recordType, id, generation }
    await this.#backend.write({ ...name, sealed: await sealRecord(this.#backend.kek, name, content) })
    this.#generations.set(key(recordType, id), generation)
  }

  async #load(record: SealedRecord): Promise<void> {
    const { recordType, id, generation, sealed } = record
    this.#generations.set(key(recordType, id), generation)
    try {
      const content = await openRecord(this.#backend.kek, record, sealed)
      const { keys } = this.#backend
      if (recordType === RECORD_TYPES.identity) this.#identity = await decodeIdentity(content, keys)
      else if (recordType === RECORD_TYPES.pairing) {
        this.#pairings.set(toHex(id), await decodePairing(id, content, keys))
      } else if (recordType === RECORD_TYPES.denied) this.#denied.set(toHex(id), decodeDenied(id, content))
      else if (recordType === RECORD_TYPES.queued) this.#queued.set(toHex(id), decodeQueued(id, content))
      else if (recordType === RECORD_TYPES.session) this.#sessions.set(toHex(id), { ...record, content })
      else if (OF_AGENT.some((what) => RECORD_TYPES[what] === recordType)) this.#kept.set(key(recordType, id), content)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      await this.#putAside(record)
    }
  }

  /** session.store.quarantine */
  async #putAside(record: SealedRecord): Promise<void> {
    await this.#backend.putAside(record)
    this.corrupt.push(
      new ProtocolError('state-corrupt', `Cannot open a stored record of type ${record.recordType}: it was put aside`),
    )
  }
}

export const deviceIdOfRecord = ({ peer }: PairingRecord): Uint8Array => deviceIdOf(peer.identityKey)
