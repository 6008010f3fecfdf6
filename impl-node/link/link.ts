// One pairing, live: its route at the relay, its sessions, freshness, rekey and liveness. Above it
// there are messages and streams, below it sealed bytes (spec/session.md).

import { isCapability, SUITE_BITS, SUITES } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { HANDSHAKE_TYPES } from '@happy-remote/schemas/pairing.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { RATCHET_TYPES, type StreamChunk } from '@happy-remote/schemas/session.ts'
import type { Identity } from '../crypto/identity.ts'
import type { Random } from '../crypto/primitives.ts'
import { routeKeyFrom } from '../crypto/route.ts'
import { type Clocks, Freshness, systemClocks } from '../session/freshness.ts'
import type { CompletedRun } from '../session/initiator.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import { Session } from '../session/session.ts'
import { Channel, type Stream, type StreamListener } from './channel.ts'
import { Incoming, type Receipt, readControl } from './incoming.ts'
import { RekeyAgent } from './rekey-agent.ts'
import { RekeyController } from './rekey-controller.ts'
import { type Received, Sessions } from './sessions.ts'
import type { RelaySocket, RouteHandle } from './socket.ts'

/** online: an authentic frame came in the last 60 s. away: connected, but it does not acknowledge. */
export type PeerState = 'online' | 'away' | 'offline'

export interface LinkHandlers {
  onMessage(message: Message, receipt: Receipt): void
  onChunk(chunk: StreamChunk): void
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
  readonly clocks?: Clocks
  readonly random?: Random
}

const TICK = 500
/** ms after the first sending of M3. */
const PROOF_REPEATS = [2_000, 4_000, 8_000, 16_000]
/** Unsent bytes beyond which an agent's events are dropped instead of kept. */
const BACKLOG = 16 * 1_048_576

/** First delay of a probe after the relay said that a frame was not delivered. */
const FIRST_PROBE = 1_000

export class Link {
  readonly #options: LinkOptions
  readonly #handlers: LinkHandlers
  readonly #clocks: Clocks
  readonly #freshness: Freshness
  readonly #sessions = new Sessions()
  readonly #channel: Channel
  readonly #incoming: Incoming
  readonly #route: RouteHandle
  readonly #rekeyAgent: RekeyAgent | null
  readonly #rekeyController: RekeyController | null
  readonly #tick: NodeJS.Timeout
  #record: PairingRecord
  #bound = false
  /** The relay's hint, and whether what is sent seems to arrive. */
  #presence = false
  #peerOnline = false
  #probeAt = Number.POSITIVE_INFINITY
  #probeDelay = FIRST_PROBE / 2
  #helloHeard = false
  #ready = false
  #heardAt = Number.NEGATIVE_INFINITY
  #heardWall: number | null = null
  #helloAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #peerState: PeerState = 'offline'
  #completeUntil = Number.NEGATIVE_INFINITY
  #completeAt = 0
  #skipLimitReached = false
  #proof: { readonly frame: Uint8Array; resendAt: readonly number[] | null } | null = null

  constructor(options: LinkOptions) {
    this.#options = options
    this.#handlers = options.handlers
    this.#record = options.record
    this.#clocks = options.clocks ?? systemClocks
    this.#freshness = new Freshness(this.#clocks, options.random)
    const isAgent = options.record.role === 'agent'
    this.#channel = new Channel({
      transmit: (sealed) => this.#route.send(this.#record.peerRoute, sealed),
      isOpen: () => this.#isOpen(),
      fresh: () => this.#freshness.echo,
      now: () => this.#now(),
    })
    this.#incoming = new Incoming({
      onMessage: (message, receipt) => this.#handlers.onMessage(message, receipt),
      onChunk: (chunk) => this.#handlers.onChunk(chunk),
      unreadable: (code, text) => void this.#channel.control({ type: 'error', code, message: text }),
      bodyFailed: (id, code) => {
        const text =
          code === 'too-large'
            ? 'The body of the request is too large.'
            : 'The body of the request did not arrive whole.'
        this.send({ id, type: 'response', error: { code, message: text } }, true)
      },
    })
    const routeKey = routeKeyFrom(options.record.routeSeed)
    const shared = {
      identity: options.identity,
      random: options.random,
      record: () => this.#record,
      send: (frame: Uint8Array) => void this.#route.send(this.#record.peerRoute, frame),
    }
    this.#rekeyAgent = isAgent
      ? new RekeyAgent({ ...shared, completed: (run) => this.#rekeyed(run), repeated: () => this.#sendHello() })
      : null
    this.#rekeyController = isAgent
      ? null
      : new RekeyController({
          ...shared,
          routeId: routeKey.routeId,
          accepted: (run) => {
            this.#pin(run.peer, run.suite)
            this.#confirm()
            this.#sessions.await(new Session(run.ratchet, this.#clocks.wall()))
          },
          givenUp: () => this.#sessions.giveUpAwaited(),
        })
    if (options.ratchet) {
      const session = new Session(options.ratchet, this.#clocks.wall())
      this.#sessions.begin(session, this.#clocks.wall())
      this.#channel.use(session)
      if (isAgent) this.#completeUntil = this.#now() + limits.pairAckTime
    }
    this.#route = options.socket.attach(routeKey, options.record.peerRoute, {
      onBound: () => this.#onBound(),
      onPresence: (online) => this.#onPresence(online),
      onFrame: (from, payload) => this.#onFrame(from, payload),
      onDeliveryFailed: () => this.#onDeliveryFailed(),
      onDown: () => this.#onDown(),
      onBlocked: (reason) => {
        this.#onDown()
        this.#handlers.onBlocked(reason)
      },
    })
    if (options.proof) this.#proof = { frame: options.proof, resendAt: null }
    this.#tick = setInterval(() => this.#onTick(), TICK)
  }

  get record(): PairingRecord {
    return this.#record
  }

  get peerState(): PeerState {
    return this.#peerState
  }

  /** ms since 1970 of the last authentic frame, null if there was none. */
  get heardAt(): number | null {
    return this.#heardWall
  }

  get ready(): boolean {
    return this.#ready
  }

  /** Sends a message, or keeps it until it can be sent. */
  send(outgoing: Message, urgent = false): void {
    if (outgoing.type === 'event' && this.#channel.backlog > BACKLOG) return
    this.#channel.send(outgoing as unknown as Record<string, unknown>, urgent)
  }

  openStream(listener: StreamListener): Stream {
    return this.#channel.openStream(listener)
  }

  /** A new challenge, to be told with `stale`. */
  issueChallenge(): Uint8Array {
    return this.#freshness.issue()
  }

  /** A challenge that came with `stale` counts as one of a hello. */
  acceptChallenge(challenge: Uint8Array): void {
    this.#freshness.received(challenge, Number.MAX_SAFE_INTEGER, 0)
  }

  /** Tells the peer, best effort, that the pairing has ended. */
  revoke(): void {
    if (this.#sessions.current) this.#channel.control({ type: 'pairing.revoked' })
    this.close()
  }

  /** Begins a new session (spec/pairing.md): at the controller a rekey, at the agent the wish for one. */
  rekey(): void {
    if (this.#rekeyController) this.#rekeyController.request(this.#now())
    else this.#askRekey()
  }

  close(): void {
    clearInterval(this.#tick)
    this.#channel.close()
    this.#incoming.clear()
    this.#sessions.clear()
    this.#route.release()
  }

  #now(): number {
    return this.#clocks.monotonic()
  }

  #isOpen(): boolean {
    return (
      this.#bound &&
      this.#peerOnline &&
      this.#sessions.current !== null &&
      this.#record.state === 'stored' &&
      (this.#rekeyController === null || this.#helloHeard)
    )
  }

  #onBound(): void {
    this.#bound = true
    // session.fresh.connection: a challenge counts only on the connection on which it was sent
    this.#freshness.voidAll()
    if (this.#rekeyAgent && !this.#sessions.current) this.#askRekey()
    this.#sendProof()
  }

  /** M3, unchanged: 2, 4, 8 and 16 s after its first sending, and on each connection. */
  #sendProof(): void {
    const proof = this.#proof
    if (!proof) return
    const now = this.#now()
    const sent = this.#route.send(this.#record.peerRoute, proof.frame)
    // pairing.controller.m3-resend
    if (sent) proof.resendAt = proof.resendAt?.filter((at) => at > now) ?? PROOF_REPEATS.map((delay) => now + delay)
  }

  #onDown(): void {
    this.#bound = false
    this.#onPresence(false)
  }

  /** A hint only: where the relay's own presence says otherwise, the peer is probed until it is heard. */
  #onDeliveryFailed(): void {
    this.#setOffline()
    if (!this.#presence) return
    this.#probeDelay = Math.min(2 * this.#probeDelay, limits.helloEvery)
    this.#probeAt = this.#now() + this.#probeDelay
  }

  #setOffline(): void {
    this.#peerOnline = false
    this.#ready = false
    this.#helloHeard = false
    this.#heardAt = Number.NEGATIVE_INFINITY
    this.#rekeyController?.postpone()
    this.#updatePeer()
  }

  #onPresence(online: boolean): void {
    this.#presence = online
    this.#probeAt = Number.POSITIVE_INFINITY
    this.#probeDelay = FIRST_PROBE / 2
    if (!online) {
      this.#setOffline()
      return
    }
    this.#reach()
  }

  /** The peer is, or may be, there: say who we are, or begin a session. */
  #reach(): void {
    this.#peerOnline = true
    if (this.#sessions.current) {
      if (this.#completeUntil >= this.#now()) this.#sendComplete()
      else this.#sendHello()
    } else if (this.#rekeyController) this.#rekeyController.request(this.#now())
    else this.#askRekey()
    this.#rekeyController?.tick(this.#now())
    this.#updateReady()
    this.#channel.pump()
  }

  #askRekey(): void {
    this.#askedAt = this.#now()
    const sent = this.#sessions.current !== null && this.#channel.control({ type: 'rekey' })
    if (!sent) this.#rekeyAgent?.ask(this.#sessions.current ? 'skip-limit' : 'no-session')
  }

  #onFrame(from: Uint8Array, frame: Uint8Array): void {
    if (!this.#bound) return
    if (this.#freshness.drifted()) this.#sendHello()
    try {
      const type = frame[1]
      if (type === RATCHET_TYPES.agentToController || type === RATCHET_TYPES.controllerToAgent) this.#onRatchet(frame)
      else this.#onHandshake(type, from, frame)
    } catch (error) {
      // What does not open or parse is met with silence, its state unchanged.
      if (!(error instanceof ProtocolError)) throw error
    }
  }

  #onHandshake(type: number | undefined, from: Uint8Array, frame: Uint8Array): void {
    const now = this.#now()
    if (type === HANDSHAKE_TYPES.R1) this.#rekeyAgent?.onR1(frame, from, now)
    else if (type === HANDSHAKE_TYPES.R3) this.#rekeyAgent?.onR3(frame, now)
    else if (type === HANDSHAKE_TYPES.R2) this.#rekeyController?.onR2(frame, now)
    else if (type === HANDSHAKE_TYPES.REKEY_ASK) this.#rekeyController?.onAsk(frame, now - this.#heardAt, now)
    else if (type === HANDSHAKE_TYPES.HS_ERROR && this.#rekeyController?.running)
      this.#rekeyController.onError(frame, now)
    else this.#handlers.onHandshake?.(new Uint8Array(frame))
  }

  #onRatchet(sealed: Uint8Array): void {
    let received: Received
    try {
      received = this.#sessions.open(sealed, this.#clocks.wall())
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'skip-limit') this.#skipLimitReached = true
      throw error
    }
    this.#heardAt = this.#now()
    this.#heardWall = this.#clocks.wall()
    this.#proof = null
    this.#probeAt = Number.POSITIVE_INFINITY
    this.#probeDelay = FIRST_PROBE / 2
    if (received.began) {
      this.#rekeyController?.finished()
      this.#confirm()
      this.#startSession(received.session)
    }
    const challenge = new Uint8Array(received.fresh)
    const receipt = {
      late: received.late,
      isFresh: () => this.#freshness.isFresh(challenge),
      age: () => this.#freshness.ageOf(challenge),
    }
    let ackOnly = false
    switch (received.contentType) {
      case 'control':
        ackOnly = this.#onControl(received, receipt)
        break
      case 'stream':
        this.#incoming.chunk(received.content, this.#now())
        break
      default:
        // pairing.controller.control-only: until the pairing is confirmed there is only control
        if (this.#record.state !== 'stored') break
        this.#incoming.read(received.content, received.contentType === 'batch', receipt, this.#now())
    }
    if (received.session === this.#sessions.current) this.#channel.opened(ackOnly)
    this.#updatePeer()
  }

  #startSession(session: Session): void {
    this.#skipLimitReached = false
    this.#ready = false
    this.#helloHeard = false
    this.#incoming.clear()
    this.#channel.use(session)
    this.#handlers.onSessionEnd()
    this.#sendHello()
    this.#updateReady()
  }

  #rekeyed(run: CompletedRun): void {
    this.#pin(run.peer, run.suite)
    const session = new Session(run.ratchet, this.#clocks.wall())
    this.#sessions.begin(session, this.#clocks.wall())
    this.#startSession(session)
  }

  #pin(peer: PairingRecord['peer'], suite: PairingRecord['suite']): void {
    const { identityKey, dhKey, epoch } = peer
    if (epoch === this.#record.peer.epoch && suite === this.#record.suite) return
    this.#change({ suite, peer: { identityKey, dhKey, epoch } })
  }

  #change(change: Partial<PairingRecord>): void {
    this.#record = { ...this.#record, ...change }
    this.#handlers.onRecord(this.#record)
  }

  #confirm(change: Partial<PairingRecord> = {}): void {
    if (this.#record.state === 'stored' && Object.keys(change).length === 0) return
    this.#change({ ...change, state: 'stored' })
  }

  /** True where the frame holds nothing but an acknowledgement. */
  #onControl(received: Received, receipt: Receipt): boolean {
    const json = readControl(received.content)
    if (!json) return false
    // session.fresh.exempt: from a controller, these need a fresh challenge
    const mayAct = this.#rekeyAgent === null || (receipt.isFresh() && !receipt.late)
    switch (json.type) {
      case 'ack':
        return true
      case 'hello':
        this.#freshness.received(Buffer.from(json.challenge, 'base64url'), received.sessionNumber, received.seq)
        this.#helloHeard = true
        this.#peerOnline = true
        if (json.commandEpoch !== undefined) this.#handlers.onCommandEpoch?.(json.commandEpoch)
        if (highestCommon(json.suites) > received.session.suite) this.#rekeyController?.request(this.#now())
        this.#updateReady()
        break
      case 'rekey':
        if (mayAct) this.#rekeyController?.request(this.#now())
        break
      case 'pair.complete':
        if (!this.#rekeyController) break
        if (this.#record.state === 'unconfirmed') {
          const capabilities = json.capabilities.filter(isCapability)
          this.#confirm({ capabilities, peerName: json.agentName })
        }
        this.#channel.control({ type: 'pair.ack', deviceName: this.#options.name })
        this.#updateReady()
        break
      case 'pair.ack':
        if (!this.#rekeyAgent || this.#completeUntil < this.#now()) break
        this.#completeUntil = Number.NEGATIVE_INFINITY
        this.#change({ peerName: json.deviceName })
        break
      case 'pairing.revoked':
        if (!mayAct) break
        this.close()
        this.#handlers.onRevoked()
        break
    }
    return false
  }

  #sendHello(): void {
    if (!this.#bound || !this.#sessions.current) return
    this.#helloAt = this.#now()
    const challenge = Buffer.from(this.#freshness.issue()).toString('base64url')
    const { commandEpoch } = this.#options
    this.#channel.control({ type: 'hello', challenge, suites: SUITE_BITS, ...(commandEpoch && { commandEpoch }) })
  }

  /** The agent, until the phone has acknowledged, or for 10 s. */
  #sendComplete(): void {
    if (!this.#bound) return
    this.#completeAt = this.#now()
    const { capabilities } = this.#record
    this.#channel.control({ type: 'pair.complete', capabilities: [...capabilities], agentName: this.#options.name })
    this.#sendHello()
  }

  #onTick(): void {
    const now = this.#now()
    if (this.#freshness.drifted()) this.#sendHello()
    this.#sessions.expire(this.#clocks.wall())
    this.#incoming.expire(now)
    if (this.#completeUntil >= now && now - this.#completeAt >= limits.completeRepeat) this.#sendComplete()
    const present = this.#peerOnline || now - this.#heardAt < limits.presenceFresh
    if (present && now - this.#helloAt >= limits.helloEvery) this.#sendHello()
    if (this.#proof?.resendAt?.some((at) => now >= at)) this.#sendProof()
    if (now >= this.#probeAt) {
      this.#probeAt = Number.POSITIVE_INFINITY
      this.#reach()
    }
    if (this.#bound && this.#peerOnline) {
      if (this.#rekeyAgent && !this.#sessions.current && now - this.#askedAt >= limits.rekeyGap) this.#askRekey()
      if (this.#sessions.current && this.#shouldRekey(this.#sessions.current)) {
        if (this.#rekeyController) this.#rekeyController.request(now)
        else if (now - this.#askedAt >= limits.rekeyGap) this.#askRekey()
      }
      this.#rekeyController?.tick(now)
    }
    this.#updatePeer()
  }

  #shouldRekey(session: Session): boolean {
    const { ratchet, startedAt, suite } = session
    const age = this.#clocks.wall() - startedAt
    return (
      this.#skipLimitReached ||
      this.#channel.stalledFor > limits.graceTime ||
      session.decryptFailures >= limits.decryptFailures ||
      age > limits.sessionAge ||
      (suite !== SUITES[0] && age > limits.sessionAgePostQuantum) ||
      Math.max(ratchet.nextSeq, ratchet.nextReceived) >= limits.sessionMessages
    )
  }

  #updatePeer(): void {
    const heard = this.#now() - this.#heardAt < limits.presenceFresh
    const state = !this.#bound || !heard ? 'offline' : this.#channel.stalledFor > limits.ackStall ? 'away' : 'online'
    if (state === this.#peerState) return
    this.#peerState = state
    this.#handlers.onPeer(state)
  }

  #updateReady(): void {
    const ready = this.#isOpen()
    const became = ready && !this.#ready
    this.#ready = ready
    if (!became) return
    this.#channel.pump()
    this.#handlers.onReady()
  }
}

const highestCommon = (bits: number): number => SUITES.findLast((suite) => bits & (1 << (suite - 1))) ?? 0
