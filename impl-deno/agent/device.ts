// One paired device at the agent: its requests come in here, and its responses, events and output go out.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message, Request } from '@happy-remote/schemas/rpc/envelope.ts'
import type { JournalPlace } from '@happy-remote/schemas/rpc/journal.ts'
import { type EventName, events, type Result } from '@happy-remote/schemas/rpc/registry.ts'
import { toBase64url } from '../crypto/base64url.ts'
import { deviceIdOf, deviceIdText } from '../crypto/identity.ts'
import {
  type Carried,
  type ConnectionOptions,
  type ConnectionOwner,
  PairingConnection,
} from '../link/pairing-connection.ts'
import { systemTimers, type Timers } from '../link/timers.ts'
import type { Received } from '../session/live-sessions.ts'
import type { PairingRecord } from '../session/record.ts'
import type { Caller } from './caller.ts'
import type { Outcome } from './commands.ts'
import type { Dispatch } from './dispatch.ts'
import type { StreamPort } from './viewer.ts'

export interface DeviceOwner extends Pick<ConnectionOwner, 'relay' | 'refused' | 'complaint'> {
  store(record: PairingRecord): Promise<void>
  /** `pair.ack` has come, or its time is over. */
  paired(device: Device): void
  /** Its streams are over: another session is current, or it has been silent for too long. */
  detached(device: Device): void
  changed(device: Device): void
}

/** `lastHeardAt` is stored at most once in this time. */
const NOTE_EVERY = 60_000
/** Deltas that may wait for room; more are lost, as they may be. */
const DELTAS_WAITING = 64
/** Takes the place of an event that a device may not see. */
const WITHHELD = 'journal.withheld'
/** Responses that name a stream mean something in its session alone. */
const NAMING = ['terminal.open', 'terminal.attach']

/** The text form of a device id as it stands in messages. */
export const deviceName = (deviceId: Uint8Array): string => deviceIdText(deviceId).slice(3)

export class Device {
  readonly id: string
  readonly identityKey: Uint8Array
  readonly connection: PairingConnection
  readonly #dispatch: Dispatch
  readonly #owner: DeviceOwner
  readonly #timers: Timers
  #heardAt = Number.NEGATIVE_INFINITY
  #lastHeardAt: number | null
  #notedAt = Number.NEGATIVE_INFINITY
  #isSilent = true
  #deltas = 0

  constructor(options: Omit<ConnectionOptions, 'owner'>, dispatch: Dispatch, owner: DeviceOwner, carried?: Carried) {
    const { record, timers = systemTimers } = options
    this.#dispatch = dispatch
    this.#owner = owner
    this.#timers = timers
    this.#lastHeardAt = record.lastHeardAt
    this.identityKey = record.peer.identityKey
    this.id = deviceName(deviceIdOf(this.identityKey))
    this.connection = new PairingConnection({ ...options, owner: this.#connectionOwner(), ...(carried && { carried }) })
  }

  get record(): PairingRecord {
    return this.connection.record
  }

  get summary(): Omit<Result<'device.list'>['devices'][number], 'self'> {
    const { peerName: name, capabilities, pairedAt } = this.record
    const { online } = this
    return {
      ...{ deviceId: this.id, name, capabilities: [...capabilities], pairedAt, lastHeardAt: this.#lastHeardAt, online },
    }
  }

  /** rpc.device.list */
  get online(): boolean {
    return this.#timers.monotonic() - this.#heardAt <= limits.presenceFresh
  }

  /** rpc.event.capability, rpc.event.id. It waits for a device that is away, and is kept for none without a session. */
  tell(method: EventName, params: object, place?: JournalPlace): void {
    const { link, rpc, record } = this.connection
    if (!link.session) return
    if (!record.capabilities.includes(events[method].capability)) {
      // rpc.journal.stand-in
      if (place && method !== WITHHELD && record.capabilities.includes('observe')) this.tell(WITHHELD, {}, place)
      return
    }
    // rpc.event.limit
    if (rpc.backlog > limits.eventBacklog) return
    const isDelta = method === 'claude.delta'
    if (isDelta && (link.away || this.#deltas >= DELTAS_WAITING)) return
    const event = { id: crypto.randomUUID(), type: 'event' as const, method, params, ...(place && { journal: place }) }
    if (isDelta) this.#deltas++
    void rpc
      .send(event, { urgent: events[method].urgent })
      .catch(ignoreEnd)
      .finally(() => {
        if (isDelta) this.#deltas--
      })
  }

  /** To be called now and then (rpc.credit.silent). */
  checkSilence(): void {
    if (this.#isSilent || this.#timers.monotonic() - this.#heardAt < limits.receiverSilence) return
    this.#isSilent = true
    this.#owner.detached(this)
    this.#owner.changed(this)
  }

  /** Tells it that it is revoked where it can be told, and ends (pairing.revoke.notify, pairing.revoke.erase). */
  async revoke(): Promise<void> {
    await this.connection.sayRevoked()
    this.connection.close({ unbind: true })
  }

  /** For good; resolves when everything that is to be kept is written. */
  async close(): Promise<void> {
    await this.connection.update({ lastHeardAt: this.#lastHeardAt })
    this.connection.close()
  }

  #connectionOwner(): ConnectionOwner {
    const owner = this.#owner
    return {
      message: (message, received) => this.#take(message, received),
      bodyFailed: (message, received, error) => this.#take(message, received, error),
      // A controller has no streams but bodies.
      chunk: () => {},
      store: (record) => owner.store(record),
      paired: () => owner.paired(this),
      opened: () => this.#heard(),
      switched: () => owner.detached(this),
      ...(owner.relay && { relay: owner.relay }),
      ...(owner.refused && { refused: owner.refused }),
      ...(owner.complaint && { complaint: owner.complaint }),
    }
  }

  #heard(): void {
    this.#heardAt = this.#timers.monotonic()
    this.#lastHeardAt = this.#timers.wall()
    if (this.#heardAt - this.#notedAt >= NOTE_EVERY) {
      this.#notedAt = this.#heardAt
      void this.connection.update({ lastHeardAt: this.#lastHeardAt })
    }
    if (!this.#isSilent) return
    this.#isSilent = false
    this.#owner.changed(this)
  }

  #take(message: Message, received: Received, bodyFailed?: ProtocolError): void {
    // rpc.message.agent-ignores
    if (message.type !== 'request') return
    this.#dispatch.take({
      request: message,
      caller: this.#caller(),
      requireFresh: () => this.#requireFresh(received),
      respond: (outcome) => this.#respond(message, outcome),
      ...(bodyFailed && { bodyFailed }),
    })
  }

  #caller(): Caller {
    const { capabilities } = this.record
    return { device: this.id, identityKey: this.identityKey, capabilities, streams: this.#streams() }
  }

  #streams(): StreamPort {
    const { link, rpc } = this.connection
    const { session } = link
    if (!session) throw new ProtocolError('interrupted', 'Cannot begin a stream: the session is over')
    return {
      newStreamId: () => session.newStream(),
      sendChunk: (streamId, offset, bytes, signal) => rpc.sendChunk(session, streamId, offset, bytes, signal),
    }
  }

  #requireFresh({ late, frame }: Received): void {
    const { challenges } = this.connection.link
    try {
      // rpc.request.late
      if (late || !frame) throw new ProtocolError('stale', 'Cannot run a request of a late frame')
      challenges.check(frame.fresh)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      // session.fresh.stale-data
      throw new ProtocolError('stale', error.message, { challenge: toBase64url(challenges.issue()) })
    }
  }

  /** Rejects where a stream that the response names is over before the response left; it is sent all the same. */
  #respond({ id, method }: Request, outcome: Outcome): Promise<unknown> {
    const { rpc, link } = this.connection
    const response = { id, type: 'response', ...outcome } as Message
    // rpc.batch.urgent asks it of some; somebody waits for every response
    const urgent = true
    // rpc.message.current-session
    if (!('result' in outcome) || !NAMING.includes(method) || !link.session) {
      const sent = rpc.send(response, { urgent })
      sent.catch(ignoreEnd)
      return sent
    }
    const sent = rpc.send(response, { urgent, session: link.session })
    sent.catch(() => rpc.send(response, { urgent }).catch(ignoreEnd))
    return sent
  }
}

/** What was on its way when the link ended is lost, and recovered by its id. */
const ignoreEnd = (error: unknown): void => {
  if (!(error instanceof ProtocolError)) throw error
}
