// A stored pairing on its connection to the relay: route, link, RPC, and what is written to the record
// on the way. Both roles; each pairing has a connection of its own, so a relay does not learn that two
// belong together (spec/relay.md, Routes).

import { type Capability, isCapability } from '@happy-remote/schemas/constants.ts'
import type { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { ControlHello, ControlMessage } from '@happy-remote/schemas/session.ts'
import { type Identity, routeIdOf } from '../crypto/identity.ts'
import type { KeptSession } from '../session/kept-session.ts'
import type { Received } from '../session/live-sessions.ts'
import type { PairingRecord } from '../session/record.ts'
import { relayUrlOf } from '../session/relay-url.ts'
import type { Session } from '../session/session.ts'
import { nameToSend } from './control.ts'
import { Link } from './link.ts'
import type { LinkOwner } from './link-options.ts'
import { PairComplete } from './pair-complete.ts'
import { RpcChannel, type RpcOwner } from './rpc-channel.ts'
import { type Ending, RelaySocket, type Route, type RouteListener, type SocketOptions } from './socket.ts'
import { Alarm, systemTimers, type Timers } from './timers.ts'

/** How the way to the relay stands; all but `bound` carry why. */
export type RelayState =
  | { readonly state: 'bound' | 'lost' }
  /** The relay has refused the route, or given it to another program; it is not bound again by itself. */
  | { readonly state: 'refused'; readonly code: string }
  | { readonly state: 'ended'; readonly why: Ending }

export interface ConnectionOwner extends RpcOwner {
  /** Stores the record before anything else happens. */
  store(record: PairingRecord): Promise<void>
  /** At a controller: the pairing is over, by the agent or by its 10 min. The record is to be erased. */
  revoked?(why: 'revoked' | 'unconfirmed'): void
  /** The agent is known to have stored the pairing; at an agent, `pair.ack` came or its time is over. */
  paired?(record: PairingRecord): void
  hello?(message: ControlHello): void
  /** Every message that opened. */
  opened?(received: Received): void
  /** The peer has become away, or is back. `lost`: as LivenessOutput tells it. */
  presence?(away: boolean, lost: boolean): void
  /** Another session is current. */
  switched?(): void
  relay?(state: RelayState): void
  /** The peer could not read something. */
  complaint?(code: string, message: string): void
  /** A frame was refused; for a log. */
  refused?(error: ProtocolError): void
}

/** What a pairing run hands over. */
export interface Carried {
  readonly socket: RelaySocket
  readonly route: Route
  readonly session: Session
}

export interface ConnectionOptions {
  readonly record: PairingRecord
  readonly identity: Identity
  /** Bitmap of the own suites. */
  readonly supported: number
  /** What the own device is called: `agentName` or `deviceName`. */
  readonly name: string
  readonly owner: ConnectionOwner
  readonly epochs?: () => { readonly commandEpoch?: string }
  readonly timers?: Timers
  readonly socket?: Pick<SocketOptions, 'open' | 'jitter'>
  /** Profile P. */
  readonly kept?: KeptSession
  /** From the run that has just made this pairing. Its route is handed over by `listen()`. */
  readonly carried?: Carried
}

export class PairingConnection {
  readonly link: Link
  readonly rpc: RpcChannel
  readonly #options: ConnectionOptions
  readonly #owner: ConnectionOwner
  readonly #timers: Timers
  readonly #socket: RelaySocket
  readonly #route: Route
  readonly #unconfirmed: Alarm
  #complete: PairComplete | undefined
  #record: PairingRecord
  /** While the stored session is loaded; what the relay tells waits for that. */
  #resuming: Promise<void> | undefined
  #isRevoked = false

  constructor(options: ConnectionOptions) {
    const { record, owner, timers = systemTimers, carried } = options
    const { role, routeKey, peerRoute, pairingId, pairingKey, suite, peer } = record
    this.#options = options
    this.#owner = owner
    this.#timers = timers
    this.#record = record
    this.#unconfirmed = new Alarm(timers)
    const { identity, supported, epochs } = options
    const routeId = routeIdOf(routeKey.publicKey)
    this.link = new Link({
      ...{ role, identity, supported, timers, confirmed: record.confirmed, owner: this.#linkOwner() },
      pairing: { pairingId, pairingKey, suite, peer, routeId, peerRoute },
      ...(epochs && { epochs }),
    })
    this.rpc = new RpcChannel(this.link, owner, timers)
    if (carried) {
      this.link.begin(carried.session)
      this.#socket = carried.socket
      this.#route = carried.route
      carried.socket.onEnded = this.#ended
    } else {
      if (options.kept) this.#resuming = this.#resume(options.kept)
      this.#socket = new RelaySocket(relayUrlOf(record.relay), { ...options.socket, timers, ended: this.#ended })
      this.#route = this.#socket.bind(routeKey, peerRoute, this.#listener())
    }
    this.#watchUnconfirmed()
  }

  get record(): PairingRecord {
    return this.#record
  }

  get isBound(): boolean {
    return this.#route.isBound
  }

  /** Takes the route over from the run that made the pairing. */
  listen(): void {
    this.#route.handTo(this.#listener())
  }

  /** Says `pair.complete` until it is heard; then, or after 10 s, `paired` is told. For an agent whose record is stored. */
  sayComplete(): void {
    const capabilities = [...this.#record.capabilities, grease()]
    const agentName = nameToSend(this.#options.name)
    const say = () => void this.link.control({ type: 'pair.complete', capabilities, agentName })
    this.#complete = new PairComplete(this.#timers, say, () => this.#owner.paired?.(this.#record))
  }

  /** Tells a device that it is revoked, as far as it can be told (pairing.revoke.notify). */
  sayRevoked(): Promise<void> {
    this.#isRevoked = true
    return this.link.control({ type: 'pairing.revoked' })
  }

  /** Changes the record and stores it. */
  async update(change: Partial<PairingRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change }
    await this.#owner.store(this.#record)
  }

  /** Connects at once, also after `ended`. */
  reconnect(): void {
    if (!this.#socket.isBinding(this.#route)) this.#socket.bindAgain(this.#route)
    this.#socket.reconnect()
  }

  /** Cuts the connection without a close, as a cable that is pulled; for tests. It comes back by itself. */
  drop(): void {
    this.#socket.drop()
  }

  /** For good. With `unbind` the relay is told that the route is given up (pairing.revoke.erase). */
  close({ unbind = false } = {}): void {
    this.#complete?.stop()
    this.#unconfirmed.clear()
    this.rpc.close()
    this.link.close()
    if (unbind) this.#route.unbind()
    this.#socket.close()
  }

  async #resume(kept: KeptSession): Promise<void> {
    const session = await kept.load(this.#timers)
    this.#resuming = undefined
    if (session) this.link.resume(session)
  }

  /** Only what both sides have stored for good outlives this program. */
  get #isKept(): boolean {
    return this.#record.confirmed && !this.#isRevoked && (this.#complete?.isOver ?? true)
  }

  #ended = (why: Ending): void => this.#owner.relay?.({ state: 'ended', why })

  #listener(): RouteListener {
    const { link } = this
    let wasAway = false
    const listener: RouteListener = {
      bound: () => {
        link.bound()
        this.#owner.relay?.({ state: 'bound' })
      },
      presence: (online) => {
        // Not where the run hands its route over: it has just said so.
        if (online && wasAway) this.#complete?.reconnected()
        wasAway = !online
        link.presence(online)
      },
      deliveryFailed: () => link.deliveryFailed(),
      lost: () => {
        wasAway = true
        link.lost()
        this.#owner.relay?.({ state: 'lost' })
      },
      refused: (code) => {
        link.refused()
        this.#owner.relay?.({ state: 'refused', code })
      },
      frame: (payload) => void link.frame(payload),
    }
    const inTurn =
      <A extends unknown[]>(tell: (...told: A) => void) =>
      (...told: A) =>
        this.#resuming ? void this.#resuming.then(() => tell(...told)) : tell(...told)
    return {
      bound: inTurn(listener.bound),
      presence: inTurn(listener.presence),
      deliveryFailed: inTurn(listener.deliveryFailed),
      lost: inTurn(listener.lost),
      refused: inTurn(listener.refused),
      frame: inTurn(listener.frame),
    }
  }

  #linkOwner(): LinkOwner {
    const owner = this.#owner
    const { kept } = this.#options
    return {
      transmit: (payload) => this.#route.send(payload),
      frame: (received) => this.rpc.frame(received),
      control: (message) => this.#control(message),
      hello: (message) => owner.hello?.(message),
      opened: (received) => owner.opened?.(received),
      store: (change) => this.update(change),
      confirmed: () => this.#confirm({}),
      presence: (away, lost) => owner.presence?.(away, lost),
      switched: () => {
        this.rpc.switched()
        owner.switched?.()
      },
      refused: (error) => owner.refused?.(error),
      ...(kept && {
        keep: async (session, image) => {
          if (this.#isKept) await kept.save(session, image, this.#timers)
        },
      }),
    }
  }

  async #control(message: ControlMessage): Promise<void> {
    if (message.type === 'pair.complete') return this.#completed(message)
    if (message.type === 'pair.ack') return this.#acknowledged(message.deviceName)
    // pairing.revoke.received
    if (message.type === 'pairing.revoked') this.#owner.revoked?.('revoked')
    if (message.type === 'error') this.#owner.complaint?.(message.code, message.message)
  }

  async #completed({ capabilities, agentName }: Extract<ControlMessage, { type: 'pair.complete' }>): Promise<void> {
    // session.control.capabilities
    await this.#confirm({ capabilities: capabilities.filter(isCapability), peerName: agentName })
    // pairing.controller.ack
    await this.link.control({ type: 'pair.ack', deviceName: nameToSend(this.#options.name) })
  }

  async #acknowledged(deviceName: string): Promise<void> {
    const waited = this.#complete
    this.#complete = undefined
    waited?.stop()
    await this.update({ peerName: deviceName })
    if (waited) this.#owner.paired?.(this.#record)
  }

  /** pairing.controller.confirm */
  async #confirm(change: { capabilities?: readonly Capability[]; peerName?: string }): Promise<void> {
    const { confirmed } = this.#record
    this.#unconfirmed.clear()
    await this.update({ ...change, confirmed: true })
    if (!confirmed) this.#owner.paired?.(this.#record)
  }

  #watchUnconfirmed(): void {
    const { confirmed, pairedAt } = this.#record
    if (confirmed) return
    const left = (from: number) => Math.max(0, pairedAt + from - this.#timers.wall())
    // pairing.controller.complete-time; where there is no session, that alone is a trigger
    this.#unconfirmed.set(left(limits.completeTime), () => {
      if (this.link.session) this.link.rekeyUntilConfirmed()
      // pairing.controller.delete-unconfirmed
      this.#unconfirmed.set(left(limits.unconfirmedTtl), () => this.#owner.revoked?.('unconfirmed'))
    })
  }
}

/** A name that no controller knows, so that one which cannot stand such names fails early (versioning.feature.grease). */
const grease = (): string => `unstable-grease-${crypto.randomUUID().slice(0, 8)}`
