// A pairing code at the agent, from the open route to the stored record (spec/pairing.md, A pairing, step by step).
// What is answered is decided by PairingAttempt; here are the relay, the times and the person.

import type { Capability } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { SigningKey } from '../crypto/ed25519.ts'
import { type Identity, type KnownPeer, routeIdOf } from '../crypto/identity.ts'
import { random } from '../crypto/primitives.ts'
import { type AttemptStep, PairingAttempt } from '../session/attempt.ts'
import type { Established } from '../session/handshake.ts'
import { encodePairingCode, pairingCodeText } from '../session/pairing-code.ts'
import { Queue } from '../session/queue.ts'
import type { PairingRecord } from '../session/record.ts'
import { type RelayUrl, relayAddress } from '../session/relay-url.ts'
import { Session } from '../session/session.ts'
import type { Carried, PairingConnection, RelayState } from './pairing-connection.ts'
import { RelaySocket, type Route, type RouteListener, type SocketOptions } from './socket.ts'
import { Alarm, systemTimers, type Timers } from './timers.ts'

export interface AgentPairingOwner {
  /** An M1 has taken the code: what showed it can go. */
  scanned?(): void
  /** The six digits are asked for, until `until` in ms since 1970 (pairing.sas.time). The prompt names the relay (pairing.sas.prompt). */
  askDigits(until: number): void
  /** Another device has used the code too (pairing.agent.other-device). */
  otherDevice?(): void
  /**
   * The digits were right: stores the record, replaces an older one of the same device and takes it off
   * the denied ones, and then carries the connection on (pairing.agent.commit, pairing.agent.replace).
   */
  store(record: PairingRecord, carried: Carried): Promise<PairingConnection>
  /** The attempt is over without a pairing: `pair-expired`, `rejected`, `sas-mismatch` or why a message was refused. */
  failed(error: ProtocolError): void
  relay?(state: RelayState): void
}

export interface AgentPairingOptions {
  readonly relay: RelayUrl
  readonly identity: Identity
  /** Bitmap of the suites that are offered. */
  readonly suites: number
  readonly capabilities: readonly Capability[]
  /** Fresh, of this code alone (pairing.qr.secret, relay.route.fresh-key). */
  readonly routeKey: SigningKey
  /** What is stored under an IKs, if anything. */
  readonly known: (identityKey: Uint8Array) => KnownPeer | null
  readonly owner: AgentPairingOwner
  /** Life of the code in milliseconds, at most 600,000 (pairing.qr.ttl). */
  readonly ttl?: number
  readonly timers?: Timers
  readonly socket?: Pick<SocketOptions, 'open' | 'jitter'>
}

export class AgentPairing implements RouteListener {
  readonly #options: AgentPairingOptions
  readonly #owner: AgentPairingOwner
  readonly #timers: Timers
  readonly #attempt: PairingAttempt
  readonly #socket: RelaySocket
  readonly #route: Route
  readonly #queue = new Queue()
  /** Of the present state: the code's expiry, the wait for M3, the wait for the digits. */
  readonly #limit: Alarm
  #established: Established | undefined
  #over = false
  /** The text of the code, of use once the route is bound; never to be logged or stored (pairing.qr.no-log). */
  readonly uri: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number

  constructor(options: AgentPairingOptions) {
    const { relay, identity, suites, routeKey, known, ttl = limits.qrTtl, timers = systemTimers } = options
    this.#options = options
    this.#owner = options.owner
    this.#timers = timers
    this.#limit = new Alarm(timers)
    const expiry = Math.floor((timers.wall() + Math.min(ttl, limits.qrTtlMax)) / 1_000)
    this.expiresAt = expiry * 1_000
    const pairingSecret = random(16)
    const payload = encodePairingCode({
      ...{ suites, expiry, deviceId: identity.deviceId, routeId: routeIdOf(routeKey.publicKey), pairingSecret },
      ...{ scheme: relay.scheme, relay: relayAddress(relay) },
    })
    this.uri = pairingCodeText(payload)
    this.#attempt = new PairingAttempt({ payload, pairingSecret, expiry, suites, identity, known }, timers)
    // pairing.qr.erase: the attempt has a copy of its own, and erases it
    pairingSecret.fill(0)
    const ended = (why: 'superseded' | 'unauthenticated' | 'unusable' | 'closed') => {
      this.#owner.relay?.({ state: 'ended', why })
      void this.#end('rejected')
    }
    this.#socket = new RelaySocket(relay, { ...options.socket, timers, ended })
    this.#route = this.#socket.bind(routeKey, null, this)
    this.#limit.set(this.expiresAt - timers.wall(), () => void this.#end('pair-expired'))
  }

  /** Takes what the person typed. True is the pairing; after the third wrong try the attempt is over. */
  typed(digits: string): Promise<boolean> {
    return this.#queue.run(async () => {
      const established = this.#established
      if (this.#over || !established) return false
      const { right, reply } = await this.#attempt.typed(digits)
      if (right) await this.#commit(established)
      else if (this.#attempt.state === 'over') this.#failed(new ProtocolError('sas-mismatch'), reply)
      return right
    })
  }

  /** The person gives up, or the program ends. */
  cancel(): Promise<void> {
    return this.#end('rejected')
  }

  /** Cuts the connection without a close, as a cable that is pulled; for tests. It comes back by itself. */
  drop(): void {
    this.#socket.drop()
  }

  bound(): void {
    this.#owner.relay?.({ state: 'bound' })
  }

  lost(): void {
    this.#owner.relay?.({ state: 'lost' })
  }

  refused(code: string): void {
    this.#owner.relay?.({ state: 'refused', code })
    void this.#end('rejected')
  }

  presence(): void {}

  deliveryFailed(): void {}

  frame(payload: Uint8Array, from: Uint8Array): void {
    void this.#queue.run(async () => {
      // pairing.agent.control-only: nothing of the new session is looked at before the record is stored
      if (!this.#over) await this.#step(await this.#attempt.receive(payload, from), from)
    })
  }

  async #step(step: AttemptStep, from: Uint8Array): Promise<void> {
    if (step.kind === 'answered') {
      this.#route.send(step.reply, from)
      if (step.repeated) return
      // pairing.m2.rebind
      this.#route.rebind(from)
      // pairing.agent.m3-time
      this.#limit.set(limits.m3Time, () => void this.#end('pair-expired'))
      this.#owner.scanned?.()
    } else if (step.kind === 'verified') {
      this.#established = step.established
      this.#limit.set(limits.sasTime, () => void this.#end('pair-expired'))
      this.#owner.askDigits(this.#timers.wall() + limits.sasTime)
    } else if (this.#attempt.state === 'over') this.#failed(step.error, step.reply, from)
    else {
      if (step.reply) this.#route.send(step.reply, from)
      if (step.error.code === 'pair-busy') this.#owner.otherDevice?.()
    }
  }

  /** By time, or by the person. */
  #end(code: 'pair-expired' | 'rejected'): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#over) return
      this.#failed(new ProtocolError(code), await this.#attempt.end(code))
    })
  }

  /** pairing.agent.abort, pairing.agent.abort-answer */
  #failed(error: ProtocolError, reply: Uint8Array | null, to?: Uint8Array): void {
    this.#over = true
    this.#limit.clear()
    this.#established = undefined
    if (reply) this.#route.send(reply, to)
    this.#route.unbind()
    this.#socket.close()
    this.#owner.failed(error)
  }

  /** pairing.agent.commit: the record is stored before `pair.complete` is said */
  async #commit(established: Established): Promise<void> {
    this.#over = true
    this.#limit.clear()
    const { keys, suite, peer } = established
    const session = await Session.start(established, { clock: this.#timers })
    const { routeKey, relay, capabilities } = this.#options
    const { identityKey, dhKey, epoch } = peer
    const record: PairingRecord = {
      ...{
        pairingId: keys.sessionId,
        role: 'agent',
        confirmed: true,
        pairingKey: keys.pairingKey as Uint8Array,
        suite,
      },
      ...{ peer: { identityKey, dhKey, epoch }, peerName: '', routeKey, peerRoute: this.#route.peer as Uint8Array },
      ...{ relay: relay.origin, capabilities, pairedAt: this.#timers.wall(), lastHeardAt: null },
    } as const
    let connection: PairingConnection
    try {
      connection = await this.#owner.store(record, { socket: this.#socket, route: this.#route, session })
    } catch (error) {
      const failure = error instanceof ProtocolError ? error : new ProtocolError('internal', 'Cannot store the pairing')
      this.#failed(failure, await this.#attempt.end('rejected'))
      throw error
    }
    // pairing.qr.erase
    await this.#attempt.end('rejected')
    connection.sayComplete()
    connection.listen()
  }
}
