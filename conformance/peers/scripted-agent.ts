// A scripted agent: shows a pairing code, answers M1 and R1, and keeps a session with the controller under test.

import { DEFAULT_CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import type { HandshakeTypeName, IdentityCert, QrPayload } from '@happy-remote/schemas/pairing.ts'
import { QrPayload as Payload } from '@happy-remote/schemas/pairing.ts'
import { ascii, equal } from '@happy-remote/vectors/protocol/bytes.ts'
import { payloadToUri } from '@happy-remote/vectors/protocol/qr.ts'
import { PAIRING, pairingContext, REKEY } from '@happy-remote/vectors/protocol/schedule.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { AgentRun, type M2Parts } from './agent-run.ts'
import { random } from './device.ts'
import { Endpoint } from './endpoint.ts'
import type { MessageFault } from './handshake-frame.ts'
import type { HeardFrame } from './heard-frames.ts'
import { ScriptedSession } from './session.ts'

/** What a pairing code is made of, and how it is written; each can be another. */
export interface CodeFault {
  readonly payload?: (right: QrPayload) => Partial<QrPayload>
  readonly bytes?: (right: Uint8Array) => Uint8Array
  readonly text?: (right: string) => string
}

/** What the agent has stored of the pairing. */
export interface AgentRecord {
  readonly pairingId: Uint8Array
  readonly ppk: Uint8Array
  readonly controller: IdentityCert
  suite: number
}

export class ScriptedAgent extends Endpoint {
  readonly role = 'agent'
  /** Suites offered in the code and told in `hello`. */
  suites = 3
  capabilities: readonly string[] = DEFAULT_CAPABILITIES
  agentName = 'scripted agent'
  commandEpoch = 'epoch 1'
  record: AgentRecord | undefined
  /** Of the pairing, then of each rekey. */
  run: AgentRun | undefined
  /** Runs of rekeys that wait for R3. */
  runs: AgentRun[] = []
  #lastR3: Uint8Array | undefined
  #code: { payload: QrPayload; ctx: Uint8Array } | undefined

  /** PS of the code. */
  get secret(): Uint8Array {
    return this.#shown.payload.pairingSecret
  }

  /** Binds its route openly, and gives the text of a pairing code for it. `life` in seconds. */
  async offer(fault: CodeFault = {}, life = 120): Promise<string> {
    await this.bind(null)
    const right: QrPayload = {
      flags: 1,
      suites: this.suites,
      expiry: Math.floor(this.options.wall() / 1000) + life,
      deviceId: await this.device.deviceId(),
      routeId: this.client.route.id,
      pairingSecret: random(16),
      relay: ascii(this.options.relay.origin.replace('ws://', '')),
    }
    const payload = { ...right, ...fault.payload?.(right) }
    const bytes = Payload.encode(payload)
    this.#code = { payload, ctx: pairingContext(bytes) }
    const text = payloadToUri(fault.bytes?.(bytes) ?? bytes)
    return fault.text?.(text) ?? text
  }

  /** The next M1, judged. */
  async acceptM1(): Promise<AgentRun> {
    const { frame, from, at } = await this.expectHandshake('M1')
    this.run = await this.#accept(frame, from)
    this.run.m1At = at
    return this.run
  }

  /** M2 for the M1 that was accepted; then the route is bound for the controller (pairing.m2.rebind). */
  async sendM2(fault: MessageFault<M2Parts> & { readonly bind?: boolean } = {}): Promise<Uint8Array> {
    const { bind = true, ...rest } = fault
    const frame = await this.#pairing.makeM2(rest)
    this.sendHandshake(frame, { isWrong: Object.keys(rest).length > 0 })
    if (bind) await this.bind(this.peerRoute ?? null)
    return frame
  }

  /** The next M3, judged. The session can receive from then on. */
  async acceptM3(): Promise<void> {
    const { frame, at } = await this.expectHandshake('M3')
    const run = this.#pairing
    run.m3At = at
    const session = new ScriptedSession(await run.acceptM3(frame))
    await this.alone(async () => this.begin(session, true))
  }

  /** The digits were right: stores the record, and says so in the session. */
  async complete(): Promise<void> {
    this.store()
    await this.sendComplete()
    await this.sendHello()
  }

  store(): void {
    const { keys, controller, setting } = this.#pairing
    this.record = { pairingId: keys.sid, ppk: keys.ppk, controller: controller.cert, suite: setting.suite }
  }

  sendComplete(): Promise<Uint8Array> {
    const { capabilities, agentName } = this
    return this.sendControl({ type: 'pair.complete', capabilities: [...capabilities], agentName })
  }

  /** R2 for an R1, at hand for scenarios that spoil it. */
  async answerR1(
    heard: Extract<HeardFrame, { kind: 'handshake' }>,
    fault: MessageFault<M2Parts> = {},
  ): Promise<AgentRun> {
    const { record } = this
    if (!record) throw new SuiteError('The scripted agent has no record of a pairing')
    const setting = { mode: REKEY, secret: record.ppk, ctx: record.pairingId } as const
    const expect = { from: heard.from, offered: this.suites, lastSuite: record.suite, pinned: record.controller }
    const run = await AgentRun.accept(this.device, setting, heard.frame, expect)
    this.sendHandshake(await run.makeM2(fault), { isWrong: Object.keys(fault).length > 0 })
    this.runs.push(run)
    return run
  }

  /** The session of a run whose R3 has come; it is current from now on. */
  async acceptR3(run: AgentRun, frame: Uint8Array): Promise<ScriptedSession> {
    const session = new ScriptedSession(await run.acceptM3(frame))
    this.begin(session, true)
    this.runs = this.runs.filter((each) => each !== run)
    if (this.record) this.record.suite = run.setting.suite
    return session
  }

  protected override helloMembers(): Record<string, unknown> {
    return { suites: this.suites, commandEpoch: this.commandEpoch }
  }

  protected secretsFor(type: HandshakeTypeName): readonly (Uint8Array | undefined)[] {
    const pairing = this.#code?.payload.pairingSecret
    if (type === 'HS_ERROR') return [pairing, this.record?.ppk]
    return [type.startsWith('M') ? pairing : (this.record?.ppk ?? this.run?.proposedKey)]
  }

  /** `pair.complete` is the first message of the session. */
  protected override get acknowledges(): boolean {
    return this.record !== undefined
  }

  protected async attend(heard: HeardFrame): Promise<void> {
    if (heard.kind !== 'handshake') return
    if (heard.type === 'M1') this.peerRoute ??= heard.from
    // pairing.rekey.stored
    if (!this.duties.rekey || !heard.body || !this.record) return
    if (heard.type === 'R1') await this.#attendR1(heard)
    if (heard.type === 'R3') await this.#attendR3(heard.frame)
  }

  /** pairing.rekey.repeat */
  async #attendR1(heard: Extract<HeardFrame, { kind: 'handshake' }>): Promise<void> {
    const known = this.runs.find(({ m1 }) => equal(m1, heard.frame))
    if (known?.m2) this.sendHandshake(known.m2)
    else await this.answerR1(heard)
  }

  /** pairing.rekey.r3-repeated, pairing.rekey.runs */
  async #attendR3(frame: Uint8Array): Promise<void> {
    if (this.#lastR3 && equal(this.#lastR3, frame)) {
      await this.sealHello()
      return
    }
    for (const run of this.runs.toReversed()) {
      try {
        await this.acceptR3(run, frame)
      } catch (error) {
        // Of another run, perhaps.
        if (error instanceof Failed && run !== this.runs[0]) continue
        throw error
      }
      this.#lastR3 = frame
      await this.sealHello()
      return
    }
  }

  get #shown() {
    if (!this.#code) throw new SuiteError('The scripted agent has shown no code')
    return this.#code
  }

  get #pairing(): AgentRun {
    if (!this.run) throw new SuiteError('The scripted agent has accepted no M1')
    return this.run
  }

  #accept(frame: Uint8Array, from: Uint8Array): Promise<AgentRun> {
    const setting = { mode: PAIRING, secret: this.secret, ctx: this.#shown.ctx } as const
    return AgentRun.accept(this.device, setting, frame, { from, offered: this.suites, lastSuite: 0, pinned: null })
  }
}
