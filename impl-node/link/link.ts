// One pairing, live: its route at the relay, its sessions, freshness, rekey and liveness. Above it
// there are messages and streams, below it sealed bytes (spec/session.md).

import { isCapability, SUITE_BITS, SUITES, type Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { HANDSHAKE_TYPES, type RekeyReason } from '@happy-remote/schemas/pairing.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { RATCHET_TYPES, type StreamChunk } from '@happy-remote/schemas/session.ts'
import type { Identity } from '../crypto/identity.ts'
import { type Random, randomBytes } from '../crypto/primitives.ts'
import { routeKeyFrom } from '../crypto/route.ts'
import { type Clocks, Freshness, systemClocks } from '../session/freshness.ts'
import type { CompletedRun } from '../session/initiator.ts'
import type { SessionKeeper } from '../session/kept-session.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import { type OpenedFrame, Session } from '../session/session.ts'
import { Channel, type Stream, type StreamListener } from './channel.ts'
import { deviceName } from './device-name.ts'
import { Incoming, type Receipt, readControl } from './incoming.ts'
import { RekeyAgent } from './rekey-agent.ts'
import { RekeyController } from './rekey-controller.ts'
import { type Received, Sessions } from './sessions.ts'
import type { RelaySocket, RouteHandle } from './socket.ts'

/** online: an authentic frame came in the last 60 s. away: connected, but it does not acknowledge. */
export type PeerState = 'online' | 'away' | 'offline'

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

const TICK = 500
/** ms after the first sending of M3. */
const PROOF_REPEATS = [2_000, 4_000, 8_000, 16_000]
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
  #early: NodeJS.Timeout | undefined
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
  /** Why a rekey was asked for inside the session, as long as that has brought no R1. */
  #askedInside: RekeyReason | null = null
  #peerState: PeerState = 'offline'
  #peerSuites = 0
  /** The session's hello has gone out: nothing else goes before it. */
  #greeted = false
  /** seq of the next frame of the current session, unless one is missing. */
  #expected = 0
  #closed = false
  #completeUntil = Number.NEGATIVE_INFINITY
  #completeAt = 0
  /** versioning.feature.grease: nobody knows it, and everybody has to bear it. */
  readonly #grease = `unstable-grease-${Buffer.from(randomBytes(4)).toString('hex')}`
  #unpaired = false
  /** Nothing of it is stored any more. */
  #isRevoked = false
  /** Monotonic ms: when to look for a confirmation by other means than pair.complete. */
  #confirmBy = Number.POSITIVE_INFINITY
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
      onChunk: (chunk, receipt) => this.#handlers.onChunk(chunk, receipt.age()),
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
          suite: () => this.#suiteOfRekey(),
          accepted: (run) => {
            // pairing.controller.confirm
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
      this.#unpaired = isAgent
      this.#keep(session)
      // pairing.controller.complete-time
      this.#confirmBy = this.#now() + limits.completeTime
    } else this.#resume()
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

  /** Goes on with the stored session, where there is one. */
  #resume(): void {
    const session = this.#options.keeper?.load(this.#clocks.wall())
    if (!session) return
    this.#sessions.begin(session, this.#clocks.wall())
    this.#channel.use(session)
    this.#expected = session.ratchet.nextReceived
    this.#keep(session)
  }

  /** From when both sides are known to have stored the pairing, and for the current session alone. */
  #keep(session: Session): void {
    const { keeper } = this.#options
    if (!keeper) return
    session.keepWith(() => {
      const isCurrent = session === this.#sessions.current && !this.#isRevoked
      if (isCurrent && this.#record.state === 'stored' && !this.#unpaired) keeper.save(session)
    })
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

  /** There is a session, whether or not the peer is there now. */
  get established(): boolean {
    return this.#sessions.current !== null
  }

  /** Sends a message, or keeps it until it can be sent. */
  send(outgoing: Message, urgent = false): void {
    // rpc.event.limit
    if (outgoing.type === 'event' && this.#channel.backlog > limits.eventBacklog) return
    this.#channel.send(outgoing as unknown as Record<string, unknown>, urgent)
  }

  openStream(listener: StreamListener): Stream {
    return this.#channel.openStream(listener)
  }

  /** A new challenge, to be told with `stale`. */
  issueChallenge(): Uint8Array {
    return this.#freshness.issue()
  }

  /** A challenge that came with `stale` counts as one of a hello in the same frame (session.fresh.stale-data). */
  acceptChallenge(challenge: Uint8Array, { session, seq }: Pick<Receipt, 'session' | 'seq'>): void {
    this.#freshness.received(challenge, session, seq)
  }

  /** Tells the peer, best effort, that the pairing has ended. */
  revoke(): void {
    this.#isRevoked = true
    if (this.#sessions.current) this.#channel.control({ type: 'pairing.revoked' })
    this.close()
  }

  /** What the peer is called and what the controller may do, where it was told or decided in another way than by pair.complete. */
  describe(told: Pick<PairingRecord, 'capabilities' | 'peerName'>): void {
    if (!this.#closed) this.#change(told)
  }

  /** Begins a new session (spec/pairing.md): at the controller a rekey, at the agent the wish for one. */
  rekey(): void {
    if (this.#rekeyController) this.#rekeyController.request(this.#now())
    else this.#askRekey('no-session')
  }

  close(): void {
    this.#closed = true
    this.#bound = this.#ready = false
    clearInterval(this.#tick)
    clearTimeout(this.#early)
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
      this.#greeted &&
      !this.#channel.isAway &&
      this.#record.state === 'stored' &&
      (this.#rekeyController === null || this.#helloHeard)
    )
  }

  #onBound(): void {
    this.#bound = true
    // session.fresh.connection: a challenge counts only on the connection on which it was sent
    this.#freshness.voidAll()
    // pairing.rekey-ask.when
    if (this.#rekeyAgent && !this.#sessions.current) this.#askRekey('no-session')
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
    this.#peerOnline = this.#ready = false
    this.#rekeyController?.postpone()
    this.#updatePeer()
    // One probe at a time: each of them may bring the next hint.
    if (!this.#presence || this.#probeAt !== Number.POSITIVE_INFINITY) return
    this.#probeDelay = Math.min(2 * this.#probeDelay, limits.helloEvery)
    this.#probeAt = this.#now() + this.#probeDelay
  }

  #setOffline(): void {
    this.#peerOnline = this.#ready = this.#helloHeard = false
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

  /** The peer is there, the relay says: say who we are, or begin a session. */
  #reach(): void {
    this.#peerOnline = true
    this.#rekeyController?.resume(this.#now())
    this.#probe()
    this.#updateReady()
    this.#channel.pump()
  }

  /** What goes to a peer that may be there: relay.failed.client leaves nothing else before it is heard. */
  #probe(): void {
    if (this.#sessions.current) {
      // session.hello.connect, pairing.agent.complete
      if (this.#completeUntil >= this.#now()) this.#sendComplete()
      else this.#sendHello()
    } else if (this.#rekeyController) this.#rekeyController.request(this.#now())
    else this.#askRekey('no-session')
    this.#rekeyController?.tick(this.#now())
  }

  #askRekey(reason: RekeyReason): void {
    this.#askedAt = this.#now()
    // pairing.rekey.ask, session.window.stall
    const inside = this.#sessions.current !== null && !this.#channel.isAway && this.#channel.control({ type: 'rekey' })
    // pairing.rekey.ask-unanswered
    if (!inside || this.#askedInside) this.#rekeyAgent?.ask(reason)
    this.#askedInside = inside ? reason : null
  }

  #onFrame(from: Uint8Array, frame: Uint8Array): void {
    if (!this.#bound) return
    // session.fresh.drift
    if (this.#freshness.drifted()) this.#sendHello()
    try {
      const type = frame[1]
      if (type === RATCHET_TYPES.agentToController || type === RATCHET_TYPES.controllerToAgent) this.#onRatchet(frame)
      else this.#onHandshake(type, from, frame)
    } catch (error) {
      // session.receive.silent: what does not open or parse changes nothing
      if (!(error instanceof ProtocolError)) throw error
    }
  }

  #onHandshake(type: number | undefined, from: Uint8Array, frame: Uint8Array): void {
    const now = this.#now()
    if (type === HANDSHAKE_TYPES.R1) {
      const early = this.#rekeyAgent?.onR1(frame, from, now) ?? 0
      if (early > 0) this.#later(early, from, frame)
      this.#askedInside = null
    } else if (type === HANDSHAKE_TYPES.R3) this.#rekeyAgent?.onR3(frame, now)
    else if (type === HANDSHAKE_TYPES.R2) this.#rekeyController?.onR2(frame, now)
    else if (type === HANDSHAKE_TYPES.REKEY_ASK) this.#rekeyController?.onAsk(frame, now - this.#heardAt, now)
    else {
      // Of the pairing run or of a rekey: each ignores what is not sealed under its secret.
      this.#handlers.onHandshake?.(new Uint8Array(frame))
      if (type === HANDSHAKE_TYPES.HS_ERROR && !this.#closed) this.#rekeyController?.onError(frame, now)
    }
  }

  /** Takes a frame once more after so many ms, unless another one is to be taken later (pairing.rekey.early). */
  #later(delay: number, from: Uint8Array, frame: Uint8Array): void {
    const [sender, kept] = [new Uint8Array(from), new Uint8Array(frame)]
    clearTimeout(this.#early)
    this.#early = setTimeout(() => this.#onFrame(sender, kept), delay)
  }

  #onRatchet(sealed: Uint8Array): void {
    let received: Received
    try {
      received = this.#sessions.open(sealed, this.#clocks.wall())
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'skip-limit') this.#skipLimitReached = true
      throw error
    }
    this.#heard()
    if (received.began) this.#begin(received.session)
    const { frame, session, isCurrent, sessionNumber } = received
    let ackOnly = false
    if (frame) {
      if (isCurrent && !received.late) {
        if (frame.seq > this.#expected) this.#handlers.onMissing?.()
        this.#expected = frame.seq + 1
      }
      const challenge = new Uint8Array(frame.fresh)
      const receipt = {
        late: received.late,
        session: sessionNumber,
        seq: frame.seq,
        // rpc.stream.fresh: judged when it is asked, by the challenge of the frame that carried the request
        isFresh: () => this.#freshness.isFresh(challenge),
        age: () => this.#freshness.ageOf(challenge),
      }
      ackOnly = this.#deliver(frame, received, receipt)
    }
    if (this.#closed) return
    if (session === this.#sessions.current) this.#channel.opened(ackOnly)
    this.#updatePeer()
    this.#updateReady()
  }

  #heard(): void {
    this.#heardAt = this.#now()
    this.#heardWall = this.#clocks.wall()
    this.#peerOnline = true
    this.#proof = null
    this.#probeAt = Number.POSITIVE_INFINITY
    this.#probeDelay = FIRST_PROBE / 2
    this.#channel.heard()
    this.#handlers.onHeard?.()
  }

  /** True where the frame holds nothing but an acknowledgement. */
  #deliver(frame: OpenedFrame, received: Received, receipt: Receipt): boolean {
    if (frame.contentType === 'control') return this.#onControl(frame, received, receipt)
    // pairing.controller.control-only, and pairing.agent.control-only: an agent has no link before its record is stored
    if (this.#record.state !== 'stored') return false
    if (frame.contentType !== 'stream') {
      this.#incoming.read(frame.content, frame.contentType === 'batch', receipt, this.#now(), received.isCurrent)
    } else if (received.isCurrent) this.#incoming.chunk(frame.content, receipt, this.#now())
    return false
  }

  /** The controller: the first message of the awaited session has opened. */
  #begin(session: Session): void {
    const run = this.#rekeyController?.finished()
    this.#confirm()
    this.#startSession(session)
    // pairing.rekey.record
    if (run) this.#pin(run.peer, run.suite)
  }

  #startSession(session: Session): void {
    this.#skipLimitReached = false
    this.#askedInside = null
    this.#ready = this.#helloHeard = this.#greeted = false
    this.#expected = 0
    this.#channel.use(session)
    this.#keep(session)
    this.#incoming.interrupt()
    this.#handlers.onSessionEnd()
    // session.hello.connect, pairing.rekey.agent-switch: the first frame of the session
    this.#sendHello()
    this.#updateReady()
    this.#channel.pump()
  }

  /** The agent: R3 has verified, and nothing was opened before (pairing.rekey.agent-closed). */
  #rekeyed(run: CompletedRun): void {
    const session = new Session(run.ratchet, this.#clocks.wall())
    this.#sessions.begin(session, this.#clocks.wall())
    this.#startSession(session)
    this.#pin(run.peer, run.suite)
  }

  #pin(peer: PairingRecord['peer'], suite: PairingRecord['suite']): void {
    const { identityKey, dhKey, epoch } = peer
    if (epoch === this.#record.peer.epoch && suite === this.#record.suite) return
    this.#change({ suite, peer: { identityKey, dhKey, epoch } })
  }

  #change(change: Partial<PairingRecord>): void {
    const changed = { ...this.#record, ...change }
    this.#handlers.onRecord(changed)
    this.#record = changed
  }

  #confirm(change: Partial<PairingRecord> = {}): void {
    if (this.#record.state === 'stored' && Object.keys(change).length === 0) return
    this.#change({ ...change, state: 'stored' })
  }

  #onControl({ content }: OpenedFrame, received: Received, receipt: Receipt): boolean {
    // session.control.unknown, session.control.malformed
    const json = readControl(content)
    if (!json) return false
    const now = this.#now()
    switch (json.type) {
      case 'ack':
        return true
      case 'hello':
        // session.frame.fresh
        this.#freshness.received(Buffer.from(json.challenge, 'base64url'), receipt.session, receipt.seq)
        // What a hello says of the peer holds for the newest one only, overtaken or not.
        if (!received.isCurrent || (received.late && this.#helloHeard)) break
        this.#helloHeard = true
        this.#peerSuites = json.suites
        if (json.commandEpoch !== undefined) this.#handlers.onCommandEpoch?.(json.commandEpoch)
        // The digits were typed, and pair.complete is lost: an R2 confirms as well.
        if (this.#record.state === 'unconfirmed') this.#rekeyController?.request(now)
        if (highestCommon(json.suites) > received.session.suite) this.#rekeyController?.request(now)
        break
      case 'rekey':
        // pairing.rekey.triggers
        this.#rekeyController?.request(now)
        break
      case 'pair.complete': {
        if (!this.#rekeyController) break
        // session.control.capabilities
        const capabilities = json.capabilities.filter(isCapability)
        const { state, peerName, capabilities: known } = this.#record
        if (state !== 'stored' || peerName !== json.agentName || `${known}` !== `${capabilities}`) {
          this.#confirm({ capabilities, peerName: json.agentName })
        }
        // pairing.controller.ack
        this.#channel.control({ type: 'pair.ack', deviceName: deviceName(this.#options.name) })
        // What was sent before the digits were typed the agent need not have looked at.
        if (state !== 'stored') this.#sendHello()
        break
      }
      case 'pair.ack':
        if (!this.#rekeyAgent) break
        if (this.#record.peerName === '') this.#change({ peerName: json.deviceName })
        this.#completeUntil = Number.NEGATIVE_INFINITY
        this.#paired()
        break
      case 'pairing.revoked':
        // From a controller it means nothing: that one calls session.revoke.
        if (!this.#rekeyController) break
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
    // session.hello.suites, session.hello.challenge
    const hello = { type: 'hello' as const, challenge, suites: SUITE_BITS, ...(commandEpoch && { commandEpoch }) }
    if (this.#channel.control(hello)) this.#greeted = true
  }

  /** The agent, until the phone has acknowledged, or for 10 s. */
  #sendComplete(): void {
    if (!this.#bound) return
    this.#completeAt = this.#now()
    const capabilities = [...this.#record.capabilities, this.#grease]
    const agentName = deviceName(this.#options.name)
    this.#channel.control({ type: 'pair.complete', capabilities, agentName })
    this.#sendHello()
  }

  /** PAIRED: with the acknowledgement, or without it when its time is over. */
  #paired(): void {
    if (!this.#unpaired) return
    this.#unpaired = false
    this.#handlers.onPaired?.()
  }

  /** What the controller does while its record is not confirmed. False: it was given up. */
  #awaitConfirmation(now: number): boolean {
    if (this.#record.state === 'stored') return true
    // pairing.controller.delete-unconfirmed
    if (this.#clocks.wall() - this.#record.createdAt > limits.unconfirmedTtl) {
      this.close()
      this.#handlers.onExpired?.()
      return false
    }
    if (now >= this.#confirmBy && this.#bound && this.#peerOnline) this.#rekeyController?.request(now)
    return true
  }

  #onTick(): void {
    const now = this.#now()
    if (!this.#awaitConfirmation(now)) return
    if (now > this.#completeUntil) this.#paired()
    if (this.#freshness.drifted()) this.#sendHello()
    this.#sessions.expire(this.#clocks.wall())
    this.#incoming.expire(now)
    if (this.#completeUntil >= now && now - this.#completeAt >= limits.completeRepeat) this.#sendComplete()
    const present = this.#peerOnline || now - this.#heardAt < limits.presenceFresh
    if (present && now - this.#helloAt >= limits.helloEvery) this.#sendHello()
    if (this.#proof?.resendAt?.some((at) => now >= at)) this.#sendProof()
    if (now >= this.#probeAt) {
      this.#probeDelay = Math.min(2 * this.#probeDelay, limits.helloEvery)
      this.#probeAt = now + this.#probeDelay
      this.#rekeyController?.resume(now)
      this.#probe()
    }
    if (this.#bound && this.#peerOnline) {
      const reason = this.#askedInside ?? this.#reasonNow()
      if (reason && this.#rekeyController) this.#rekeyController.request(now)
      // pairing.rekey-ask.again
      else if (reason && now - this.#askedAt >= limits.rekeyGap) this.#askRekey(reason)
      this.#rekeyController?.tick(now)
    }
    this.#updateReady()
    this.#updatePeer()
  }

  #reasonNow(): RekeyReason | null {
    const { current } = this.#sessions
    if (current) return this.#record.state === 'stored' ? this.#rekeyReason(current) : null
    return this.#rekeyAgent ? 'no-session' : null
  }

  /** Why this session is to be replaced (spec/pairing.md, the table of triggers); null where it is not. */
  #rekeyReason({ ratchet, startedAt, suite, decryptFailures }: Session): RekeyReason | null {
    if (this.#skipLimitReached) return 'skip-limit'
    if (decryptFailures >= limits.decryptFailures) return 'decrypt-failures'
    const age = this.#clocks.wall() - startedAt
    const messages = Math.max(ratchet.nextSeq, ratchet.nextReceived)
    if (age > limits.sessionAge || messages >= limits.sessionMessages) return 'age-or-count'
    if (suite !== SUITES[0] && age > limits.sessionAgePostQuantum) return 'age-or-count'
    if (highestCommon(this.#peerSuites) > suite) return 'suite'
    // Nothing that this side sends is acknowledged: the window may be full for ever.
    return this.#channel.stalledFor > limits.graceTime ? 'no-session' : null
  }

  /** pairing.rekey.suite-choice */
  #suiteOfRekey(): Suite {
    return Math.max(highestCommon(this.#peerSuites), this.#record.suite) as Suite
  }

  #updatePeer(): void {
    const heard = this.#now() - this.#heardAt < limits.presenceFresh
    const state = !this.#bound || !heard ? 'offline' : this.#channel.isAway ? 'away' : 'online'
    if (state === this.#peerState) return
    this.#peerState = state
    this.#handlers.onPeer(state)
  }

  #updateReady(): void {
    if (this.#closed) return
    const ready = this.#isOpen()
    const became = ready && !this.#ready
    this.#ready = ready
    if (!became) return
    this.#channel.pump()
    this.#handlers.onReady()
  }
}

const highestCommon = (bits: number): number => SUITES.findLast((suite) => bits & (1 << (suite - 1))) ?? 0
