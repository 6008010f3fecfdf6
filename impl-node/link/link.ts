// One pairing, live: its route at the relay, its sessions, freshness, rekey and liveness. Above it
// there are messages and streams, below it sealed bytes (spec/session.md).

import type { Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { HANDSHAKE_TYPES, type RekeyReason } from '@happy-remote/schemas/pairing.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { RATCHET_TYPES } from '@happy-remote/schemas/session.ts'
import { routeKeyFrom } from '../crypto/route.ts'
import { type Clocks, Freshness, systemClocks } from '../session/freshness.ts'
import { type CompletedRun, highestSuite } from '../session/initiator.ts'
import type { PairingRecord } from '../session/record.ts'
import { type OpenedFrame, Session } from '../session/session.ts'
import { Channel, type Stream, type StreamListener } from './channel.ts'
import { Confirmation } from './confirmation.ts'
import { Hellos } from './hellos.ts'
import { Incoming, type Receipt, readControl, receiptOf } from './incoming.ts'
import type { LinkHandlers, LinkOptions } from './link-options.ts'
import { LiveRecord } from './live-record.ts'
import { PairComplete } from './pair-complete.ts'
import { PeerPresence, type PeerState } from './peer-presence.ts'
import { RekeyAgent } from './rekey-agent.ts'
import { RekeyAsks } from './rekey-asks.ts'
import { RekeyController } from './rekey-controller.ts'
import { rekeyReason } from './rekey-reason.ts'
import { type Received, Sessions } from './sessions.ts'
import type { RouteHandle } from './socket.ts'

const TICK = 500

export class Link {
  readonly #options: LinkOptions
  readonly #handlers: LinkHandlers
  readonly #clocks: Clocks
  readonly #record: LiveRecord
  readonly #freshness: Freshness
  readonly #sessions = new Sessions()
  readonly #channel: Channel
  readonly #incoming: Incoming
  readonly #route: RouteHandle
  readonly #hellos: Hellos
  readonly #presence = new PeerPresence()
  readonly #rekeyAgent: RekeyAgent | null
  readonly #rekeyAsks: RekeyAsks | null
  readonly #rekeyController: RekeyController | null
  readonly #confirmation: Confirmation | null
  readonly #tick: NodeJS.Timeout
  #early: NodeJS.Timeout | undefined
  #bound = false
  #ready = false
  #peerState: PeerState = 'offline'
  #closed = false
  /** Nothing of it is stored any more. */
  #isRevoked = false
  /** At the agent, while the end of the pairing is not known to have arrived. */
  #pairComplete: PairComplete | null = null

  constructor(options: LinkOptions) {
    this.#options = options
    this.#handlers = options.handlers
    this.#record = new LiveRecord(options.record, (record) => this.#handlers.onRecord(record))
    this.#clocks = options.clocks ?? systemClocks
    this.#freshness = new Freshness(this.#clocks, options.random)
    this.#hellos = new Hellos(options.commandEpoch)
    const isAgent = options.record.role === 'agent'
    this.#channel = new Channel({
      transmit: (sealed) => this.#route.send(this.#record.now.peerRoute, sealed),
      isOpen: () => this.#isOpen(),
      fresh: () => this.#freshness.echo,
      now: () => this.#now(),
    })
    this.#incoming = new Incoming({
      onMessage: (message, receipt) => this.#handlers.onMessage(message, receipt),
      onChunk: (chunk, receipt) => this.#handlers.onChunk(chunk, receipt.age()),
      unreadable: (code, text) => void this.#channel.control({ type: 'error', code, message: text }),
      refused: (id, error) => this.send({ id, type: 'response', error }, true),
    })
    const routeKey = routeKeyFrom(options.record.routeSeed)
    const shared = {
      identity: options.identity,
      random: options.random,
      record: () => this.#record.now,
      send: (frame: Uint8Array) => this.#route.send(this.#record.now.peerRoute, frame),
    }
    this.#rekeyAgent = isAgent
      ? new RekeyAgent({ ...shared, completed: (run) => this.#rekeyed(run), repeated: () => this.#sendHello() })
      : null
    this.#rekeyAsks = isAgent
      ? new RekeyAsks({
          // session.window.stall
          inside: () => this.established && !this.#channel.isAway && this.#channel.control({ type: 'rekey' }),
          outside: (reason) => this.#rekeyAgent?.ask(reason),
        })
      : null
    this.#rekeyController = isAgent
      ? null
      : new RekeyController({
          ...shared,
          routeId: routeKey.routeId,
          suite: () => this.#suiteOfRekey(),
          accepted: (run) => {
            // pairing.controller.confirm
            this.#record.confirm()
            this.#sessions.await(new Session(run.ratchet, this.#clocks.wall()))
          },
          givenUp: () => this.#sessions.giveUpAwaited(),
        })
    this.#confirmation = isAgent
      ? null
      : new Confirmation({
          record: this.#record,
          name: options.name,
          proof: options.proof,
          runEndedAt: options.ratchet ? this.#now() : null,
          sendProof: shared.send,
          acknowledge: (ack) => void this.#channel.control(ack),
        })
    // pairing.agent.complete
    if (isAgent && options.ratchet) this.#pairComplete = new PairComplete(options.name, this.#now())
    const session = options.ratchet
      ? new Session(options.ratchet, this.#clocks.wall())
      : options.keeper?.load(this.#clocks.wall())
    if (session) {
      this.#sessions.begin(session, this.#clocks.wall())
      this.#channel.use(session)
      this.#keep(session)
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
    this.#tick = setInterval(() => this.#onTick(), TICK)
  }

  /** From when both sides are known to have stored the pairing, and for the current session alone. */
  #keep(session: Session): void {
    const { keeper } = this.#options
    if (!keeper) return
    session.keepWith(() => {
      const isCurrent = session === this.#sessions.current && !this.#isRevoked
      if (isCurrent && this.#record.isStored && !this.#pairComplete) keeper.save(session)
    })
  }

  get record(): PairingRecord {
    return this.#record.now
  }

  get peerState(): PeerState {
    return this.#peerState
  }

  /** ms since 1970 of the last authentic frame, null if there was none. */
  get heardAt(): number | null {
    return this.#presence.heardWall
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
    if (!this.#closed) this.#record.change(told)
  }

  /** Begins a new session (spec/pairing.md): at the controller a rekey, at the agent the wish for one. */
  rekey(): void {
    this.#rekeyController?.request(this.#now())
    this.#rekeyAsks?.ask('no-session', this.#now())
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
      this.#presence.reachable &&
      this.#sessions.current !== null &&
      this.#hellos.said &&
      !this.#channel.isAway &&
      this.#record.isStored &&
      (this.#rekeyController === null || this.#hellos.heard)
    )
  }

  #onBound(): void {
    this.#bound = true
    // session.fresh.connection: a challenge counts only on the connection on which it was sent
    this.#freshness.voidAll()
    // pairing.rekey-ask.when
    if (!this.#sessions.current) this.#rekeyAsks?.ask('no-session', this.#now())
    this.#confirmation?.sendProof(this.#now())
  }

  #onDown(): void {
    this.#bound = false
    this.#onPresence(false)
  }

  #onDeliveryFailed(): void {
    this.#presence.deliveryFailed(this.#now())
    this.#ready = false
    this.#rekeyController?.postpone()
    this.#updatePeer()
  }

  #onPresence(online: boolean): void {
    this.#presence.relaySays(online)
    if (!online) {
      this.#ready = false
      this.#hellos.peerLeft()
      this.#rekeyController?.postpone()
      this.#updatePeer()
      return
    }
    this.#probe(this.#now())
    this.#updateReady()
    this.#channel.pump()
  }

  /** What goes to a peer that may be there: relay.failed.client leaves nothing else before it is heard. */
  #probe(now: number): void {
    this.#rekeyController?.resume(now)
    if (this.#sessions.current) this.#introduce(now)
    else this.rekey()
    this.#rekeyController?.tick(now)
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
      this.#rekeyAsks?.answered()
    } else if (type === HANDSHAKE_TYPES.R3) this.#rekeyAgent?.onR3(frame, now)
    else if (type === HANDSHAKE_TYPES.R2) this.#rekeyController?.onR2(frame, now)
    else if (type === HANDSHAKE_TYPES.REKEY_ASK) this.#rekeyController?.onAsk(frame, this.#presence.heardAgo(now), now)
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
    const received = this.#sessions.open(sealed, this.#clocks.wall())
    this.#heard()
    if (received.began) this.#begin(received.session)
    if (received.missing) this.#handlers.onMissing?.()
    const ackOnly = this.#deliver(received)
    if (this.#closed) return
    if (received.session === this.#sessions.current) this.#channel.opened(ackOnly)
    this.#updatePeer()
    this.#updateReady()
  }

  #heard(): void {
    this.#presence.heard(this.#now(), this.#clocks.wall())
    this.#confirmation?.heard()
    this.#channel.heard()
    this.#handlers.onHeard?.()
  }

  /** True where the frame holds nothing but an acknowledgement. */
  #deliver(received: Received): boolean {
    const { frame, isCurrent } = received
    if (!frame) return false
    const receipt = receiptOf(frame, received, this.#freshness)
    if (frame.contentType === 'control') return this.#onControl(frame, received, receipt)
    // pairing.controller.control-only, and pairing.agent.control-only: an agent has no link before its record is stored
    if (!this.#record.isStored) return false
    if (frame.contentType !== 'stream') {
      this.#incoming.read(frame.content, frame.contentType === 'batch', receipt, this.#now(), isCurrent)
    } else if (isCurrent) this.#incoming.chunk(frame.content, receipt, this.#now())
    return false
  }

  /** The controller: the first message of the awaited session has opened. */
  #begin(session: Session): void {
    const run = this.#rekeyController?.finished()
    this.#record.confirm()
    this.#startSession(session)
    if (run) this.#record.pin(run.peer, run.suite)
  }

  #startSession(session: Session): void {
    this.#rekeyAsks?.answered()
    this.#ready = false
    this.#hellos.begin()
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
    this.#record.pin(run.peer, run.suite)
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
        if (!this.#hellos.take(json, received)) break
        if (json.commandEpoch !== undefined) this.#handlers.onCommandEpoch?.(json.commandEpoch)
        // The digits were typed, and pair.complete is lost: an R2 confirms as well.
        if (!this.#record.isStored) this.#rekeyController?.request(now)
        if (highestSuite(json.suites) > received.session.suite) this.#rekeyController?.request(now)
        break
      case 'rekey':
        // pairing.rekey.triggers
        this.#rekeyController?.request(now)
        break
      case 'pair.complete':
        // What was sent before the digits were typed the agent need not have looked at.
        if (this.#confirmation?.completed(json)) this.#sendHello()
        break
      case 'pair.ack':
        if (!this.#rekeyAgent) break
        if (this.#record.now.peerName === '') this.#record.change({ peerName: json.deviceName })
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
    this.#hellos.say(this.#freshness.issue(), this.#now(), (hello) => this.#channel.control(hello))
  }

  /** Who we are (session.hello.connect), after `pair.complete` while that is to be said (pairing.agent.complete). */
  #introduce(now: number): void {
    const complete = this.#pairComplete
    if (this.#bound && complete && !complete.isOver(now)) {
      this.#channel.control(complete.say(this.#record.now.capabilities, now))
    }
    this.#sendHello()
  }

  /** PAIRED: with the acknowledgement, or without it when its time is over. */
  #paired(): void {
    if (!this.#pairComplete) return
    this.#pairComplete = null
    this.#handlers.onPaired?.()
  }

  /** What the controller does while its record is not confirmed. False: it was given up. */
  #awaitConfirmation(now: number): boolean {
    if (!this.#confirmation || this.#record.isStored) return true
    if (this.#confirmation.isExpired(this.#clocks.wall())) {
      this.close()
      this.#handlers.onExpired?.()
      return false
    }
    if (this.#confirmation.isOverdue(now) && this.#bound && this.#presence.reachable) {
      this.#rekeyController?.request(now)
    }
    return true
  }

  #onTick(): void {
    const now = this.#now()
    if (!this.#awaitConfirmation(now)) return
    if (this.#pairComplete?.isOver(now)) this.#paired()
    if (this.#freshness.drifted()) this.#sendHello()
    this.#sessions.expire(this.#clocks.wall())
    this.#incoming.expire(now)
    if (this.#pairComplete?.isDue(now)) this.#introduce(now)
    if (this.#presence.isPresent(now) && this.#hellos.isDue(now)) this.#sendHello()
    this.#confirmation?.tick(now)
    if (this.#presence.takeProbe(now)) this.#probe(now)
    if (this.#bound && this.#presence.reachable) {
      const reason = this.#rekeyReason()
      if (reason) this.#rekeyController?.request(now)
      this.#rekeyController?.tick(now)
      this.#rekeyAsks?.tick(reason, now)
    }
    this.#updateReady()
    this.#updatePeer()
  }

  #rekeyReason(): RekeyReason | null {
    const { current } = this.#sessions
    if (!current) return this.#rekeyAsks ? 'no-session' : null
    if (!this.#record.isStored) return null
    const seen = { skipLimitReached: this.#sessions.skipLimitReached, peerSuites: this.#hellos.peerSuites }
    return rekeyReason({ ...seen, session: current, stalledFor: this.#channel.stalledFor }, this.#clocks.wall())
  }

  /** pairing.rekey.suite-choice */
  #suiteOfRekey(): Suite {
    return Math.max(highestSuite(this.#hellos.peerSuites), this.#record.now.suite) as Suite
  }

  #updatePeer(): void {
    const state = this.#bound ? this.#presence.state(this.#now(), this.#channel.isAway) : 'offline'
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
