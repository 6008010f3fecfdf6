// The border parsers of an endpoint against mutated frames: from the network, where nothing opens, and
// from an insider, who can seal what he likes. Nothing but a ProtocolError, and no trace in any state.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorCode } from '@happy-remote/schemas/errors.ts'
import { HANDSHAKE_HEADER, HandshakeFrame, M1Body, M2Body, M3Body } from '@happy-remote/schemas/pairing.ts'
import { PlaintextFrame, RATCHET_HEADER, RatchetMessage } from '@happy-remote/schemas/session.ts'
import fc from 'fast-check'
import { arbitraryBytesOf, mutateBytes } from '../../schemas/test/arbitrary.ts'
import { concat } from '../crypto/primitives.ts'
import { ascii, secretOf } from '../vectors/deterministic.ts'
import { encodeFrame } from './frame.ts'
import { answerM1, completeRun, openM1 } from './initiator.ts'
import { acceptM2 } from './responder.ts'
import { Session } from './session.ts'
import { answerOptions, controllerIdentity, expectedOf, pairUp, stateHash } from './testing/pair-up.ts'
import { receive, retagged } from './testing/receive.ts'
import { codeOf } from './testing/refusal.ts'
import { headOf, unwrap, unwrapError, unwrapRekeyAsk, wrap, wrapError, wrapRekeyAsk } from './wrap.ts'

const OUTSIDE = 2_000
const INSIDE = 600

/** How often each code was given, so that a test can tell that it got past the first check. */
class Tally {
  readonly codes = new Map<ErrorCode, number>()
  count(code: ErrorCode): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
  }
  has(...codes: ErrorCode[]): void {
    for (const code of codes) assert.ok(this.codes.has(code), `${code} among ${[...this.codes.keys()]}`)
  }
}

/** Mutations all over a frame, and as many in its header alone, where a parser decides. */
function mutatedFrames(valid: Uint8Array, header: number): fc.Arbitrary<Uint8Array> {
  const [head, rest] = [valid.subarray(0, header), valid.subarray(header)]
  return fc
    .oneof(
      mutateBytes(fc.constant(valid)),
      mutateBytes(fc.constant(head)).map((changed) => concat(changed, rest)),
      mutateBytes(header === HANDSHAKE_HEADER ? arbitraryBytesOf(HandshakeFrame) : arbitraryBytesOf(RatchetMessage)),
    )
    .filter((frame) => Buffer.compare(frame, valid) !== 0)
}

for (const suite of [1, 2] as const) {
  const mode = suite === 1 ? 'pairing' : 'rekey'
  const { run, bundle, answered, accepted, controller, agent } = pairUp({ suite, mode, name: 'fuzz' })
  const { secret } = run
  const [first, second, third] = mode === 'pairing' ? (['M1', 'M2', 'M3'] as const) : (['R1', 'R2', 'R3'] as const)

  const parsers: readonly (readonly [name: string, valid: Uint8Array, parse: (frame: Uint8Array) => unknown])[] = [
    [`answerM1(openM1()) of ${first}`, bundle.frame, (frame) => answerM1(openM1(run, frame), answerOptions(mode))],
    [
      `acceptM2() of ${second}`,
      answered.frame,
      (frame) => acceptM2(bundle, frame, controllerIdentity, expectedOf(mode)),
    ],
    [`completeRun() of ${third}`, accepted.frame, (frame) => completeRun(answered, frame)],
    ['unwrapError()', wrapError(secret, bundle.frame, 'suite'), (frame) => unwrapError(secret, frame, bundle.frame)],
    ['unwrapRekeyAsk()', wrapRekeyAsk(secret, suite, 'suite'), (frame) => unwrapRekeyAsk(secret, frame)],
  ]
  for (const [name, valid, parse] of parsers) {
    test(`${name}, suite ${suite}: every one of ${OUTSIDE} mutated frames is refused, and the right one still accepted`, () => {
      const tally = new Tally()
      const frames = mutatedFrames(valid, HANDSHAKE_HEADER)
      const parsing = fc.property(frames, (frame) => tally.count(codeOf(() => parse(frame))))
      fc.assert(parsing, { numRuns: OUTSIDE })
      tally.has('version', 'length', 'type', 'decrypt')
      assert.doesNotThrow(() => parse(valid))
    })
  }

  test(`headOf(), suite ${suite}: any bytes have a head, or are refused`, () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 64 }), mutateBytes(arbitraryBytesOf(HandshakeFrame)))
    let heads = 0
    fc.assert(
      fc.property(bytes, (frame) => {
        try {
          heads += headOf(frame).suite >= 0 ? 1 : 0
        } catch {
          assert.match(
            codeOf(() => headOf(frame)),
            /^(version|length|type)$/,
          )
        }
      }),
      { numRuns: OUTSIDE },
    )
    assert.ok(heads > 0)
  })

  const insiders = [
    {
      ...{ type: first, body: unwrap(secret, bundle.frame), layout: M1Body[suite] },
      parse: (frame: Uint8Array) => answerM1(openM1(run, frame), answerOptions(mode)),
      reached: ['length', 'route-mismatch', 'prekey-signature'] as const,
    },
    {
      ...{ type: second, body: unwrap(secret, answered.frame), layout: M2Body[suite] },
      parse: (frame: Uint8Array) => acceptM2(bundle, frame, controllerIdentity, expectedOf(mode)),
      reached: ['length', 'identity-mismatch', 'confirm'] as const,
    },
    {
      ...{ type: third, body: unwrap(secret, accepted.frame), layout: M3Body },
      parse: (frame: Uint8Array) => completeRun(answered, frame),
      reached: ['length', 'confirm'] as const,
    },
  ]
  for (const { type, body, layout, parse, reached } of insiders) {
    test(`${type}, suite ${suite}: ${INSIDE} mutated bodies under the right secret are refused, or change nothing but an offer`, () => {
      const source: fc.Arbitrary<Uint8Array> = fc.oneof(
        { weight: 4, arbitrary: fc.constant(body) },
        arbitraryBytesOf<unknown>(layout as Parameters<typeof arbitraryBytesOf<unknown>>[0]),
      )
      const tally = new Tally()
      fc.assert(
        fc.property(mutateBytes(source), (changed) => {
          const frame = wrap(secret, type, suite, changed)
          // `supported` and the commitment of M1 are proven later, by the transcript; the rest is not changed then.
          const unproven = type === first && Buffer.compare(changed.subarray(50), body.subarray(50)) === 0
          if (!unproven || changed.length !== body.length) tally.count(codeOf(() => parse(frame)))
        }),
        { numRuns: INSIDE },
      )
      tally.has(...reached)
    })
  }

  test(`decrypt(), suite ${suite}: every one of ${3 * OUTSIDE} mutated messages is refused and leaves no trace`, () => {
    for (let i = 0; i < 3; i++) receive(controller, agent.encrypt(ascii('before')))
    receive(agent, controller.encrypt(ascii('before')))
    agent.encrypt(ascii('lost'))
    const message = agent.encrypt(
      encodeFrame({ contentType: 'rpc', fresh: secretOf('f', 8), ack: 0, content: ascii('{}') }),
    )
    const before = stateHash(controller)
    const tally = new Tally()
    fc.assert(
      fc.property(mutatedFrames(message, RATCHET_HEADER), (frame) => {
        tally.count(codeOf(() => receive(controller, frame)))
        assert.equal(stateHash(controller), before)
      }),
      { numRuns: 3 * OUTSIDE },
    )
    tally.has('truncated', 'version', 'direction', 'header', 'decrypt')
    assert.ok(!receive(controller, message).late)
  })

  test(`decrypt(), suite ${suite}: ${OUTSIDE} mutated messages with the right header MAC are refused and leave no trace`, () => {
    const [late, message] = [agent.encrypt(ascii('late')), agent.encrypt(ascii('newest'))]
    receive(controller, message)
    const next = agent.encrypt(ascii('next'))
    const before = stateHash(controller)
    const key = agent.state.headerSend
    const tally = new Tally()
    const insider = fc.property(mutateBytes(fc.constantFrom(late, next, message)), (changed) => {
      const frame = changed.length < 64 ? changed : retagged(key, changed)
      // A header MAC that was all that was mutated is right again.
      if ([late, next].some((sent) => Buffer.compare(sent, frame) === 0)) return
      tally.count(codeOf(() => receive(controller, frame)))
      assert.equal(stateHash(controller), before)
    })
    fc.assert(insider, { numRuns: OUTSIDE })
    tally.has('truncated', 'version', 'direction', 'header', 'decrypt', 'counter', 'replay', 'skip-limit')
    assert.ok(receive(controller, late).late)
  })

  test(`open(), suite ${suite}: 1000 mutated plaintext frames of an authentic peer are frames, or padding or type`, () => {
    const { agent, controller } = pairUp({ suite, mode, name: 'frames' })
    const session = new Session(controller, 0)
    const source = arbitraryBytesOf(PlaintextFrame).map((bytes) => bytes.slice(0, 400))
    const tally = new Tally()
    fc.assert(
      fc.property(mutateBytes(source), (plaintext) => {
        const seq = agent.nextSeq
        const message = agent.encrypt(plaintext)
        try {
          assert.equal(session.open(message, 0).seq, seq)
        } catch {
          // The first try has opened it, so the second is a replay: judged after the commit.
          assert.equal(
            codeOf(() => session.open(message, 0)),
            'replay',
          )
          tally.count('padding')
        }
        assert.equal(controller.nextReceived, seq + 1)
      }),
      { numRuns: 1_000 },
    )
    tally.has('padding')
    assert.equal(session.decryptFailures, 0)
  })
}
