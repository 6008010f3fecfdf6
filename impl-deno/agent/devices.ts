// The devices that are paired with the agent: from their records, and after a pairing (spec/rpc.md, Devices).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { JournalPlace } from '@happy-remote/schemas/rpc/journal.ts'
import { type EventName, type EventParams, events } from '@happy-remote/schemas/rpc/registry.ts'
import { utf8 } from '../crypto/bytes.ts'
import { deviceIdOf } from '../crypto/identity.ts'
import type { Carried, ConnectionOptions, PairingConnection, RelayState } from '../link/pairing-connection.ts'
import { Alarm, type Timers } from '../link/timers.ts'
import type { PairingRecord } from '../session/record.ts'
import type { Store } from '../session/store.ts'
import { Device, deviceName } from './device.ts'
import type { Dispatch } from './dispatch.ts'
import type { Journal } from './journal.ts'

export interface DevicesEvents {
  /** A device was paired, has another name, was heard, or fell silent. */
  changed(device: Device): void
  joined(device: Device): void
  revoked(deviceId: string): void
  /** Its streams are over. */
  detached(deviceId: string): void
  relay(device: Device, state: RelayState): void
  refused(device: Device, error: ProtocolError): void
}

export interface DevicesOptions {
  readonly store: Store
  readonly dispatch: Dispatch
  readonly journal: Journal
  readonly timers: Timers
  readonly connection: Pick<ConnectionOptions, 'name' | 'supported' | 'epochs' | 'socket'>
  readonly events: DevicesEvents
}

/** How often it is looked for devices that have fallen silent. */
const LOOK_EVERY = 5_000
/** For which a device that revokes itself may take to be told that it has. */
const FAREWELL = 5_000

export class Devices {
  readonly #options: DevicesOptions
  readonly #devices = new Map<string, Device>()
  readonly #looking: Alarm

  constructor(options: DevicesOptions) {
    this.#options = options
    this.#looking = new Alarm(options.timers)
    for (const record of options.store.pairings) this.#restore(record)
    this.#look()
  }

  get list(): Device['summary'][] {
    return this.all.map(({ summary }) => summary)
  }

  get all(): readonly Device[] {
    return [...this.#devices.values()]
  }

  has(deviceId: string): boolean {
    return this.#devices.has(deviceId)
  }

  /** To all that may see it, and have a session. */
  tell<E extends EventName>(method: E, params: EventParams<E>): void {
    const { journal, timers } = this.#options
    const toAll = (told: string, params: object, place?: JournalPlace) => {
      // rpc.journal.large
      const isLarge = place !== undefined && utf8(JSON.stringify(params)).length > limits.bodyLeast
      const [name, body] = isLarge ? ['journal.withheld', {}] : [told, params]
      for (const device of this.#devices.values()) device.tell(name as EventName, body, place)
    }
    if (events[method].journaled) journal.record(timers.wall(), method, params, toAll)
    else toAll(method, params)
  }

  /** The digits were right (pairing.agent.commit). Replaces an older pairing of the same device (pairing.agent.replace). */
  async add(record: PairingRecord, carried: Carried): Promise<PairingConnection> {
    const { store } = this.#options
    const deviceId = deviceIdOf(record.peer.identityKey)
    await store.savePairing(record)
    // pairing.revoke.undeny
    if (store.isDenied(deviceId)) await store.undeny(deviceId)
    const older = this.#devices.get(deviceName(deviceId))
    if (older) {
      this.#forget(older)
      older.connection.close({ unbind: true })
      await store.deletePairing(older.record.pairingId)
    }
    const device = this.#begin(record, carried)
    this.#options.events.changed(device)
    return device.connection
  }

  /** Another name, or other capabilities. Throws ProtocolError `not-found`; resolves when it is stored. */
  async change(deviceId: string, change: Partial<Pick<PairingRecord, 'peerName' | 'capabilities'>>): Promise<void> {
    const device = this.#devices.get(deviceId)
    if (!device) throw new ProtocolError('not-found', 'Cannot change a device that is not paired')
    await device.connection.update(change)
    const { peerName: name, capabilities } = device.record
    // rpc.device.grant-output
    if (!capabilities.includes('terminal')) this.#options.events.detached(deviceId)
    // rpc.device.changed
    this.tell('device.changed', { deviceId, name, capabilities: [...capabilities] })
    this.#options.events.changed(device)
  }

  /** Throws ProtocolError `not-found`; resolves when nothing of the pairing is left. */
  async revoke(deviceId: string): Promise<void> {
    const device = this.#devices.get(deviceId)
    if (!device) throw new ProtocolError('not-found', 'Cannot revoke a device that is not paired')
    const { store, timers } = this.#options
    const { pairingId, peer, peerName: name } = device.record
    // pairing.revoke.denied: written first, so that a record that is left is not used again
    await store.deny({ deviceId: deviceIdOf(peer.identityKey), name, deniedAt: timers.wall() })
    this.#forget(device)
    await device.revoke()
    // pairing.revoke.erase
    await store.deletePairing(pairingId)
    this.tell('device.revoked', { deviceId })
    this.#options.events.revoked(deviceId)
  }

  /** Once `sent`, or after a moment. */
  async revokeAfter(sent: Promise<unknown>, deviceId: string): Promise<void> {
    const alarm = new Alarm(this.#options.timers)
    const late = new Promise<void>((resolve) => alarm.set(FAREWELL, resolve))
    await Promise.race([sent.catch(() => {}), late])
    alarm.clear()
    if (this.has(deviceId)) await this.revoke(deviceId)
  }

  async close(): Promise<void> {
    this.#looking.clear()
    for (const device of this.#devices.values()) await device.close()
    this.#devices.clear()
  }

  /** A record that a revocation has left because the program ended in it is deleted now. */
  #restore(record: PairingRecord): void {
    const { store } = this.#options
    if (store.isDenied(deviceIdOf(record.peer.identityKey))) void store.deletePairing(record.pairingId)
    else this.#begin(record)
  }

  #begin(record: PairingRecord, carried?: Carried): Device {
    const { store, dispatch, timers, connection, events } = this.#options
    const kept = store.keptSession(record)
    const device: Device = new Device(
      { record, identity: store.identity, timers, ...connection, ...(kept && { kept }) },
      dispatch,
      {
        // A write that was on its way must not bring a revoked record back.
        store: async (changed) => {
          if (this.#devices.get(device.id) === device) await store.savePairing(changed)
        },
        paired: () => {
          // rpc.device.events
          this.tell('device.joined', { deviceId: device.id, name: device.record.peerName })
          events.changed(device)
          events.joined(device)
        },
        detached: () => events.detached(device.id),
        changed: () => events.changed(device),
        relay: (state) => events.relay(device, state),
        refused: (error) => events.refused(device, error),
      },
      carried,
    )
    this.#devices.set(device.id, device)
    return device
  }

  #forget(device: Device): void {
    this.#devices.delete(device.id)
    this.#options.events.detached(device.id)
  }

  #look(): void {
    this.#looking.set(LOOK_EVERY, () => {
      for (const device of this.#devices.values()) device.checkSilence()
      this.#look()
    })
  }
}
