// One run of the handshake as an agent: M2, or R2, from named parts that a scenario can spoil; and a
// judge of M1, M3, R1 and R3.

import type { Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type IdentityCert, type M1Body, M2_PROOF_SIZE, M2Body } from '@happy-remote/schemas/pairing.ts'
import type { StateImage } from '@happy-remote/schemas/session.ts'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { checkBundle } from '@happy-remote/vectors/protocol/bundle.ts'
import { concat, Z32 } from '@happy-remote/vectors/protocol/bytes.ts'
import { acceptFinish, agentSigned, type Run } from '@happy-remote/vectors/protocol/handshake.ts'
import type { Pinned } from '@happy-remote/vectors/protocol/identity.ts'
import { start } from '@happy-remote/vectors/protocol/ratchet.ts'
import {
  agentDh,
  confirmation,
  type Keys,
  PAIRING,
  preSharedKey,
  schedule,
  transcriptBytes,
} from '@happy-remote/vectors/protocol/schedule.ts'
import { open } from '@happy-remote/vectors/protocol/wrap.ts'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { RunSetting } from './controller-run.ts'
import { type Device, random } from './device.ts'
import { type MessageFault, wrap } from './handshake-frame.ts'

export interface M2Parts {
  readonly cert: IdentityCert
  readonly ephemeralKey: Uint8Array
  readonly ratchetKey: Uint8Array
  readonly spkId: number
  readonly opkId: number
  readonly kemCiphertext: Uint8Array
  /** DH1 to DH4 as the controller will compute them. */
  readonly dhs: readonly Uint8Array[]
  /** DH1 to DH4 for the IKd of another private key. */
  readonly share: (dhPrivate: Uint8Array) => Promise<readonly Uint8Array[]>
  /** The seed of IKs. */
  readonly signer: Uint8Array
  /** What sig_A is made with; the confirmation fits whatever it gives. */
  readonly sign: (th: Uint8Array) => Promise<Uint8Array>
  /** Of the 32 bytes of the confirmation. */
  readonly confirm: (right: Uint8Array) => Uint8Array
}

/** What the agent holds against an M1 or R1. */
export interface AgentExpectation {
  readonly from: Uint8Array
  readonly offered: number
  readonly lastSuite: number
  readonly pinned: Pinned
}

export class AgentRun {
  readonly setting: RunSetting
  readonly controller: M1Body
  readonly controllerId: Uint8Array
  readonly m1: Uint8Array
  readonly #run: Run
  readonly #device: Device
  m2: Uint8Array | undefined
  m3: Uint8Array | undefined
  /** ms, by the clock of the program under test, at which M1 and M3 came. */
  m1At = 0
  m3At = 0
  #answered: { th: Uint8Array; keys: Keys; ratchetPrivate: Uint8Array } | undefined
  digits: string | undefined
  /** The first state of the new session, once M3 or R3 has verified. */
  state: StateImage | undefined

  private constructor(device: Device, run: Run, m1: Uint8Array, controller: M1Body, controllerId: Uint8Array) {
    this.setting = run
    this.#run = run
    this.#device = device
    this.m1 = m1
    this.controller = controller
    this.controllerId = controllerId
  }

  /** Judges M1 or R1 by the reference code. Throws Failed where it is not what the spec asks for. */
  static async accept(
    device: Device,
    setting: Omit<RunSetting, 'suite'>,
    frame: Uint8Array,
    expect: AgentExpectation,
  ): Promise<AgentRun> {
    const isPairing = setting.mode === PAIRING
    try {
      const { suite, body } = await open(noble, setting.secret, frame, [isPairing ? 1 : 4])
      const ownDeviceId = await device.deviceId()
      const { bundle, deviceId } = await checkBundle(noble, suite, body, { ...expect, ownDeviceId })
      const run: Run = { ...setting, suite: suite as Suite, m1Body: body }
      return new AgentRun(device, run, frame, bundle, deviceId)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      throw new Failed(`The ${isPairing ? 'M1' : 'R1'} of the controller is to be refused with "${error.code}"`)
    }
  }

  get isPairing(): boolean {
    return this.setting.mode === PAIRING
  }

  /** M2 or R2, each time with fresh keys. */
  async makeM2(fault: MessageFault<M2Parts> = {}): Promise<Uint8Array> {
    const { mode, suite, secret, ctx, m1Body } = this.#run
    const { cert, prekeys, kemKey } = this.controller
    const [ephemeralPrivate, ratchetPrivate] = [random(32), random(32)]
    const kem =
      suite === 2 ? ml_kem768.encapsulate(kemKey) : { cipherText: new Uint8Array(), sharedSecret: new Uint8Array() }
    const { spk, opk } = prekeys
    const share = (dhPrivate: Uint8Array) =>
      agentDh(noble, { dhPrivate, ephemeralPrivate, peerDhKey: cert.dhKey, spk, opk })
    const right: M2Parts = {
      cert: await this.#device.cert(),
      ephemeralKey: await noble.dhPublic(ephemeralPrivate),
      ratchetKey: await noble.dhPublic(ratchetPrivate),
      spkId: prekeys.spkId,
      opkId: prekeys.opkId,
      kemCiphertext: kem.cipherText,
      dhs: await share(this.#device.dhPrivate),
      share,
      signer: this.#device.identitySeed,
      sign: (th) => noble.sign(this.#device.identitySeed, agentSigned(th)),
      confirm: (mac) => mac,
    }
    const {
      dhs,
      sign,
      confirm,
      share: _share,
      signer: _signer,
      ...parts
    } = { ...right, ...(await fault.parts?.(right)) }
    const unproven = { ...parts, signature: new Uint8Array(64), confirmation: Z32 } as M2Body
    const m2Part = M2Body[suite].encode(unproven).subarray(0, -M2_PROOF_SIZE)
    const th = await noble.sha256(transcriptBytes(suite, mode, ctx, m1Body, m2Part))
    const psk = await preSharedKey(noble, mode, secret)
    const { keys } = await schedule(noble, psk, [...dhs], kem.sharedSecret, th)
    const signature = await sign(th)
    const proof = confirm(await confirmation(noble, keys.kcA, th, signature))
    this.#answered = { th, keys, ratchetPrivate }
    this.m2 = await wrap(this.isPairing ? 'M2' : 'R2', suite, secret, concat(m2Part, signature, proof), fault)
    return this.m2
  }

  /** A second M2 for the same M1, as right as the first, which stays the one of this run. */
  async makeOtherM2(): Promise<Uint8Array> {
    const [m2, answered] = [this.m2, this.#answered]
    const other = await this.makeM2()
    this.m2 = m2
    this.#answered = answered
    return other
  }

  /** SID and PPK of this run. */
  get keys(): Keys {
    if (!this.#answered) throw new SuiteError('There is no M2 yet')
    return this.#answered.keys
  }

  /** PPK as this run proposes it, before anything is stored; undefined before M2. */
  get proposedKey(): Uint8Array | undefined {
    return this.#answered?.keys.ppk
  }

  /** Judges M3 or R3. Throws Failed where it is not what the spec asks for. */
  async acceptM3(frame: Uint8Array): Promise<StateImage> {
    if (!this.#answered) throw new SuiteError('An M3 is judged before there is an M2')
    const { th, keys, ratchetPrivate } = this.#answered
    try {
      this.digits = (await acceptFinish(noble, this.#run, th, keys, frame)).digits
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      throw new Failed(`The ${this.isPairing ? 'M3' : 'R3'} of the controller is to be refused with "${error.code}"`)
    }
    this.m3 = frame
    const from = { role: 'agent' as const, suite: this.#run.suite, keys, th, ownPrivate: ratchetPrivate }
    this.state = await start(noble, { ...from, peerKey: this.controller.prekeys.spk })
    return this.state
  }
}
