// The Double Ratchet: sections 6.1 to 6.4. A session is its state image (7.2); every function gives a
// new image and leaves its argument as it was, so a refused message cannot have changed anything.

import { label, VERSION } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import {
  RATCHET_HEADER,
  RATCHET_OVERHEAD,
  RATCHET_TYPES,
  RatchetMessage,
  type SkippedKey,
  STATE_FLAGS,
  STATE_ROLES,
  type StateImage,
} from '@happy-remote/schemas/session.ts'
import type { Backend } from '../backend/backend.ts'
import { concat, equal, u8, u16, u32, Z32 } from './bytes.ts'
import { checkDhKey, dh } from './keys.ts'
import type { Keys } from './schedule.ts'

export async function rootStep(backend: Backend, rootKey: Uint8Array, dhOutput: Uint8Array) {
  const out = await backend.hkdf(dhOutput, rootKey, label('ratchet-root'), 64)
  return { rootKey: out.slice(0, 32), chainKey: out.slice(32) }
}

export async function chainStep(backend: Backend, chainKey: Uint8Array) {
  const messageKey = await backend.hmac(chainKey, u8(1))
  return { messageKey, chainKey: await backend.hmac(chainKey, u8(2)) }
}

const has = (state: StateImage, flag: keyof typeof STATE_FLAGS): boolean => (state.flags & STATE_FLAGS[flag]) !== 0

export interface Start {
  readonly role: 'agent' | 'controller'
  readonly suite: number
  readonly keys: Pick<Keys, 'rk0' | 'sid' | 'htA' | 'htC'>
  readonly th: Uint8Array
  /** RK_A's private key at the agent, SPK's at the controller. */
  readonly ownPrivate: Uint8Array
  /** SPK_C at the agent, RK_A at the controller. */
  readonly peerKey: Uint8Array
}

/** The agent's first state; the controller's before its first DH step. */
export async function start(backend: Backend, from: Start): Promise<StateImage> {
  const agent = from.role === 'agent'
  const state: StateImage = {
    role: STATE_ROLES[from.role],
    suite: from.suite,
    generation: 0,
    sessionId: from.keys.sid,
    associatedData: from.th,
    headerSend: agent ? from.keys.htA : from.keys.htC,
    headerReceive: agent ? from.keys.htC : from.keys.htA,
    rootKey: from.keys.rk0,
    dhPrivate: from.ownPrivate,
    dhPublic: await backend.dhPublic(from.ownPrivate),
    flags: 0,
    dhRemote: Z32,
    chainSend: Z32,
    chainReceive: Z32,
    sent: 0,
    received: 0,
    baseSend: 0,
    baseReceive: 0,
    skipped: [],
  }
  if (!agent) return state
  const { rootKey, chainKey } = await rootStep(backend, from.keys.rk0, await dh(backend, from.ownPrivate, from.peerKey))
  const flags = STATE_FLAGS.dhr | STATE_FLAGS.cks
  return { ...state, rootKey, chainSend: chainKey, dhRemote: from.peerKey, flags }
}

/** The controller's first state: one whole DH step with RK_A. */
export async function startController(backend: Backend, from: Start, newPrivate: Uint8Array): Promise<StateImage> {
  return sendHalf(backend, await receiveHalf(backend, await start(backend, from), from.peerKey, 0), newPrivate)
}

async function receiveHalf(backend: Backend, state: StateImage, peerKey: Uint8Array, base: number) {
  const { rootKey, chainKey } = await rootStep(backend, state.rootKey, await dh(backend, state.dhPrivate, peerKey))
  const counters = { baseSend: state.baseSend + state.sent, sent: 0, received: 0, baseReceive: base }
  const flags = state.flags | STATE_FLAGS.dhr | STATE_FLAGS.ckr
  return { ...state, ...counters, rootKey, chainReceive: chainKey, dhRemote: peerKey, flags }
}

async function sendHalf(backend: Backend, state: StateImage, newPrivate: Uint8Array): Promise<StateImage> {
  const { rootKey, chainKey } = await rootStep(backend, state.rootKey, await dh(backend, newPrivate, state.dhRemote))
  const dhPublic = await backend.dhPublic(newPrivate)
  const flags = state.flags | STATE_FLAGS.cks
  return { ...state, rootKey, chainSend: chainKey, dhPrivate: newPrivate, dhPublic, flags }
}

export interface Header {
  readonly type: number
  readonly suite: number
  readonly dh: Uint8Array
  readonly base: number
  readonly n: number
  readonly nonce: Uint8Array
}

export async function headerTag(backend: Backend, key: Uint8Array, header: Uint8Array): Promise<Uint8Array> {
  const covered = concat(header.subarray(0, 4), header.subarray(12, RATCHET_HEADER))
  return (await backend.hmac(key, covered)).subarray(0, 8)
}

/** The 64 bytes before the ciphertext, with their tag. */
export async function makeHeader(backend: Backend, key: Uint8Array, header: Header): Promise<Uint8Array> {
  const start = concat(u8(VERSION), u8(header.type), u16(header.suite))
  const end = concat(header.dh, u32(header.base), u32(header.n), header.nonce)
  const tag = await headerTag(backend, key, concat(start, new Uint8Array(8), end))
  return concat(start, tag, end)
}

const typeSentBy = (role: number): number =>
  role === STATE_ROLES.agent ? RATCHET_TYPES.agentToController : RATCHET_TYPES.controllerToAgent

export async function send(backend: Backend, state: StateImage, nonce: Uint8Array, plaintext: Uint8Array) {
  if (state.baseSend + state.sent > 0xffff_ffff) throw new ProtocolError('chain-exhausted')
  const { messageKey, chainKey } = await chainStep(backend, state.chainSend)
  const fields = { dh: state.dhPublic, base: state.baseSend, n: state.sent, nonce, suite: state.suite }
  const header = await makeHeader(backend, state.headerSend, { ...fields, type: typeSentBy(state.role) })
  const sealed = await backend.seal(messageKey, nonce, concat(state.associatedData, header), plaintext)
  const next = { ...state, chainSend: chainKey, sent: state.sent + 1, generation: state.generation + 1 }
  return { frame: concat(header, sealed), messageKey, state: next }
}

export interface Received {
  /** Index among the candidates, and its new state. */
  readonly session: number
  readonly state: StateImage
  readonly plaintext: Uint8Array
  /** Opened with a stored key: the message came after later ones. */
  readonly late: boolean
  /** Whether the message made a DH step, which used up `newPrivate`. */
  readonly stepped: boolean
}

/** Section 6.4, in its order. `candidates` are the live sessions of one pairing, all of one role. */
export async function receive(
  backend: Backend,
  candidates: readonly StateImage[],
  frame: Uint8Array,
  newPrivate: Uint8Array,
): Promise<Received> {
  // 1
  if (frame.length < RATCHET_OVERHEAD) throw new ProtocolError('truncated')
  const message = RatchetMessage.decode(frame)
  const role = candidates[0]?.role
  if (role === undefined) throw new ProtocolError('header')
  const expected = role === STATE_ROLES.agent ? RATCHET_TYPES.controllerToAgent : RATCHET_TYPES.agentToController
  if (message.type !== expected) throw new ProtocolError('direction')
  // 2
  const session = await select(backend, candidates, message, frame)
  const state = candidates[session]
  if (!state) throw new ProtocolError('header')
  // 3
  checkDhKey(message.dh)
  const unseal = openWith(backend, state, frame, message)
  const stored = state.skipped.findIndex((key) => key.n === message.n && equal(key.dh, message.dh))
  const late = state.skipped[stored]
  if (late) {
    const plaintext = await unseal(late.messageKey)
    const skipped = state.skipped.filter((_, i) => i !== stored)
    const next = { ...state, skipped, generation: state.generation + 1 }
    return { session, state: next, plaintext, late: true, stepped: false }
  }
  // 4
  const stepped = !(has(state, 'dhr') && equal(message.dh, state.dhRemote))
  judgeCounters(state, message, stepped)
  // 5
  let next = state
  if (stepped) {
    if (has(state, 'ckr')) next = await skip(backend, next, message.base - next.baseReceive)
    next = await receiveHalf(backend, next, message.dh, message.base)
  }
  next = await skip(backend, next, message.n)
  const { messageKey, chainKey } = await chainStep(backend, next.chainReceive)
  next = { ...next, chainReceive: chainKey, received: next.received + 1, generation: next.generation + 1 }
  // 6
  const plaintext = await unseal(messageKey)
  if (stepped) next = await sendHalf(backend, next, newPrivate)
  return { session, state: next, plaintext, late: false, stepped }
}

async function select(
  backend: Backend,
  candidates: readonly StateImage[],
  message: RatchetMessage,
  frame: Uint8Array,
): Promise<number> {
  for (const [index, candidate] of candidates.entries()) {
    if (candidate.suite !== message.suite) continue
    if (equal(message.headerTag, await headerTag(backend, candidate.headerReceive, frame))) return index
  }
  return -1
}

function judgeCounters(state: StateImage, message: RatchetMessage, stepped: boolean): void {
  const next = has(state, 'ckr') ? state.baseReceive + state.received : 0
  const seq = message.base + message.n
  if (seq < next) throw new ProtocolError('replay')
  if (!stepped && message.base !== state.baseReceive) throw new ProtocolError('counter')
  if (stepped && message.base < next) throw new ProtocolError('counter')
  if (stepped && !has(state, 'ckr') && message.base !== 0) throw new ProtocolError('counter')
  if (!stepped && !has(state, 'ckr')) throw new ProtocolError('decrypt')
  if (seq - next > limits.maxSkip) throw new ProtocolError('skip-limit')
}

function openWith(backend: Backend, state: StateImage, frame: Uint8Array, message: RatchetMessage) {
  const aad = concat(state.associatedData, frame.subarray(0, RATCHET_HEADER))
  return (messageKey: Uint8Array): Promise<Uint8Array> =>
    backend.open(messageKey, message.nonce, aad, message.sealed).catch(() => {
      throw new ProtocolError('decrypt')
    })
}

/** Stores the message keys of the current receiving chain below number `until`. */
async function skip(backend: Backend, state: StateImage, until: number): Promise<StateImage> {
  const skipped: SkippedKey[] = [...state.skipped]
  let chainReceive = state.chainReceive
  for (let n = state.received; n < until; n++) {
    const step = await chainStep(backend, chainReceive)
    skipped.push({ dh: state.dhRemote, n, messageKey: step.messageKey })
    chainReceive = step.chainKey
  }
  const received = Math.max(state.received, until)
  return { ...state, chainReceive, received, skipped: skipped.slice(-limits.skippedKeys) }
}
