// The Double Ratchet (spec/session.md, The ratchet, Receiving). A state is a value: every function
// answers with another one, so a message that is refused cannot leave a trace (session.receive.unchanged).

import { label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type Bytes, copy, equal } from '../crypto/bytes.ts'
import { hkdf, hmac, random } from '../crypto/primitives.ts'
import { agree, checkDhKey, type DhKeyPair, generateDhKey } from '../crypto/x25519.ts'
import type { Established } from './handshake.ts'
import { openMessage, type ParsedMessage, type Role, sealMessage, typeSentBy } from './message.ts'

export interface SkippedMessageKey {
  readonly dh: Uint8Array
  readonly n: number
  readonly messageKey: Uint8Array
  /** Milliseconds of the receiver's monotonic clock. */
  readonly storedAt: number
}

export interface RatchetState {
  readonly role: Role
  readonly suite: number
  /** One more for each message that was sealed or opened. */
  readonly generation: number
  readonly sessionId: Uint8Array
  readonly associatedData: Uint8Array
  readonly headerSend: Uint8Array
  readonly headerReceive: Uint8Array
  readonly rootKey: Uint8Array
  /** DHs */
  readonly own: DhKeyPair
  /** DHr */
  readonly remote: Uint8Array
  readonly chainSend: Uint8Array
  /** Absent at an agent that has opened nothing. */
  readonly chainReceive: Uint8Array | null
  readonly sent: number
  readonly received: number
  readonly baseSend: number
  readonly baseReceive: number
  /** Oldest first, at most 256. */
  readonly skipped: readonly SkippedMessageKey[]
}

const MAX_COUNTER = 2 ** 32 - 1
const [MESSAGE_STEP, CHAIN_STEP] = [Uint8Array.of(1), Uint8Array.of(2)]

/** KDF_RK: the next root key and a chain key (session.kdf.root). */
export async function kdfRoot(rootKey: Uint8Array, dh: Uint8Array): Promise<[rootKey: Bytes, chainKey: Bytes]> {
  const derived = await hkdf(dh, rootKey, label('ratchet-root'), 64)
  return [derived.slice(0, 32), derived.slice(32)]
}

/** KDF_CK: a message key and the next chain key (session.kdf.chain). */
export const kdfChain = (chainKey: Uint8Array): [messageKey: Bytes, chainKey: Bytes] => [
  hmac(chainKey, MESSAGE_STEP),
  hmac(chainKey, CHAIN_STEP),
]

/** The first state of a session. `nextKey` makes the key of a controller's first sending chain. */
export async function startRatchet(
  { role, suite, transcript, keys, own, remote }: Omit<Established, 'run' | 'peer' | 'digits'>,
  nextKey: () => Promise<DhKeyPair> = generateDhKey,
): Promise<RatchetState> {
  const { headerAgent, headerController, sessionId } = keys
  const fixed = { role, suite, generation: 0, sessionId, associatedData: transcript, remote: copy(remote) }
  const counters = { sent: 0, received: 0, baseSend: 0, baseReceive: 0, skipped: [] }
  const [rootKey, chain] = await kdfRoot(keys.rootKey, await agree(own, remote))
  if (role === 'agent') {
    // session.init.agent
    const header = { headerSend: headerAgent, headerReceive: headerController }
    return { ...fixed, ...header, ...counters, rootKey, own, chainSend: chain, chainReceive: null }
  }
  // session.init.controller
  const header = { headerSend: headerController, headerReceive: headerAgent }
  const fresh = await nextKey()
  const [nextRoot, chainSend] = await kdfRoot(rootKey, await agree(fresh, remote))
  return { ...fixed, ...header, ...counters, rootKey: nextRoot, own: fresh, chainSend, chainReceive: chain }
}

/** The number of the next message of the own direction. */
export const nextSent = (state: RatchetState): number => state.baseSend + state.sent
/** The number that the peer's next message has where none is missing; what a frame says as `ack`. */
export const nextReceived = (state: RatchetState): number => state.baseReceive + state.received

export interface Sealed {
  readonly state: RatchetState
  readonly seq: number
  readonly frame: Bytes
}

/** Seals a padded plaintext frame. Throws ProtocolError `chain-exhausted`. */
export async function encrypt(
  state: RatchetState,
  plaintext: Uint8Array,
  nonce: Uint8Array = random(12),
): Promise<Sealed> {
  const seq = nextSent(state)
  // session.send.exhausted
  if (seq > MAX_COUNTER)
    throw new ProtocolError('chain-exhausted', 'Cannot send: the counters of the session are used up')
  const [messageKey, chainSend] = kdfChain(state.chainSend)
  const header = {
    type: typeSentBy(state.role),
    suite: state.suite,
    dh: state.own.publicKey,
    base: state.baseSend,
    n: state.sent,
    nonce,
  }
  const frame = await sealMessage(header, state.headerSend, messageKey, state.associatedData, plaintext)
  messageKey.fill(0)
  return { state: { ...state, generation: state.generation + 1, chainSend, sent: state.sent + 1 }, seq, frame }
}

export interface Unsealed {
  readonly state: RatchetState
  readonly seq: number
  readonly plaintext: Bytes
  /** Opened with a stored key: a later message came first. */
  readonly late: boolean
  /** Whether it made a DH step. */
  readonly stepped: boolean
}

/** Drops the skipped keys that have been kept for 10 min (session.receive.skipped-ttl). */
export const withoutExpired = (skipped: readonly SkippedMessageKey[], now: number): readonly SkippedMessageKey[] =>
  skipped.filter((key) => now - key.storedAt < limits.skippedTtl)

/** Step 4 of receiving, for a message whose key is not stored. */
function checkCounters(state: RatchetState, message: ParsedMessage): void {
  const [seq, next] = [message.base + message.n, nextReceived(state)]
  const sameChain = equal(message.dh, state.remote)
  // session.receive.replay
  if (seq < next) throw new ProtocolError('replay', `Cannot open message ${seq}: ${next} is the next one`)
  // session.receive.counter
  const contradicts = sameChain ? message.base !== state.baseReceive : message.base < next
  // session.receive.first
  if (contradicts || (!state.chainReceive && !sameChain && message.base !== 0)) {
    throw new ProtocolError(
      'counter',
      `Cannot open message ${seq}: its base ${message.base} contradicts earlier chains`,
    )
  }
  // session.receive.empty-chain
  if (!state.chainReceive && sameChain) {
    throw new ProtocolError('decrypt', 'Cannot open a message of a chain that does not exist')
  }
  // session.receive.skip-limit
  if (seq - next > limits.maxSkip) throw new ProtocolError('skip-limit', `Cannot skip ${seq - next} messages`)
}

/** Advances a chain from `from` to `to`, collecting the message keys on the way. */
function skip(chainKey: Uint8Array, dh: Uint8Array, from: number, to: number, now: number) {
  const keys: SkippedMessageKey[] = []
  let chain = chainKey
  for (let n = from; n < to; n++) {
    const [messageKey, next] = kdfChain(chain)
    keys.push({ dh, n, messageKey, storedAt: now })
    chain = next
  }
  return { keys, chain }
}

async function openLate(
  state: RatchetState,
  message: ParsedMessage,
  stored: readonly SkippedMessageKey[],
  late: SkippedMessageKey,
): Promise<Unsealed> {
  const plaintext = await openMessage(message, late.messageKey, state.associatedData)
  const skipped = stored.filter((key) => key !== late)
  const next = { ...state, generation: state.generation + 1, skipped }
  return { state: next, seq: message.base + message.n, plaintext, late: true, stepped: false }
}

/**
 * Steps 3 to 6 of receiving, for a message whose header tag fits this session. `now` is in
 * milliseconds of the monotonic clock. Throws ProtocolError `decrypt`, `replay`, `counter`,
 * `skip-limit`, `dh-zero` or a code of `checkDhKey`; then `state` is as it was.
 */
export async function decrypt(
  state: RatchetState,
  message: ParsedMessage,
  now: number,
  nextKey: () => Promise<DhKeyPair> = generateDhKey,
): Promise<Unsealed> {
  // session.receive.dh-key
  checkDhKey(message.dh)
  const stored = withoutExpired(state.skipped, now)
  const late = stored.find((key) => key.n === message.n && equal(key.dh, message.dh))
  // session.receive.late
  if (late) return openLate(state, message, stored, late)
  checkCounters(state, message)

  const { base, n } = message
  const stepped = !equal(message.dh, state.remote)
  const skipped = [...stored]
  let next = { ...state, generation: state.generation + 1 }
  // session.receive.step: the receive half
  if (stepped) {
    const { chainReceive, remote, received, baseReceive } = state
    if (chainReceive) skipped.push(...skip(chainReceive, remote, received, base - baseReceive, now).keys)
    const dh = copy(message.dh)
    const [rootKey, chain] = await kdfRoot(state.rootKey, await agree(state.own, dh))
    const baseSend = nextSent(state)
    next = { ...next, baseSend, sent: 0, received: 0, baseReceive: base, remote: dh, rootKey, chainReceive: chain }
  }
  const { keys, chain } = skip(next.chainReceive as Uint8Array, next.remote, next.received, n, now)
  const [messageKey, chainReceive] = kdfChain(chain)
  skipped.push(...keys)
  const plaintext = await openMessage(message, messageKey, state.associatedData)
  messageKey.fill(0)
  // session.receive.evict
  next = { ...next, chainReceive, received: n + 1, skipped: skipped.slice(-limits.skippedKeys) }
  // the send half, once the message has proven to be the peer's
  if (stepped) {
    const own = await nextKey()
    const [rootKey, chainSend] = await kdfRoot(next.rootKey, await agree(own, next.remote))
    next = { ...next, own, rootKey, chainSend }
  }
  return { state: next, seq: base + n, plaintext, late: false, stepped }
}
