// A scripted controller: scans the code of the agent under test, runs the handshake, and keeps a session.

import { SUITES, type Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { HandshakeTypeName, IdentityCert, QrPayload } from '@happy-remote/schemas/pairing.ts'
import { QrPayload as Payload } from '@happy-remote/schemas/pairing.ts'
import { decodeUri } from '@happy-remote/vectors/protocol/qr.ts'
import { PAIRING, pairingContext, REKEY } from '@happy-remote/vectors/protocol/schedule.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { type Accepted, ControllerRun, type M1Parts, type M3Parts } from './controller-run.ts'
import { Endpoint, type FrameOf } from './endpoint.ts'
import type { MessageFault } from './handshake-frame.ts'
import type { HeardFrame } from './heard-frames.ts'
import { atOnce } from './patience.ts'
import { ScriptedSession } from './session.ts'

/** What the controller has stored of the pairing. */
export interface ControllerRecord {
  readonly pairingId: Uint8Array
  readonly ppk: Uint8Array
  agent: IdentityCert
  suite: Suite
}

type Given<Parts> = MessageFault<Parts> & {
  /** Another suite than the right one, which the message is made in throughout. */
  readonly suite?: Suite
}

export class ScriptedController extends Endpoint {
  readonly role = 'controller'
  /** Suites supported. */
  suites = 3
  deviceName = 'scripted controller'
  record: ControllerRecord | undefined
  /** Of the pairing. */
  run: ControllerRun | undefined
  /** The newest rekey, until it has begun a session. */
  rekeying: ControllerRun | undefined
  /** A session of a rekey in which no message has opened yet. */
  waiting: ScriptedSession | undefined
  code: QrPayload | undefined
  #ctx: Uint8Array | undefined
  #rekeyedAt = Number.NEGATIVE_INFINITY
  /** When the newest rekey began. */
  #startedAt = Number.NEGATIVE_INFINITY

  get secret(): Uint8Array {
    if (!this.code) throw new SuiteError('The scripted controller has scanned no code')
    return this.code.pairingSecret
  }

  /** Reads a code by the rules of pairing.md. Throws Failed where it is wrong. */
  scan(uri: string): QrPayload {
    try {
      this.code = decodeUri(uri, Math.floor(this.#wall() / 1000), this.suites)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      throw new Failed(`The pairing code of the agent is to be refused with "${error.code}"`)
    }
    this.#ctx = pairingContext(Payload.encode(this.code))
    this.peerRoute = this.code.routeId
    return this.code
  }

  /** Binds for the agent of the code, and sends M1. */
  async sendM1(fault: Given<M1Parts> = {}): Promise<Uint8Array> {
    const { suite = this.#best, ...rest } = fault
    const run = new ControllerRun(this.device, this.#setting(suite), this.client.route.id, this.suites)
    this.run = run
    if (!this.isConnected) await this.bind(this.code?.routeId ?? null)
    const frame = await run.makeM1(rest)
    this.sendHandshake(frame, { isWrong: Object.keys(fault).length > 0 })
    return frame
  }

  /** The next M2, judged. */
  async acceptM2(time?: number): Promise<Accepted> {
    const { frame } = await this.expectHandshake('M2', time)
    return this.#pairing.acceptM2(frame, this.code?.deviceId ?? null, null)
  }

  /** M3; the session is in use from then on. */
  async sendM3(fault: MessageFault<M3Parts> = {}): Promise<Uint8Array> {
    const run = this.#pairing
    const frame = await run.makeM3(fault)
    this.sendHandshake(frame, { isWrong: Object.keys(fault).length > 0 })
    const { state, keys, agent } = run.accepted as Accepted
    await this.alone(async () => {
      if (!this.current) this.begin(new ScriptedSession(state), true)
      this.record ??= { pairingId: keys.sid, ppk: keys.ppk, agent, suite: run.setting.suite }
    })
    return frame
  }

  /** Loses what it has stored of the pairing, and keeps its identity. */
  async forget(): Promise<void> {
    this.cut()
    await this.client.connection.closes(atOnce())
    this.current = this.waiting = this.record = this.rekeying = undefined
  }

  get digits(): string {
    if (!this.run?.accepted) throw new SuiteError('The scripted controller has accepted no M2')
    return this.run.accepted.digits
  }

  /** Six digits that are not these. */
  get wrongDigits(): string {
    return String((Number(this.digits) + 1) % 1_000_000).padStart(6, '0')
  }

  /** R1, in the highest suite that both have unless said otherwise. */
  async sendR1(fault: Given<M1Parts> = {}): Promise<Uint8Array> {
    const { record } = this
    if (!record) throw new SuiteError('The scripted controller has no record of a pairing')
    const { suite = this.#best, ...rest } = fault
    const setting = { mode: REKEY, suite, secret: record.ppk, ctx: record.pairingId } as const
    this.rekeying = new ControllerRun(this.device, setting, this.client.route.id, this.suites)
    this.#startedAt = this.now()
    const frame = await this.rekeying.makeM1(rest)
    this.sendHandshake(frame, { isWrong: Object.keys(fault).length > 0 })
    return frame
  }

  /** R3 for an R2, which is judged first. The new session waits for its first message. */
  async answerR2(heard: FrameOf<'handshake'>, fault: MessageFault<M3Parts> = {}): Promise<Uint8Array> {
    const { rekeying, record } = this
    if (!rekeying || !record) throw new SuiteError('The scripted controller has begun no rekey')
    const { state } = await rekeying.acceptM2(heard.frame, null, record.agent)
    const frame = await rekeying.makeM3(fault)
    this.waiting = new ScriptedSession(state)
    this.begin(this.waiting, false)
    this.sendHandshake(frame, { isWrong: Object.keys(fault).length > 0 })
    return frame
  }

  /** What a right controller sends again while it waits: R1, then R3, and after 30 s another R1. */
  sendAgain(): Promise<void> {
    return this.alone(async () => {
      const frame = this.rekeying?.m3 ?? this.rekeying?.m1
      if (!frame) return
      if (this.now() - this.#startedAt < limits.rekeyRunTtl) {
        this.sendHandshake(frame)
        return
      }
      // pairing.rekey.drop, pairing.rekey.drop-again
      this.waiting = undefined
      await this.sendR1()
    })
  }

  protected override helloMembers(): Record<string, unknown> {
    return { suites: this.suites }
  }

  protected secretsFor(type: HandshakeTypeName): readonly (Uint8Array | undefined)[] {
    const pairing = this.code?.pairingSecret
    if (type === 'HS_ERROR') return [pairing, this.record?.ppk]
    return [type.startsWith('M') ? pairing : this.record?.ppk]
  }

  protected async attend(heard: HeardFrame): Promise<void> {
    if (heard.kind === 'handshake') {
      if (!this.duties.rekey || !heard.body) return
      if (heard.type === 'REKEY_ASK') await this.#rekey()
      // Of a run that is not the newest one it holds no keys any more.
      else if (heard.type === 'R2' && this.rekeying && !this.rekeying.accepted) await this.answerR2(heard)
      return
    }
    if (!('session' in heard)) return
    if (heard.session === this.waiting) await this.#switch(heard.session)
    if (heard.kind !== 'control') return
    if (heard.type === 'rekey' && this.duties.rekey) await this.#rekey()
    if (heard.type !== 'pair.complete' || !this.duties.pairAck) return
    await this.sealControl({ type: 'pair.ack', deviceName: this.deviceName })
    await this.sealHello()
  }

  /** As often as `pairing.rekey.gap` allows. */
  async #rekey(): Promise<void> {
    if (this.now() - this.#rekeyedAt < limits.rekeyGap) return
    this.#rekeyedAt = this.now()
    await this.sendR1()
  }

  /** pairing.rekey.controller-wait: the first message of the new session has opened. */
  async #switch(session: ScriptedSession): Promise<void> {
    this.waiting = undefined
    this.current = session
    const { accepted, setting } = this.rekeying ?? {}
    this.rekeying = undefined
    if (this.record && accepted && setting) {
      this.record.agent = accepted.agent
      this.record.suite = setting.suite
    }
    await this.sealHello()
  }

  get #pairing(): ControllerRun {
    if (!this.run) throw new SuiteError('The scripted controller has sent no M1')
    return this.run
  }

  /** pairing.m1.suite, pairing.rekey.suite-choice */
  get #best(): Suite {
    const best = SUITES.findLast((suite) => this.suites & (this.code?.suites ?? 0) & (1 << (suite - 1)))
    if (!best) throw new SuiteError('The scripted controller and the code have no common suite')
    return best
  }

  #setting(suite: Suite) {
    if (!this.#ctx) throw new SuiteError('The scripted controller has scanned no code')
    return { mode: PAIRING, suite, secret: this.secret, ctx: this.#ctx } as const
  }

  #wall(): number {
    return this.options.wall()
  }
}
