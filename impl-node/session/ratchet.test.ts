import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { mock, test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import { RATCHET_OVERHEAD, StateImage } from '@happy-remote/schemas/session.ts'
import { concat, open, seal } from '../crypto/primitives.ts'
import { generateDhKeyPair } from '../crypto/x25519.ts'
import { ascii, flipped } from '../vectors/deterministic.ts'
import { type Ratchet, skippedId } from './ratchet.ts'
import { exportState, importState } from './state-image.ts'
import { pairUp, stateHash } from './testing/pair-up.ts'
import { forged, OFFSET, receive, retagged } from './testing/receive.ts'
import { assertRefused, codeOf } from './testing/refusal.ts'

const TEXT = ascii('text')
const sendMany = (ratchet: Ratchet, count: number) => Array.from({ length: count }, () => ratchet.encrypt(TEXT))

/** A session in the middle: both directions used, one skipped message kept on either side. */
function inTheMiddle() {
  const { agent, controller } = pairUp({ name: 'ratchet' })
  receive(controller, agent.encrypt(TEXT))
  const [, second] = sendMany(controller, 2) as [Uint8Array, Uint8Array]
  receive(agent, second)
  const [, third] = sendMany(agent, 2) as [Uint8Array, Uint8Array]
  receive(controller, third)
  return { agent, controller }
}

/** The code of a refusal that leaves the state bit-identical. */
function refusalOf(ratchet: Ratchet, message: Uint8Array, now = 0) {
  const before = stateHash(ratchet)
  const code = codeOf(() => receive(ratchet, message, now))
  assert.equal(stateHash(ratchet), before, `the state changed with ${code}`)
  return code
}

test('messages arrive in order, numbered from 0 in each direction, across DH steps', () => {
  const { agent, controller } = pairUp()
  for (let i = 0; i < 20; i++) {
    const [from, to] = i % 4 < 2 ? [agent, controller] : [controller, agent]
    const seq = from.nextSeq
    const opened = receive(to, from.encrypt(ascii(`message ${i}`)))
    assert.deepEqual(opened, { plaintext: ascii(`message ${i}`), seq, late: false })
    assert.equal(to.nextReceived, seq + 1)
  }
  assert.deepEqual([agent.nextSeq, controller.nextSeq], [10, 10])
})

test('a message is 80 bytes longer than its plaintext, also where that is empty', () => {
  const { agent, controller } = pairUp()
  const message = agent.encrypt(new Uint8Array(0))
  assert.equal(message.length, RATCHET_OVERHEAD)
  assert.equal(receive(controller, message).plaintext.length, 0)
})

test('two encryptions of one text have nothing in common but what the header tells', () => {
  const { agent } = pairUp()
  const [one, two] = sendMany(agent, 2) as [Uint8Array, Uint8Array]
  assert.deepEqual(one.subarray(OFFSET.dh, OFFSET.n), two.subarray(OFFSET.dh, OFFSET.n))
  assert.notDeepEqual(one.subarray(OFFSET.nonce, OFFSET.sealed), two.subarray(OFFSET.nonce, OFFSET.sealed))
  assert.notDeepEqual(one.subarray(OFFSET.sealed), two.subarray(OFFSET.sealed))
})

test('both may send at once, any number of times', () => {
  const { agent, controller } = pairUp()
  for (let i = 0; i < 5; i++) {
    const [ofAgent, ofController] = [sendMany(agent, 3), sendMany(controller, 2)]
    for (const message of ofAgent) assert.ok(!receive(controller, message).late)
    for (const message of ofController) assert.ok(!receive(agent, message).late)
  }
})

test('every flipped bit of a header is refused: byte 0 with version, byte 1 with direction, the rest with header', () => {
  const { agent, controller } = inTheMiddle()
  const message = agent.encrypt(TEXT)
  for (let at = 0; at < OFFSET.sealed; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const expected = ['version', 'direction'][at] ?? 'header'
      assert.equal(refusalOf(controller, flipped(message, at, bit)), expected, `byte ${at} bit ${bit}`)
    }
  }
  for (let at = OFFSET.sealed; at < message.length; at++) {
    assert.equal(refusalOf(controller, flipped(message, at)), 'decrypt', `byte ${at}`)
  }
  assert.ok(!receive(controller, message).late)
})

test('every header byte flipped by an insider is refused by its field', () => {
  const { agent, controller } = inTheMiddle()
  const message = agent.encrypt(TEXT)
  const key = agent.state.headerSend
  const allowed = (at: number) => {
    if (at < OFFSET.tag) return /^(version|direction|header)$/
    if (at < OFFSET.dh) return null
    if (at < OFFSET.base) return /^(key-noncanonical|key-low-order|counter|decrypt|skip-limit)$/
    if (at < OFFSET.n) return /^(counter|replay|skip-limit)$/
    if (at < OFFSET.nonce) return /^(replay|skip-limit|decrypt)$/
    return /^decrypt$/
  }
  for (let at = 0; at < OFFSET.sealed; at++) {
    for (const bit of [0, 7]) {
      const pattern = allowed(at)
      if (pattern) assert.match(refusalOf(controller, retagged(key, flipped(message, at, bit))), pattern, `byte ${at}`)
    }
  }
  assert.equal(refusalOf(controller, retagged(key, flipped(message, OFFSET.dh + 31, 7))), 'key-noncanonical')
  assert.equal(refusalOf(controller, forged(agent, message, { dh: new Uint8Array(32) })), 'key-low-order')
})

test('every truncation is refused: with truncated below 80 bytes, whatever they are, with decrypt above', () => {
  const { agent, controller } = inTheMiddle()
  const message = agent.encrypt(TEXT)
  for (let size = 0; size < message.length; size++) {
    const code = refusalOf(controller, message.subarray(0, size))
    assert.equal(code, size < RATCHET_OVERHEAD ? 'truncated' : 'decrypt', `${size} bytes`)
  }
  assert.equal(refusalOf(controller, new Uint8Array(79)), 'truncated')
})

test('a message that is longer than any may be is refused with length', () => {
  const { agent, controller } = inTheMiddle()
  const message = agent.encrypt(new Uint8Array(limits.plaintextMax))
  assert.equal(receive(controller, message).plaintext.length, limits.plaintextMax)
  assert.equal(refusalOf(controller, concat(message, Uint8Array.of(0))), 'length')
})

test('a session refuses its own messages with direction, and those of another session with header', () => {
  const { agent, controller } = inTheMiddle()
  assert.equal(refusalOf(agent, agent.encrypt(TEXT)), 'direction')
  assert.equal(refusalOf(controller, controller.encrypt(TEXT)), 'direction')
  assert.equal(refusalOf(controller, pairUp().agent.encrypt(TEXT)), 'header')
})

test('a session does not match a message of another suite, even with the right header MAC', () => {
  const { agent, controller } = inTheMiddle()
  const message = agent.encrypt(TEXT)
  for (const suite of [0, 2, 0x0101]) {
    const other = Uint8Array.from(message)
    new DataView(other.buffer).setUint16(OFFSET.suite, suite)
    assert.equal(refusalOf(controller, retagged(agent.state.headerSend, other)), 'header')
  }
})

test('replays are refused: of the head, of a consumed skipped message, and of an older chain', () => {
  const { agent, controller } = inTheMiddle()
  const [skipped, head] = sendMany(agent, 2) as [Uint8Array, Uint8Array]
  receive(controller, head)
  assert.equal(refusalOf(controller, head), 'replay')
  assert.ok(receive(controller, skipped).late)
  assert.equal(refusalOf(controller, skipped), 'replay')
  receive(agent, controller.encrypt(TEXT))
  receive(controller, agent.encrypt(TEXT))
  assert.equal(refusalOf(controller, head), 'replay')
  assert.equal(refusalOf(controller, skipped), 'replay')
})

/** Calls of a function of node:crypto while `run` runs. */
function calls(name: 'diffieHellman' | 'createDecipheriv' | 'generateKeyPairSync', run: () => void): number {
  const spy = mock.method(crypto, name)
  syncBuiltinESMExports()
  try {
    run()
    return spy.mock.callCount()
  } finally {
    spy.mock.restore()
    syncBuiltinESMExports()
  }
}

test('a replay, a wrong header and a counter out of range cost no DH and no decryption', () => {
  const { agent, controller } = inTheMiddle()
  const old = agent.encrypt(TEXT)
  receive(controller, old)
  receive(agent, controller.encrypt(TEXT))
  receive(controller, agent.encrypt(TEXT))
  const message = agent.encrypt(TEXT)
  const stepping = generateDhKeyPair().publicKey
  const bad: [Uint8Array, string][] = [
    [old, 'replay'],
    [flipped(message, OFFSET.dh), 'header'],
    [forged(agent, message, { dh: stepping, base: controller.nextReceived + 300, n: 0 }), 'skip-limit'],
    [forged(agent, message, { dh: stepping, base: 0, n: 5_000 }), 'counter'],
    [forged(agent, message, { dh: stepping, base: 0, n: 0 }), 'replay'],
  ]
  for (const [wrong, code] of bad) {
    const refuse = () =>
      assert.equal(
        codeOf(() => receive(controller, wrong)),
        code,
      )
    assert.equal(calls('diffieHellman', refuse), 0)
    assert.equal(calls('createDecipheriv', refuse), 0)
  }
  assert.equal(
    calls('createDecipheriv', () => void receive(controller, message)),
    1,
  )
})

test('a forged DH step costs one DH and no new key: the sending half waits for the open', () => {
  const { agent, controller } = inTheMiddle()
  const message = agent.encrypt(TEXT)
  const wrong = forged(agent, message, { dh: generateDhKeyPair().publicKey, base: controller.nextReceived, n: 0 })
  const refuse = () =>
    void assert.equal(
      codeOf(() => receive(controller, wrong)),
      'decrypt',
    )
  assert.equal(calls('diffieHellman', refuse), 1)
  assert.equal(calls('generateKeyPairSync', refuse), 0)
  receive(agent, controller.encrypt(TEXT))
  const step = agent.encrypt(TEXT)
  assert.equal(
    calls('diffieHellman', () => void receive(controller, step)),
    2,
  )
})

test('256 missing messages are skipped, and 257 are refused with skip-limit', () => {
  for (const stepping of [false, true]) {
    const { agent, controller } = inTheMiddle()
    if (stepping) receive(agent, controller.encrypt(TEXT))
    const messages = sendMany(agent, limits.maxSkip + 2)
    const last = messages[limits.maxSkip + 1] as Uint8Array
    assert.equal(refusalOf(controller, last), 'skip-limit')
    assert.ok(!receive(controller, messages[limits.maxSkip] as Uint8Array).late)
    assert.equal(controller.state.skipped.size, limits.skippedKeys)
    assert.ok(!receive(controller, last).late)
  }
})

test('messages that are missing across a DH step are counted once, in both chains together', () => {
  const { agent, controller } = inTheMiddle()
  const old = sendMany(agent, 200)
  receive(agent, controller.encrypt(TEXT))
  const fresh = sendMany(agent, 58)
  assert.equal(refusalOf(controller, fresh[57] as Uint8Array), 'skip-limit')
  assert.ok(!receive(controller, fresh[56] as Uint8Array).late)
  assert.ok(receive(controller, old[199] as Uint8Array).late)
  assert.ok(receive(controller, fresh[0] as Uint8Array).late)
})

test('the 257th skipped message evicts the first', () => {
  const { agent, controller } = pairUp()
  const [first, second, ...rest] = sendMany(agent, limits.maxSkip + 3) as [Uint8Array, Uint8Array, ...Uint8Array[]]
  receive(controller, rest[limits.maxSkip - 2] as Uint8Array)
  assert.equal(controller.state.skipped.size, limits.skippedKeys)
  receive(controller, rest[limits.maxSkip] as Uint8Array)
  assert.equal(controller.state.skipped.size, limits.skippedKeys)
  assert.equal(refusalOf(controller, first), 'replay')
  assert.ok(receive(controller, second).late)
})

test('a skipped message opens for 10 minutes, and not 1 ms longer', () => {
  const { agent, controller } = pairUp()
  const [one, two, three] = sendMany(agent, 3) as [Uint8Array, Uint8Array, Uint8Array]
  receive(controller, three, 1_000)
  assert.ok(receive(controller, one, 1_000 + limits.skippedTtl).late)
  assert.equal(refusalOf(controller, two, 1_001 + limits.skippedTtl), 'replay')
})

test('a key that is too old is forgotten with the next message that opens, late or not', () => {
  const { agent, controller } = pairUp()
  const [, two, three, four] = sendMany(agent, 4) as Uint8Array[]
  receive(controller, two as Uint8Array, 0)
  receive(controller, four as Uint8Array, 5)
  assert.equal(controller.state.skipped.size, 2)
  assert.ok(receive(controller, three as Uint8Array, limits.skippedTtl + 1).late)
  assert.equal(controller.state.skipped.size, 0)

  const again = pairUp()
  const [, second, third] = sendMany(again.agent, 3) as Uint8Array[]
  receive(again.controller, second as Uint8Array, 0)
  receive(again.controller, third as Uint8Array, limits.skippedTtl + 1)
  assert.equal(again.controller.state.skipped.size, 0)
})

test('a tampered late message is refused with decrypt and keeps its key', () => {
  const { agent, controller } = pairUp()
  const [late, head] = sendMany(agent, 2) as [Uint8Array, Uint8Array]
  receive(controller, head)
  assert.equal(refusalOf(controller, flipped(late, -1)), 'decrypt')
  assert.equal(refusalOf(controller, forged(agent, late, { base: 1 })), 'decrypt')
  assert.ok(receive(controller, late).late)
})

test('a late message whose base lies beyond what was received is refused with counter, though it opens', () => {
  const { agent, controller } = pairUp()
  const [late, head] = sendMany(agent, 2) as [Uint8Array, Uint8Array]
  receive(controller, head)
  const { state } = controller
  const key = state.skipped.get(skippedId(agent.state.dhSend.publicKey, 0))?.messageKey as Uint8Array
  const text = open(
    key,
    late.subarray(OFFSET.nonce, OFFSET.sealed),
    concat(state.associatedData, late.subarray(0, OFFSET.sealed)),
    late.subarray(OFFSET.sealed),
  )
  const header = forged(agent, late, { base: 0xffff_ffff }).subarray(0, OFFSET.sealed)
  const sealed = seal(key, header.subarray(OFFSET.nonce), concat(state.associatedData, header), text)
  assert.equal(refusalOf(controller, concat(header, sealed)), 'counter')
  assert.ok(receive(controller, late).late)
})

test('within a chain the base may not change, and a new chain may not begin before the next number', () => {
  const { agent, controller } = inTheMiddle()
  const message = agent.encrypt(TEXT)
  const { baseReceive, received } = controller.state
  const dh = generateDhKeyPair().publicKey
  const refused = (change: Parameters<typeof forged>[2]) => refusalOf(controller, forged(agent, message, change))
  assert.equal(refused({ base: baseReceive + 1, n: received }), 'counter')
  assert.equal(refused({ base: baseReceive - 1, n: received + 1 }), 'counter')
  assert.equal(refused({ base: baseReceive - 1, n: received }), 'replay')
  assert.equal(refused({ dh, base: baseReceive + received - 1, n: 1 }), 'counter')
  assert.equal(refused({ dh, base: baseReceive + received, n: 0 }), 'decrypt')
  assert.equal(refused({ base: 0xffff_ffff, n: 0xffff_ffff }), 'counter')
})

test('the first frame of a session has base 0, and is not of a chain that does not exist', () => {
  const { agent, controller } = pairUp()
  const message = controller.encrypt(TEXT)
  assert.equal(refusalOf(agent, forged(controller, message, { base: 1 })), 'counter')
  const remote = agent.state.dhRemote as Uint8Array
  assert.equal(refusalOf(agent, forged(controller, message, { dh: remote })), 'decrypt')
  assert.equal(refusalOf(agent, forged(controller, message, { dh: remote, base: 1 })), 'counter')
  assert.ok(!receive(agent, message).late)
})

test('a sender stops at number 2^32 - 1 with chain-exhausted, its state unchanged', () => {
  const { agent } = pairUp()
  const image = StateImage.decode(exportState(agent.state, 0))
  const nearTheEnd = StateImage.encode({ ...image, baseSend: 0xffff_fff0, sent: 0x0e })
  const { ratchet } = importState(nearTheEnd, 0)
  assert.equal(ratchet.nextSeq, 0xffff_fffe)
  ratchet.encrypt(TEXT)
  ratchet.encrypt(TEXT)
  const before = stateHash(ratchet)
  assertRefused('chain-exhausted', () => ratchet.encrypt(TEXT))
  assert.equal(stateHash(ratchet), before)
})

test('a state that was rolled back re-uses a number, and never a nonce', () => {
  const { agent, controller } = inTheMiddle()
  const backup = exportState(agent.state, 1)
  const first = agent.encrypt(TEXT)
  const again = importState(backup, 0).ratchet.encrypt(ascii('other'))
  assert.deepEqual(first.subarray(OFFSET.dh, OFFSET.nonce), again.subarray(OFFSET.dh, OFFSET.nonce))
  assert.notDeepEqual(first.subarray(OFFSET.nonce, OFFSET.sealed), again.subarray(OFFSET.nonce, OFFSET.sealed))
  receive(controller, first)
  assert.equal(refusalOf(controller, again), 'replay')
})

test('a stolen state opens nothing of before it, and nothing of after the next round trip', () => {
  const { agent, controller } = inTheMiddle()
  const before = agent.encrypt(TEXT)
  receive(controller, before)
  const stolen = importState(exportState(controller.state, 0), 0).ratchet
  assert.equal(
    codeOf(() => receive(stolen, before)),
    'replay',
  )
  receive(agent, controller.encrypt(TEXT))
  receive(controller, agent.encrypt(TEXT))
  receive(agent, controller.encrypt(TEXT))
  const after = agent.encrypt(TEXT)
  assert.equal(
    codeOf(() => receive(stolen, after)),
    'decrypt',
  )
  assert.ok(!receive(controller, after).late)
})

test('what a session keeps does not change with the message that it came from', () => {
  const { agent, controller } = inTheMiddle()
  receive(agent, controller.encrypt(TEXT))
  const [, second] = sendMany(agent, 2) as [Uint8Array, Uint8Array]
  receive(controller, second)
  const before = stateHash(controller)
  second.fill(0)
  assert.equal(stateHash(controller), before)
})
