// M1 to M3 and R1 to R3: sections 5.2 to 5.5.

import { label, type Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { HANDSHAKE_TYPES, M1Body, M2_PROOF_SIZE, M2Body, M3Body } from '@happy-remote/schemas/pairing.ts'
import type { Backend } from '../backend/backend.ts'
import { type BundleSecrets, commit } from './bundle.ts'
import { concat, equal } from './bytes.ts'
import { checkCert, type Device, deviceIdOf, makeCert, type Pinned } from './identity.ts'
import { checkDhKey, verify } from './keys.ts'
import {
  agentDh,
  confirmation,
  controllerDh,
  digits,
  type Keys,
  kemSecret,
  type Mode,
  PAIRING,
  preSharedKey,
  schedule,
  transcriptBytes,
} from './schedule.ts'
import { open, seal, wrapHeader } from './wrap.ts'

/** What both ends of one run share. */
export interface Run {
  readonly mode: Mode
  readonly suite: Suite
  /** PS or PPK. */
  readonly secret: Uint8Array
  readonly ctx: Uint8Array
  readonly m1Body: Uint8Array
}

const typeOf = (mode: Mode, step: 1 | 2 | 3): number => (mode === PAIRING ? step : step + HANDSHAKE_TYPES.R1 - 1)

export async function sealStep(backend: Backend, run: Run, step: 1 | 2 | 3, salt: Uint8Array, body: Uint8Array) {
  return (await seal(backend, run.secret, wrapHeader(typeOf(run.mode, step), run.suite, salt), body)).frame
}

async function openStep(backend: Backend, run: Run, step: 2 | 3, frame: Uint8Array): Promise<Uint8Array> {
  const { suite, body } = await open(backend, run.secret, frame, [typeOf(run.mode, step)])
  if (suite !== run.suite) throw new ProtocolError('suite')
  return body
}

export const agentSigned = (th: Uint8Array): Uint8Array => concat(label('auth-agent'), th)
export const controllerSigned = (th: Uint8Array): Uint8Array => concat(label('auth-controller'), th)

/** What the agent draws for one M2. */
export interface AnswerSecrets {
  readonly device: Device
  readonly ephemeralPrivate: Uint8Array
  readonly ratchetPrivate: Uint8Array
  /** Empty in suite 0x0001; encapsulation is randomised, so the ciphertext and its secret are given. */
  readonly kemCiphertext: Uint8Array
  readonly kemSharedSecret: Uint8Array
}

/** The agent's side of the schedule and the M2 body. */
export async function answer(backend: Backend, run: Run, secrets: AnswerSecrets) {
  const bundle = M1Body[run.suite].decode(run.m1Body)
  const unsigned = {
    cert: await makeCert(backend, secrets.device),
    ephemeralKey: await backend.dhPublic(secrets.ephemeralPrivate),
    ratchetKey: await backend.dhPublic(secrets.ratchetPrivate),
    spkId: bundle.prekeys.spkId,
    opkId: bundle.prekeys.opkId,
    kemCiphertext: secrets.kemCiphertext,
    signature: new Uint8Array(64),
    confirmation: new Uint8Array(32),
  }
  const m2Part = M2Body[run.suite].encode(unsigned).subarray(0, -M2_PROOF_SIZE)
  const th = await backend.sha256(transcriptBytes(run.suite, run.mode, run.ctx, run.m1Body, m2Part))
  const dhs = await agentDh(backend, {
    dhPrivate: secrets.device.dhPrivate,
    ephemeralPrivate: secrets.ephemeralPrivate,
    peerDhKey: bundle.cert.dhKey,
    spk: bundle.prekeys.spk,
    opk: bundle.prekeys.opk,
  })
  const psk = await preSharedKey(backend, run.mode, run.secret)
  const scheduled = await schedule(backend, psk, dhs, secrets.kemSharedSecret, th)
  const signature = await backend.sign(secrets.device.identitySeed, agentSigned(th))
  const proof = await confirmation(backend, scheduled.keys.kcA, th, signature)
  return { m2Part, th, dhs, psk, ...scheduled, signature, confirmation: proof, body: concat(m2Part, signature, proof) }
}

/** What the controller holds against an M2 or R2. */
export interface AnswerExpectation {
  /** From the pairing code; null in a rekey. */
  readonly deviceId: Uint8Array | null
  readonly pinned: Pinned
}

/** The controller's side: opens and judges an M2, and gives the keys of the run. */
export async function acceptAnswer(
  backend: Backend,
  run: Run,
  bundle: BundleSecrets,
  expect: AnswerExpectation,
  frame: Uint8Array,
) {
  const body = await openStep(backend, run, 2, frame)
  const m2 = M2Body[run.suite].decode(body)
  if (m2.spkId !== bundle.spkId || m2.opkId !== bundle.opkId) throw new ProtocolError('prekey-unknown')
  const deviceId = await deviceIdOf(backend, m2.cert.identityKey)
  if (expect.deviceId && !equal(deviceId, expect.deviceId)) throw new ProtocolError('identity-mismatch')
  await checkCert(backend, m2.cert, expect.pinned)
  checkDhKey(m2.ephemeralKey)
  checkDhKey(m2.ratchetKey)
  const m2Part = body.subarray(0, -M2_PROOF_SIZE)
  const th = await backend.sha256(transcriptBytes(run.suite, run.mode, run.ctx, run.m1Body, m2Part))
  const dhs = await controllerDh(backend, {
    dhPrivate: bundle.device.dhPrivate,
    spkPrivate: bundle.spkPrivate,
    opkPrivate: bundle.opkPrivate,
    peerDhKey: m2.cert.dhKey,
    ephemeralKey: m2.ephemeralKey,
  })
  const ss = await kemSecret(backend, run.suite, bundle.kemSeed, m2.kemCiphertext)
  const psk = await preSharedKey(backend, run.mode, run.secret)
  const { keys } = await schedule(backend, psk, dhs, ss, th)
  if (!equal(m2.confirmation, await confirmation(backend, keys.kcA, th, m2.signature))) {
    throw new ProtocolError('confirm')
  }
  if (!(await verify(backend, m2.cert.identityKey, agentSigned(th), m2.signature))) {
    throw new ProtocolError('auth-signature')
  }
  return { m2, deviceId, th, keys }
}

/** The M3 body. */
export async function finish(backend: Backend, th: Uint8Array, keys: Keys, bundle: BundleSecrets) {
  const signature = await backend.sign(bundle.device.identitySeed, controllerSigned(th))
  const proof = await confirmation(backend, keys.kcC, th, signature)
  return { signature, confirmation: proof, body: concat(bundle.sasNonce, signature, proof) }
}

/** Opens and judges an M3 or R3 at the agent; gives the digits, which only a pairing shows. */
export async function acceptFinish(
  backend: Backend,
  run: Run,
  th: Uint8Array,
  keys: Pick<Keys, 'kcC' | 'sask'>,
  frame: Uint8Array,
) {
  const m3 = M3Body.decode(await openStep(backend, run, 3, frame))
  const m1 = M1Body[run.suite].decode(run.m1Body)
  if (!equal(m1.sasCommit, await commit(backend, m3.sasNonce))) throw new ProtocolError('confirm')
  if (!equal(m3.confirmation, await confirmation(backend, keys.kcC, th, m3.signature))) {
    throw new ProtocolError('confirm')
  }
  if (!(await verify(backend, m1.cert.identityKey, controllerSigned(th), m3.signature))) {
    throw new ProtocolError('auth-signature')
  }
  return { m3, ...(await digits(backend, keys.sask, th, m3.sasNonce)) }
}
