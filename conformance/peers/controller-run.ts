// One run of the handshake as a controller: M1 and M3, or R1 and R3, from named parts that a scenario
// can spoil; and a judge of M2 and R2.

import type { Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type IdentityCert, M1Body, type M2Body, M3Body, Prekeys } from '@happy-remote/schemas/pairing.ts'
import type { StateImage } from '@happy-remote/schemas/session.ts'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { type BundleSecrets, commit, prekeySignedBytes } from '@happy-remote/vectors/protocol/bundle.ts'
import { acceptAnswer, controllerSigned } from '@happy-remote/vectors/protocol/handshake.ts'
import { deviceIdOf, type Pinned } from '@happy-remote/vectors/protocol/identity.ts'
import { startController } from '@happy-remote/vectors/protocol/ratchet.ts'
import { confirmation, digits, type Keys, type Mode, PAIRING } from '@happy-remote/vectors/protocol/schedule.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { type Device, random } from './device.ts'
import { type MessageFault, wrap } from './handshake-frame.ts'

/** What both ends of a run know beforehand. */
export interface RunSetting {
  readonly mode: Mode
  readonly suite: Suite
  /** PS or PPK. */
  readonly secret: Uint8Array
  readonly ctx: Uint8Array
}

export interface M1Parts {
  readonly supported: number
  readonly routeId: Uint8Array
  readonly sasCommit: Uint8Array
  readonly cert: IdentityCert
  readonly prekeys: Prekeys
  readonly kemKey: Uint8Array
  /** What the prekey signature is made with, and over. */
  readonly signer: Uint8Array
  readonly signed: (suite: Suite, deviceId: Uint8Array, prekeys: Uint8Array, kemKey: Uint8Array) => Uint8Array
}
export interface M3Parts {
  readonly sasNonce: Uint8Array
  readonly signature: Uint8Array
  /** KC_C, with which the confirmation is made. */
  readonly confirmationKey: Uint8Array
  /** What a wrong part may be made from: KC_A, the seed of IKs, the transcript hash. */
  readonly agentKey: Uint8Array
  readonly signer: Uint8Array
  readonly th: Uint8Array
}

/** A run whose M2 was accepted. */
export interface Accepted {
  readonly agent: IdentityCert
  readonly m2: M2Body
  readonly deviceId: Uint8Array
  readonly th: Uint8Array
  readonly keys: Keys
  /** Six digits, which only a pairing shows. */
  readonly digits: string
  /** The first state of the new session. */
  readonly state: StateImage
}

export class ControllerRun {
  readonly setting: RunSetting
  readonly secrets: BundleSecrets
  readonly #device: Device
  /** The frames that were sent, for repetitions. */
  m1: Uint8Array | undefined
  /** As it was accepted. */
  m2: Uint8Array | undefined
  m3: Uint8Array | undefined
  accepted: Accepted | undefined
  #m1Body: Uint8Array | undefined

  constructor(device: Device, setting: RunSetting, routeId: Uint8Array, supported: number) {
    this.#device = device
    this.setting = setting
    const number = () => new DataView(random(4).buffer).getUint32(0)
    this.secrets = {
      device,
      supported,
      routeId,
      sasNonce: random(32),
      spkId: number(),
      spkPrivate: random(32),
      opkId: number(),
      opkPrivate: random(32),
      kemSeed: random(64),
    }
  }

  get isPairing(): boolean {
    return this.setting.mode === PAIRING
  }

  /** M1 or R1. */
  async makeM1(fault: MessageFault<M1Parts> = {}): Promise<Uint8Array> {
    const { suite, secret } = this.setting
    const { supported, routeId, sasNonce, spkId, spkPrivate, opkId, opkPrivate, kemSeed } = this.secrets
    const right: M1Parts = {
      supported,
      routeId,
      sasCommit: await commit(noble, sasNonce),
      cert: await this.#device.cert(),
      prekeys: { spkId, spk: await noble.dhPublic(spkPrivate), opkId, opk: await noble.dhPublic(opkPrivate) },
      kemKey: suite === 2 ? await noble.kem.publicKey(kemSeed) : new Uint8Array(),
      signer: this.#device.identitySeed,
      signed: prekeySignedBytes,
    }
    const { signer, signed, ...parts } = { ...right, ...(await fault.parts?.(right)) }
    const deviceId = await deviceIdOf(noble, parts.cert.identityKey)
    const signature = await noble.sign(signer, signed(suite, deviceId, Prekeys.encode(parts.prekeys), parts.kemKey))
    const body = M1Body[suite].encode({ ...parts, signature } as M1Body)
    this.#m1Body = body
    this.m1 = await wrap(this.isPairing ? 'M1' : 'R1', suite, secret, body, fault)
    return this.m1
  }

  /** Judges M2 or R2 by the reference code. Throws Failed where it is not what the spec asks for. */
  async acceptM2(frame: Uint8Array, agentDeviceId: Uint8Array | null, pinned: Pinned): Promise<Accepted> {
    if (!this.#m1Body) throw new SuiteError('An M2 is judged before there is an M1')
    const { mode, suite, secret, ctx } = this.setting
    const run = { mode, suite, secret, ctx, m1Body: this.#m1Body }
    const name = this.isPairing ? 'M2' : 'R2'
    let answer: Awaited<ReturnType<typeof acceptAnswer>>
    try {
      answer = await acceptAnswer(noble, run, this.secrets, { deviceId: agentDeviceId, pinned }, frame)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      throw new Failed(`The ${name} of the agent is to be refused with "${error.code}"`)
    }
    const { m2, deviceId, th, keys } = answer
    const { digits: six } = await digits(noble, keys.sask, th, this.secrets.sasNonce)
    const from = { role: 'controller' as const, suite, keys, th, ownPrivate: this.secrets.spkPrivate }
    const state = await startController(noble, { ...from, peerKey: m2.ratchetKey }, random(32))
    this.m2 = frame
    this.accepted = { agent: m2.cert, m2, deviceId, th, keys, digits: six, state }
    return this.accepted
  }

  /** M3 or R3. */
  async makeM3(fault: MessageFault<M3Parts> = {}): Promise<Uint8Array> {
    if (!this.accepted) throw new SuiteError('An M3 is made before an M2 was accepted')
    const { th, keys } = this.accepted
    const { suite, secret } = this.setting
    const right: M3Parts = {
      sasNonce: this.secrets.sasNonce,
      signature: await noble.sign(this.#device.identitySeed, controllerSigned(th)),
      confirmationKey: keys.kcC,
      agentKey: keys.kcA,
      signer: this.#device.identitySeed,
      th,
    }
    const { sasNonce, signature, confirmationKey } = { ...right, ...(await fault.parts?.(right)) }
    const proof = await confirmation(noble, confirmationKey, th, signature)
    const body = M3Body.encode({ sasNonce, signature, confirmation: proof } as M3Body)
    this.m3 = await wrap(this.isPairing ? 'M3' : 'R3', suite, secret, body, fault)
    return this.m3
  }
}
