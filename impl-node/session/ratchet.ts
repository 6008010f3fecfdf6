// The Double Ratchet with authenticated clear headers (spec/session.md). Everything is synchronous,
// so one operation on a session runs alone from first read to commit.

import { label, type Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { RATCHET_HEADER, RATCHET_OVERHEAD, RATCHET_TYPES, RatchetMessage } from '@happy-remote/schemas/session.ts'
import { concat, equal, hkdf, hmac, open, type Random, randomBytes, seal } from '../crypto/primitives.ts'
import { checkDhKey, type DhKeyPair, type DhPublicKey, dh, generateDhKeyPair, importDhKey } from '../crypto/x25519.ts'

export type Role = 'agent' | 'controller'

export interface SkippedMessageKey {
  readonly dh: Uint8Array
  readonly n: number
  readonly messageKey: Uint8Array
  /** ms since 1970. */
  readonly at: number
}

/** Everything that a session is; state-image.ts stores it. Replaced as a whole, never changed in place. */
export interface RatchetState {
  readonly role: Role
  readonly suite: Suite
  readonly sessionId: Uint8Array
  readonly associatedData: Uint8Array
  readonly headerSend: Uint8Array
  readonly headerReceive: Uint8Array
  readonly rootKey: Uint8Array
  readonly dhSend: DhKeyPair
  readonly dhRemote: Uint8Array | null
  readonly chainSend: Uint8Array | null
  readonly chainReceive: Uint8Array | null
  readonly sent: number
  readonly received: number
  readonly baseSend: number
  readonly baseReceive: number
  /** By dh and n, oldest first. */
  readonly skipped: ReadonlyMap<string, SkippedMessageKey>
}

export interface RatchetSeed {
  readonly suite: Suite
  readonly sessionId: Uint8Array
  readonly associatedData: Uint8Array
  readonly rootKey: Uint8Array
  readonly headerSend: Uint8Array
  readonly headerReceive: Uint8Array
  /** Agent: RK_A; controller: SPK_C. */
  readonly ownKey: DhKeyPair
  /** Agent: SPK_C; controller: RK_A. */
  readonly remoteKey: Uint8Array
  readonly random?: Random
}

export interface OpenedMessage {
  readonly plaintext: Uint8Array
  /** Number of the frame in its direction of the session. */
  readonly seq: number
  /** It arrived after a later one: nothing in it may be executed. */
  readonly late: boolean
}

const ROOT = label('ratchet-root')
const MESSAGE_STEP = Uint8Array.of(1)
const CHAIN_STEP = Uint8Array.of(2)
const SUITE_AT = 2
const TAG_AT = 4
const TAG_SIZE = 8
const NONCE_SIZE = 12
const MAX_COUNTER = 0xffff_ffff

/** KDF_RK. */
export function stepRoot(rootKey: Uint8Array, shared: Uint8Array): [rootKey: Uint8Array, chainKey: Uint8Array] {
  const okm = hkdf(shared, rootKey, ROOT, 64)
  return [okm.subarray(0, 32), okm.subarray(32)]
}

/** KDF_CK: the message key, and the next chain key. */
export const messageKeyOf = (chainKey: Uint8Array) => hmac(chainKey, MESSAGE_STEP)
export const nextChainKey = (chainKey: Uint8Array) => hmac(chainKey, CHAIN_STEP)

export const skippedId = (remote: Uint8Array, n: number): string => `${Buffer.from(remote).toString('latin1')}${n}`

const headerTag = (key: Uint8Array, message: Uint8Array): Uint8Array =>
  hmac(key, message.subarray(0, TAG_AT), message.subarray(TAG_AT + TAG_SIZE, RATCHET_HEADER)).subarray(0, TAG_SIZE)

/** The clear header of a message, its MAC in place. */
export function messageHeader(
  fields: Pick<RatchetMessage, 'type' | 'suite' | 'dh' | 'base' | 'n' | 'nonce'>,
  headerKey: Uint8Array,
): Uint8Array {
  const unmarked = { ...fields, headerTag: new Uint8Array(TAG_SIZE), sealed: new Uint8Array(16) }
  const header = RatchetMessage.encode(unmarked).subarray(0, RATCHET_HEADER)
  header.set(headerTag(headerKey, header), TAG_AT)
  return header
}

/** A whole message: its header, and what is sealed under it. */
export function sealMessage(
  header: Uint8Array,
  messageKey: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const nonce = header.subarray(RATCHET_HEADER - NONCE_SIZE)
  return concat(header, seal(messageKey, nonce, concat(associatedData, header), plaintext))
}

export class Ratchet {
  #state: RatchetState
  readonly #random: Random | undefined

  constructor(state: RatchetState, random?: Random) {
    this.#state = state
    this.#random = random
  }

  /** The agent's session; it sends first. */
  static agent(seed: RatchetSeed): Ratchet {
    const [rootKey, chainSend] = stepRoot(seed.rootKey, dh(seed.ownKey, seed.remoteKey))
    return new Ratchet({ ...fresh('agent', seed), rootKey, chainSend }, seed.random)
  }

  /** The controller's session: one DH step at once. Draws its first ratchet key. */
  static controller(seed: RatchetSeed): Ratchet {
    const remote = importDhKey(seed.remoteKey)
    const [received, chainReceive] = stepRoot(seed.rootKey, dh(seed.ownKey, remote))
    const dhSend = generateDhKeyPair(seed.random)
    const [rootKey, chainSend] = stepRoot(received, dh(dhSend, remote))
    return new Ratchet({ ...fresh('controller', seed), rootKey, chainSend, chainReceive, dhSend }, seed.random)
  }

  get state(): RatchetState {
    return this.#state
  }

  /** Number of the next frame to be sent. */
  get nextSeq(): number {
    return this.#state.baseSend + this.#state.sent
  }

  /** seq + 1 of the newest frame opened, skipped ones included. */
  get nextReceived(): number {
    return this.#state.baseReceive + this.#state.received
  }

  /** Seals one padded plaintext frame. Draws the nonce. Throws ProtocolError `chain-exhausted`. */
  encrypt(plaintext: Uint8Array): Uint8Array {
    const state = this.#state
    if (this.nextSeq > MAX_COUNTER) throw new ProtocolError('chain-exhausted')
    const chainKey = state.chainSend as Uint8Array
    const fields = {
      type: state.role === 'agent' ? RATCHET_TYPES.agentToController : RATCHET_TYPES.controllerToAgent,
      suite: state.suite,
      dh: state.dhSend.publicKey,
      base: state.baseSend,
      n: state.sent,
      nonce: (this.#random ?? randomBytes)(NONCE_SIZE),
    }
    const header = messageHeader(fields, state.headerSend)
    const message = sealMessage(header, messageKeyOf(chainKey), state.associatedData, plaintext)
    this.#state = { ...state, chainSend: nextChainKey(chainKey), sent: state.sent + 1 }
    return message
  }

  /** Whether suite and header MAC of a message are this session's. No state is read beyond those. */
  matches(message: Uint8Array): boolean {
    // session.receive.header
    return (
      message.length >= RATCHET_OVERHEAD &&
      ((message[SUITE_AT] as number) << 8) + (message[SUITE_AT + 1] as number) === this.#state.suite &&
      equal(headerTag(this.#state.headerReceive, message), message.subarray(TAG_AT, TAG_AT + TAG_SIZE))
    )
  }

  /**
   * Opens a message whose header MAC matches; `now` is ms since 1970. Any failure leaves the state
   * as it was. Throws ProtocolError `truncated`, `version`, `direction`, a key code, `replay`,
   * `counter`, `skip-limit`, `decrypt`.
   */
  decrypt(bytes: Uint8Array, now: number): OpenedMessage {
    const state = this.#state
    const message = readRatchetMessage(bytes, state.role)
    const aad = concat(state.associatedData, bytes.subarray(0, RATCHET_HEADER))
    checkDhKey(message.dh)
    const seq = message.base + message.n

    const next = this.nextReceived
    const id = skippedId(message.dh, message.n)
    const kept = state.skipped.get(id)
    if (kept && now - kept.at <= limits.skippedTtl) {
      const plaintext = open(kept.messageKey, message.nonce, aad, message.sealed)
      // Only the peer itself can get here; its seq would poison ack and freshness, which follow the newest.
      if (seq >= next) throw new ProtocolError('counter')
      const skipped = new Map(state.skipped)
      skipped.delete(id)
      this.#state = { ...state, skipped: keep(skipped, [], now) }
      return { plaintext, seq, late: true }
    }

    const isStep = state.dhRemote === null || !equal(message.dh, state.dhRemote)
    if (seq < next) throw new ProtocolError('replay')
    if (isStep ? message.base < next : message.base !== state.baseReceive) throw new ProtocolError('counter')
    if (state.chainReceive === null) {
      if (!isStep) throw new ProtocolError('decrypt')
      if (message.base !== 0) throw new ProtocolError('counter')
    }
    if (seq - next > limits.maxSkip) throw new ProtocolError('skip-limit')

    // No key work before this line; the state is untouched until the message has opened.
    const newlySkipped: SkippedMessageKey[] = []
    const skip = (chainKey: Uint8Array, remote: Uint8Array, from: number, to: number): Uint8Array => {
      let key = chainKey
      for (let n = from; n < to; n++) {
        newlySkipped.push({ dh: remote, n, messageKey: messageKeyOf(key), at: now })
        key = nextChainKey(key)
      }
      return key
    }
    let { rootKey, chainReceive, dhRemote, received } = state
    const stepKey = isStep ? importDhKey(message.dh) : null
    if (stepKey) {
      if (chainReceive && dhRemote) skip(chainReceive, dhRemote, received, message.base - state.baseReceive)
      dhRemote = new Uint8Array(message.dh)
      ;[rootKey, chainReceive] = stepRoot(rootKey, dh(state.dhSend, stepKey))
      received = 0
    }
    const chainKey = skip(chainReceive as Uint8Array, dhRemote as Uint8Array, received, message.n)
    const plaintext = open(messageKeyOf(chainKey), message.nonce, aad, message.sealed)

    const opened = {
      ...state,
      rootKey,
      dhRemote,
      chainReceive: nextChainKey(chainKey),
      received: message.n + 1,
      baseReceive: message.base,
      skipped: keep(state.skipped, newlySkipped, now),
    }
    this.#state = stepKey ? this.#stepSending(opened, stepKey) : opened
    return { plaintext, seq, late: false }
  }

  /** The sending half of a DH step, deferred until the message has opened. Draws the new key. */
  #stepSending(state: RatchetState, remote: DhPublicKey): RatchetState {
    const dhSend = generateDhKeyPair(this.#random)
    const [rootKey, chainSend] = stepRoot(state.rootKey, dh(dhSend, remote))
    return { ...state, rootKey, dhSend, chainSend, baseSend: state.baseSend + state.sent, sent: 0 }
  }
}

/** Steps 1 of the receive algorithm. Throws ProtocolError `truncated`, `version`, `direction`, `length`. */
export function readRatchetMessage(bytes: Uint8Array, role: Role): RatchetMessage {
  // session.receive.length: before the version, which a shorter message may not even have
  if (bytes.length < RATCHET_OVERHEAD) throw new ProtocolError('truncated')
  const message = RatchetMessage.decode(bytes)
  const expected = role === 'agent' ? RATCHET_TYPES.controllerToAgent : RATCHET_TYPES.agentToController
  // session.receive.direction
  if (message.type !== expected) throw new ProtocolError('direction')
  return message
}

function fresh(role: Role, seed: RatchetSeed): RatchetState {
  return {
    role,
    suite: seed.suite,
    sessionId: seed.sessionId,
    associatedData: seed.associatedData,
    headerSend: seed.headerSend,
    headerReceive: seed.headerReceive,
    rootKey: seed.rootKey,
    dhSend: seed.ownKey,
    dhRemote: seed.remoteKey,
    chainSend: null,
    chainReceive: null,
    sent: 0,
    received: 0,
    baseSend: 0,
    baseReceive: 0,
    skipped: new Map(),
  }
}

/** Adds keys, drops what is too old, and evicts the oldest beyond the limit. */
function keep(
  skipped: ReadonlyMap<string, SkippedMessageKey>,
  added: readonly SkippedMessageKey[],
  now: number,
): ReadonlyMap<string, SkippedMessageKey> {
  const oldest = skipped.values().next().value
  if (added.length === 0 && (!oldest || now - oldest.at <= limits.skippedTtl)) return skipped
  const all = [...skipped.values(), ...added].filter(({ at }) => now - at <= limits.skippedTtl)
  return new Map(all.slice(-limits.skippedKeys).map((key) => [skippedId(key.dh, key.n), key]))
}
