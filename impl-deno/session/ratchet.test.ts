// The ratchet under whatever a relay can do: loss, reordering, duplication, and messages that cross.

import assert from 'node:assert/strict'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import fc from 'fast-check'
import { toHex, u32 } from '../crypto/bytes.ts'
import { newDevices, pair } from '../testing/devices.ts'
import { exportImage } from './image.ts'
import { fitsHeaderKey, parseMessage, peerOf, type Role } from './message.ts'
import { decrypt, encrypt, nextSent, type RatchetState, startRatchet } from './ratchet.ts'

const agreed = await pair(await newDevices())
const fresh = async () => ({
  agent: await startRatchet(agreed.agent),
  controller: await startRatchet(agreed.controller),
})

const codeOf = (error: unknown): string => (error instanceof ProtocolError ? error.code : String(error))

/** Opens `frame`; a refusal gives its code, and leaves the state bit-identical. */
async function tryToOpen(states: Record<Role, RatchetState>, by: Role, frame: Uint8Array, now = 0): Promise<string> {
  const before = states[by]
  const image = toHex(await exportImage(before))
  try {
    const message = parseMessage(frame, peerOf(by))
    assert.ok(fitsHeaderKey(message, before.headerReceive))
    const opened = await decrypt(before, message, now)
    states[by] = opened.state
    return `${opened.late ? 'late ' : ''}${toHex(opened.plaintext)}`
  } catch (error) {
    assert.equal(toHex(await exportImage(states[by])), image)
    return codeOf(error)
  }
}

const side = fc.constantFrom<Role>('agent', 'controller')
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const), by: side }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('deliver' as const), by: side, which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), by: side, which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat' as const), by: side, which: fc.nat() }) },
)

Deno.test('decrypt() opens each message that arrives exactly once, in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const states = await fresh()
      const inFlight: Record<Role, Uint8Array[]> = { agent: [], controller: [] }
      const arrived: Record<Role, { frame: Uint8Array; seq: number }[]> = { agent: [], controller: [] }
      const newest: Record<Role, number> = { agent: -1, controller: -1 }
      for (const now of steps) {
        if (now.do === 'send') {
          const seq = nextSent(states[now.by])
          const sealed = await encrypt(states[now.by], u32(seq))
          states[now.by] = sealed.state
          inFlight[peerOf(now.by)].push(sealed.frame)
          continue
        }
        const waiting = inFlight[now.by]
        if (now.do === 'repeat') {
          const old = arrived[now.by]
          if (old.length === 0) continue
          const { frame } = old[now.which % old.length] as { frame: Uint8Array }
          assert.match(await tryToOpen(states, now.by, frame), /^(replay|decrypt)$/)
        } else if (waiting.length > 0) {
          const [frame] = waiting.splice(now.which % waiting.length, 1) as [Uint8Array]
          if (now.do === 'lose') continue
          const message = parseMessage(frame, peerOf(now.by))
          const seq = message.base + message.n
          const late = seq < newest[now.by]
          assert.equal(await tryToOpen(states, now.by, frame), (late ? 'late ' : '') + toHex(u32(seq)))
          newest[now.by] = Math.max(newest[now.by], seq)
          arrived[now.by].push({ frame, seq })
        }
      }
      // Nothing that happened keeps the two from talking on.
      for (const by of ['agent', 'controller'] as const) {
        const sealed = await encrypt(states[by], u32(77))
        states[by] = sealed.state
        assert.equal(await tryToOpen(states, peerOf(by), sealed.frame), toHex(u32(77)))
      }
    }),
    { numRuns: 60 },
  )
})

Deno.test('decrypt() refuses every message with one bit changed, and its state stays as it was', async () => {
  const states = await fresh()
  const { frame } = await encrypt(states.controller, u32(1))
  await fc.assert(
    fc.asyncProperty(fc.nat(frame.length * 8 - 1), async (bit) => {
      const changed = frame.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      let refused = false
      try {
        const message = parseMessage(changed, 'controller')
        refused = !fitsHeaderKey(message, states.agent.headerReceive) || message.suite !== states.agent.suite
      } catch {
        refused = true
      }
      if (!refused) assert.equal(await tryToOpen(states, 'agent', changed), 'decrypt')
    }),
    { numRuns: 150 },
  )
  assert.equal(await tryToOpen(states, 'agent', frame), toHex(u32(1)))
})

/** `count` messages of the controller that the agent has not seen. */
async function burst(states: Record<Role, RatchetState>, count: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const sealed = await encrypt(states.controller, u32(i))
    states.controller = sealed.state
    frames.push(sealed.frame)
  }
  return frames
}

Deno.test('decrypt() skips 256 messages and not one more', async () => {
  const states = await fresh()
  const frames = await burst(states, 258)
  assert.equal(await tryToOpen(states, 'agent', frames[257] as Uint8Array), 'skip-limit')
  assert.equal(await tryToOpen(states, 'agent', frames[256] as Uint8Array), toHex(u32(256)))
  assert.equal(states.agent.skipped.length, 256)
  assert.equal(await tryToOpen(states, 'agent', frames[0] as Uint8Array), `late ${toHex(u32(0))}`)
})

Deno.test('decrypt() evicts the oldest key beyond 256, whose message is then a replay', async () => {
  const states = await fresh()
  const frames = await burst(states, 259)
  assert.equal(await tryToOpen(states, 'agent', frames[256] as Uint8Array), toHex(u32(256)))
  assert.equal(await tryToOpen(states, 'agent', frames[258] as Uint8Array), toHex(u32(258)))
  assert.equal(await tryToOpen(states, 'agent', frames[0] as Uint8Array), 'replay')
  assert.equal(await tryToOpen(states, 'agent', frames[1] as Uint8Array), `late ${toHex(u32(1))}`)
})

Deno.test('decrypt() forgets a skipped key after 10 min', async () => {
  for (const [age, result] of [
    [599_999, `late ${toHex(u32(0))}`],
    [600_000, 'replay'],
  ] as const) {
    const states = await fresh()
    const frames = await burst(states, 2)
    await tryToOpen(states, 'agent', frames[1] as Uint8Array, 0)
    assert.equal(await tryToOpen(states, 'agent', frames[0] as Uint8Array, age), result)
  }
})
