// One stored pairing at work over one route: sessions, rekeys, challenges, liveness. It knows no
// method and no stream; whoever owns it gets frames and gives contents.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { HANDSHAKE_TYPES, type RekeyReason } from '@happy-remote/schemas/pairing.ts'
import { type ContentType, type ControlMessage, RATCHET_TYPES } from '@happy-remote/schemas/session.ts'
import { fromBase64url, toBase64url } from '../crypto/base64url.ts'
import type { KnownPeer } from '../crypto/identity.ts'
import { Challenges, Echo } from '../session/freshness.ts'
import type { Established } from '../session/handshake.ts'
import { LiveSessions, type Received } from '../session/live-sessions.ts'
import { peerOf, type Role } from '../session/message.ts'
import { Queue } from '../session/queue.ts'
import { HonouredSalts, sealRekeyAsk } from '../session/rekey-ask.ts'
import { rekeyRun } from '../session/run.ts'
import { Session } from '../session/session.ts'
import { highestCommon, type Suite } from '../session/suite.ts'
import { openHandshake } from '../session/wrap.ts'
import { readControl, writeControl } from './control.ts'
import type { LinkOptions, LinkOwner, Pairing, SendOptions } from './link-options.ts'
import { Liveness } from './liveness.ts'
import { Outbox } from './outbox.ts'
import { AgentRekeys, type RekeyStep } from './rekey-agent.ts'
import { RekeyAsks } from './rekey-asks.ts'
import { ControllerRekeys } from './rekey-controller.ts'
import type { RouteListener } from './socket.ts'
import { Alarm, systemTimers, type Timers } from './timers.ts'

const { R1, R2, R3, REKEY_ASK, HS_ERROR } = HANDSHAKE_TYPES
const AGENT_HEARS = [R1, R3, HS_ERROR]
const CONTROLLER_HEARS = [R2, REKEY_ASK, HS_ERROR]

/** ms for which an agent that is there is given to say hello; after that what waits goes all the same. */
const HELLO_TIME = 5_000

export class Link implements RouteListener {
  readonly #options: LinkOptions
  readonly #owner: LinkOwner
  readonly #role: Role
  readonly #timers: Timers
  readonly #inbound = new Queue()
  readonly #sessions: LiveSessions
  readonly #outbox = new Outbox()
  readonly #liveness: Liveness
  readonly #agentRekeys: AgentRekeys
  readonly #rekeys: ControllerRekeys
  readonly #honoured = new HonouredSalts()
  readonly #echo = new Echo()
  readonly #asks: RekeyAsks
  /** What this side has asked the peer to echo; an agent judges requests by it. */
  readonly challenges: Challenges
  #pairing: Pairing
  #peerSuites: number | undefined
  #confirmed: boolean
  /** A controller does not speak in the session of the pairing before a message of it has opened. */
  #quiet = false
  #pumping = false
  /** The session in which `hello` was said: nothing goes before it. */
  #greeted: Session | undefined
  /**
   * Of a controller: the session in which the agent has spoken since it was last away. What would leave before that
   * would echo a challenge of before, or none.
   */
  #introduced: Session | undefined
  readonly #patience: Alarm
  readonly #early: Alarm
  #over = false

  constructor(options: LinkOptions) {
    const { role, pairing, identity, supported, owner, timers = systemTimers } = options
    this.#options = options
    this.#owner = owner
    this.#role = role
    this.#pairing = pairing
    this.#timers = timers
    this.#confirmed = options.confirmed ?? true
    this.#sessions = new LiveSessions(role, timers)
    this.#asks = new RekeyAsks(timers, {
      sayRekey: () => void this.#say({ type: 'rekey' }),
      sendAsk: (reason) => void this.#sendAsk(reason),
      isOnline: () => this.#liveness.online && !this.#sessions.current && !this.#over,
    })
    this.challenges = new Challenges(timers)
    this.#patience = new Alarm(timers)
    this.#early = new Alarm(timers)
    this.#liveness = new Liveness(timers, {
      sayHello: () => void this.#sayHello(),
      sayAck: () => void this.#say({ type: 'ack' }),
      changed: (away, lost) => {
        owner.presence?.(away, lost)
        if (!away) void this.#pump()
      },
    })
    const run = rekeyRun(pairing.pairingKey, pairing.pairingId)
    const stored = () => {
      const { suite: lastSuite, peer, peerRoute, routeId } = this.#pairing
      return { identity, supported, lastSuite, peer, peerRoute, routeId, peerSuites: this.#peerSuites }
    }
    this.#agentRekeys = new AgentRekeys(run, stored, timers)
    const output = {
      send: (frame: Uint8Array) => this.#transmit(frame),
      waiting: async (established: Established) => {
        this.#sessions.await(await Session.start(established, { clock: timers }))
        if (!this.#confirmed) await owner.confirmed?.()
        this.#confirmed = true
      },
      dropped: () => this.#sessions.dropWaiting(),
      failed: () => this.#withoutSession(),
    }
    this.#rekeys = new ControllerRekeys(run, stored, output, timers)
  }

  get away(): boolean {
    return this.#liveness.away
  }

  get session(): Session | undefined {
    return this.#sessions.current
  }

  /** Whether the relay, or a recent authentic frame, says that the peer is there. */
  get present(): boolean {
    return this.#liveness.present
  }

  /** When a message of the peer last opened, in milliseconds of the monotonic clock; -Infinity before the first. */
  get heardAt(): number {
    return this.#liveness.heardAt
  }

  /** The session of the pairing run, if the link begins with one. `pair.complete` and `pair.ack` may go before `hello`. */
  begin(session: Session): void {
    this.#quiet = this.#role === 'controller'
    this.#sessions.switchTo(session)
    this.#keep(session)
    // Where the peer is there it is greeted before anything is sent to it.
    this.#greeted = session
  }

  /** Goes on with a session that was stored; the peer is greeted in it when it is there. */
  resume(session: Session): void {
    if (this.#over) return void session.erase()
    this.#sessions.switchTo(session)
    this.#greeted = session
    this.#keep(session)
  }

  /**
   * Sends a content, when there is room and the peer is there. Resolves when it has been handed to
   * the connection, which is not delivery, with the session in which it went. With `session` it goes
   * in that one or fails with ProtocolError `interrupted`.
   */
  async send(contentType: ContentType, content: Uint8Array, options: SendOptions = {}): Promise<Session> {
    const { session, signal, kind = contentType === 'stream' ? 'stream' : 'message' } = options
    const sent = this.#outbox.add({ contentType, kind, content, session }, signal)
    void this.#pump()
    return sent
  }

  /** Sends a control message of the owner, ahead of what waits, as long as there is a session. */
  async control(message: ControlMessage): Promise<void> {
    await this.#say(message)
  }

  /** A challenge that came in the data of `stale`, which counts like one of a `hello` (session.fresh.stale-data). */
  heardChallenge({ order, seq }: Pick<Received, 'order' | 'seq'>, challenge: Uint8Array): void {
    this.#echo.heard(order, seq, challenge)
  }

  /** Asks for a new session: an agent its peer, a controller itself. */
  rekey(reason: RekeyReason = this.#sessions.current?.trigger() ?? 'age-or-count'): void {
    if (this.#role === 'controller') this.#rekeys.trigger()
    else this.#asks.withSession(reason)
  }

  /** A controller that no longer waits for `pair.complete`: rekeys until one succeeds (pairing.controller.complete-time). */
  rekeyUntilConfirmed(): void {
    this.#rekeys.insist()
  }

  close(): void {
    this.#over = true
    this.#rekeys.close()
    this.#liveness.close()
    this.#patience.clear()
    this.#early.clear()
    this.#asks.clear()
    this.#sessions.erase()
    this.#outbox.close(new ProtocolError('revoked', 'Cannot send: the link is closed'))
  }

  bound(): void {
    this.#withoutSession()
  }

  lost(): void {
    // session.fresh.connection
    this.challenges.reconnected()
    this.#peerLost()
    this.#liveness.relaySays(false)
  }

  refused(): void {
    this.lost()
  }

  deliveryFailed(): void {
    this.#peerLost()
    this.#liveness.deliveryFailed()
  }

  presence(online: boolean): void {
    if (!online) this.#peerLost()
    // session.hello.connect: before what waited for the peer
    if (online && this.#sessions.current) void this.#sayHello()
    this.#liveness.relaySays(online)
    if (!online) return
    this.#rekeys.peerIsBack()
    this.#withoutSession()
  }

  /** Frames are taken one at a time, in the order in which they came. */
  frame(payload: Uint8Array): Promise<void> {
    const came = this.#liveness.departures
    return this.#inbound.run(async () => {
      if (this.#over) return
      try {
        // session.fresh.drift
        if (this.challenges.drifted()) await this.#sayHello()
        if ((payload[1] ?? 0) >= RATCHET_TYPES.agentToController) await this.#ratchet(payload, came)
        else await this.#handshake(payload)
      } catch (error) {
        // session.receive.silent
        if (!(error instanceof ProtocolError)) throw error
        this.#owner.refused?.(error)
        this.#trigger()
      }
    })
  }

  async #ratchet(payload: Uint8Array, came: number): Promise<void> {
    const received = await this.#sessions.receive(payload)
    const { session, frame, switched } = received
    if (switched) await this.#controllerSwitched(session)
    this.#liveness.opened(came)
    this.#owner.opened?.(received)
    const quiet = this.#quiet
    this.#quiet = false
    const said = frame?.contentType === 'control' ? await this.#heardControl(received) : undefined
    // pairing.controller.control-only
    if (frame && frame.contentType !== 'control' && this.#confirmed) this.#owner.frame(received)
    // Only now: what a peer that is back has said of itself comes before what waited for it.
    this.#liveness.heard(session, session === this.#sessions.current)
    // session.hello.connect: that alone goes before a hello
    if (said !== 'pair.complete') this.#introduce(session)
    // session.hello.connect; where the relay has told that the peer is there, that brings it
    if (quiet && !this.#liveness.online) await this.#sayHello()
    this.#trigger()
    void this.#pump()
  }

  /** Answers with the type of what was said. */
  async #heardControl(received: Received): Promise<ControlMessage['type'] | undefined> {
    const { frame, order, seq } = received
    const message = frame && readControl(frame.content, peerOf(this.#role))
    if (message?.type === 'hello') {
      this.#echo.heard(order, seq, fromBase64url(message.challenge))
      this.#peerSuites = message.suites
      this.#owner.hello?.(message)
    } else if (message?.type === 'rekey') this.#rekeys.trigger()
    else if (message && message.type !== 'ack') await this.#owner.control(message, received)
    if (message?.type === 'pair.complete') this.#confirmed = true
    return message?.type
  }

  #peerLost(): void {
    this.#introduced = undefined
    this.#patience.clear()
  }

  #introduce(session: Session | undefined): void {
    if (session !== this.#sessions.current) return
    this.#patience.clear()
    this.#introduced = session
  }

  async #handshake(payload: Uint8Array): Promise<void> {
    const agent = this.#role === 'agent'
    const opened = await openHandshake(payload, this.#pairing.pairingKey, agent ? AGENT_HEARS : CONTROLLER_HEARS)
    if (opened.type === R1) {
      this.#asks.answered(this.#sessions.current !== undefined)
      const step = await this.#agentRekeys.bundle(opened)
      // pairing.rekey.early: the newest of them
      if (step.kind === 'early') return this.#early.set(step.wait, () => void this.frame(payload))
      return this.#agentStep(step)
    }
    if (opened.type === R3) return this.#agentStep(await this.#agentRekeys.finish(opened))
    if (opened.type === R2) return this.#rekeys.answer(opened)
    if (opened.type === REKEY_ASK) {
      if (this.#sessions.current && this.#liveness.isAlive) return
      this.#honoured.honour(opened)
      return this.#rekeys.trigger()
    }
    // An agent's R2 that fails at the controller leaves nothing to undo: its run ends by time.
    if (!agent) this.#rekeys.hsError(opened)
  }

  async #agentStep(step: RekeyStep): Promise<void> {
    if (step.kind === 'nothing') return
    // pairing.rekey.r3-repeated
    if (step.kind === 'again') return this.#sayHello()
    if (step.kind === 'reply') {
      this.#transmit(step.reply)
      if (step.refused) this.#owner.refused?.(step.refused)
      return
    }
    const { suite, peer } = step.established
    const session = await Session.start(step.established, { clock: this.#timers })
    await this.#record(suite, peer)
    this.#sessions.switchTo(session)
    // pairing.rekey.agent-switch
    await this.#switched()
  }

  async #controllerSwitched(session: Session): Promise<void> {
    const established = this.#rekeys.succeeded()
    if (established) await this.#record(established.suite, established.peer)
    if (session === this.#sessions.current) await this.#switched()
  }

  async #record(suite: Suite, { identityKey, dhKey, epoch }: KnownPeer): Promise<void> {
    const peer = { identityKey, dhKey, epoch }
    this.#pairing = { ...this.#pairing, suite, peer }
    await this.#owner.store({ suite, peer })
  }

  /** session.hello.connect: nothing else goes before the `hello` of the new session. */
  async #switched(): Promise<void> {
    if (this.#sessions.current) this.#keep(this.#sessions.current)
    this.#asks.clear()
    this.#liveness.switched()
    const said = this.#sayHello()
    this.#greeted = this.#sessions.current
    this.#owner.switched?.()
    await said
    void this.#pump()
  }

  async #sayHello(): Promise<void> {
    const challenge = toBase64url(this.challenges.issue())
    const epochs = this.#role === 'agent' ? this.#options.epochs?.() : undefined
    const sent = await this.#say({ type: 'hello', challenge, suites: this.#options.supported, ...epochs })
    // pairing.rekey.triggers: nothing that this side sends is acknowledged, and nothing else would end that
    if (!sent && this.#sessions.current) this.rekey('no-session')
  }

  /** Only the current session is stored. */
  #keep(session: Session): void {
    const { keep } = this.#owner
    if (!keep) return
    session.keepWith(async (image) => {
      if (session === this.#sessions.current && !this.#over) await keep(session, image)
    })
  }

  /** What was sealed while the link was closing stays here. */
  #transmit(payload: Uint8Array): void {
    if (!this.#over) this.#owner.transmit(payload)
  }

  /** Where there is no session, or no room even for control, it is not sent: nothing depends on one of these. */
  async #say(message: ControlMessage): Promise<boolean> {
    const session = this.#sessions.current
    if (!session) return false
    if (this.#quiet) return true
    const waiting = { contentType: 'control' as const, content: writeControl(message), fresh: this.#echo.newest }
    return session.send(waiting).then(
      (frame) => {
        this.#transmit(frame)
        this.#liveness.sent(session)
        return true
      },
      (error) => {
        if (!(error instanceof ProtocolError)) throw error
        return false
      },
    )
  }

  /** Sends what waits, as far as the window goes. */
  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    try {
      for (;;) {
        const session = this.#sessions.current
        const free = session === this.#greeted && !this.#liveness.away && !this.#quiet
        if (session && free && this.#isEarly(session)) return
        const waiting = session && free ? this.#outbox.next(session) : undefined
        if (!session || !waiting) return
        try {
          this.#transmit(await session.send({ ...waiting, fresh: this.#echo.newest }))
          this.#liveness.sent(session)
          waiting.sent(session)
        } catch (error) {
          if (error instanceof ProtocolError) this.#outbox.putBack(waiting)
          else waiting.failed(error)
          if (error instanceof ProtocolError) return
        }
      }
    } finally {
      this.#pumping = false
    }
  }

  /** Whether the agent has yet to say what is to be echoed; it may be that this was lost on the way. */
  #isEarly(session: Session): boolean {
    if (this.#role === 'agent' || session === this.#introduced) return false
    if (this.#outbox.size > 0 && !this.#patience.isSet) {
      this.#patience.set(HELLO_TIME, () => {
        this.#introduce(this.#sessions.current)
        void this.#pump()
      })
    }
    return true
  }

  /** What this side sees of the triggers of a rekey. */
  #trigger(): void {
    const session = this.#sessions.current
    const peerSuites = this.#peerSuites
    const higher = peerSuites !== undefined && (highestCommon(this.#options.supported, peerSuites) ?? 0)
    const reason = session?.trigger() ?? (session && higher && higher > session.suite ? 'suite' : null)
    if (!reason) return
    if (this.#role === 'controller') this.#rekeys.trigger()
    else this.#asks.withSession(reason)
  }

  /** At an agent it asks; at a controller this is the trigger "no session". */
  #withoutSession(): void {
    if (this.#sessions.current || this.#over) return
    if (this.#role === 'agent') this.#asks.withoutSession()
    else if (this.#liveness.present) this.#rekeys.trigger()
  }

  async #sendAsk(reason: RekeyReason): Promise<void> {
    this.#transmit(await sealRekeyAsk(this.#pairing.suite, this.#pairing.pairingKey, reason))
  }
}
