// Both halves of a handshake with each other, and each half against an insider: somebody who knows the
// secret of the run, and so can seal whatever body he likes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { label, type Suite } from '@happy-remote/schemas/constants.ts'
import type { ErrorCode } from '@happy-remote/schemas/errors.ts'
import { KEM_CIPHERTEXT_SIZE, M1Body, M2Body, M3Body, Prekeys } from '@happy-remote/schemas/pairing.ts'
import { sign } from '../crypto/ed25519.ts'
import { type Identity, rotateIdentity } from '../crypto/identity.ts'
import { concat, uint } from '../crypto/primitives.ts'
import { ascii, flipped, secretOf } from '../vectors/deterministic.ts'
import { type AnswerOptions, answerM1, completeRun, openM1 } from './initiator.ts'
import { acceptM2, type Bundle, createBundle } from './responder.ts'
import { confirmation, type Mode } from './schedule.ts'
import {
  agentIdentity,
  answerOptions,
  controllerIdentity,
  controllerRoute,
  expectedOf,
  pairUp,
  payload,
  pinnedOf,
  runSecrets,
  strangerIdentity,
} from './testing/pair-up.ts'
import { assertRefused, codeOf } from './testing/refusal.ts'
import { headOf, unwrap, unwrapError, wrap, wrapError } from './wrap.ts'

const MODES: readonly Mode[] = ['pairing', 'rekey']
const SUITES: readonly Suite[] = [1, 2]
const combinations = MODES.flatMap((mode) => SUITES.map((suite) => ({ mode, suite })))

for (const { mode, suite } of combinations) {
  const names = mode === 'pairing' ? (['M1', 'M2', 'M3'] as const) : (['R1', 'R2', 'R3'] as const)
  const what = `${mode} with suite ${suite}`
  const honest = pairUp({ mode, suite, name: what })
  const { run, bundle, answered, accepted } = honest

  const m1 = unwrap(run.secret, bundle.frame)
  const m2 = unwrap(run.secret, answered.frame)
  const m3 = unwrap(run.secret, accepted.frame)

  const answer = (body: Uint8Array, options: Partial<AnswerOptions> = {}) =>
    answerM1(openM1(run, wrap(run.secret, names[0], suite, body)), { ...answerOptions(mode), ...options })
  const accept = (body: Uint8Array, held: Bundle = bundle) =>
    acceptM2(held, wrap(run.secret, names[1], suite, body), controllerIdentity, expectedOf(mode))
  const complete = (body: Uint8Array) => completeRun(answered, wrap(run.secret, names[2], suite, body))

  test(`${what}: both ends have the same digits, keys, session and suite`, () => {
    const { completed } = honest
    assert.equal(completed.digits, accepted.digits)
    assert.deepEqual(completed.pairingKey, accepted.keys.pairingKey)
    assert.deepEqual(completed.sessionId, accepted.keys.sessionId)
    assert.deepEqual(completed.peer, controllerIdentity.cert)
    assert.deepEqual(accepted.peer, agentIdentity.cert)
    assert.deepEqual([completed.suite, accepted.suite], [suite, suite])
    assert.deepEqual(answered.peerRoute, controllerRoute.routeId)
  })

  test(`${what}: the sizes on the wire are those of the spec`, () => {
    const sizes = [bundle.frame, answered.frame, accepted.frame].map(({ length }) => length)
    assert.deepEqual(sizes, suite === 1 ? [370, 352, 180] : [1_554, 1_440, 180])
  })

  test(`${what}: either end may send first, and both at once`, () => {
    const { agent, controller } = pairUp({ mode, suite })
    const [fromAgent, fromController] = [agent.encrypt(ascii('a')), controller.encrypt(ascii('c'))]
    assert.deepEqual(controller.decrypt(fromAgent, 0).plaintext, ascii('a'))
    assert.deepEqual(agent.decrypt(fromController, 0).plaintext, ascii('c'))
    assert.deepEqual(agent.decrypt(controller.encrypt(ascii('d')), 0).plaintext, ascii('d'))
  })

  test(`${what}: two runs never have a key, a session or a frame in common`, () => {
    const [one, two] = [pairUp({ mode, suite }), pairUp({ mode, suite })]
    assert.notDeepEqual(one.completed.sessionId, two.completed.sessionId)
    assert.notDeepEqual(one.answered.keys.rootKey, two.answered.keys.rootKey)
    assert.notDeepEqual(one.bundle.frame, two.bundle.frame)
  })

  // Offsets of the M1 body: supported 0, routeId 2, sasCommit 18, cert 50, prekeys 182, kemKey 254, signature.
  const fieldOfM1 = (at: number): ErrorCode | null => {
    if (at < 2) return suite === 1 && at === 1 ? 'suite-downgrade' : null
    if (at < 18) return 'route-mismatch'
    if (at < 50) return null
    if (at < 182) {
      const inCert = at - 50
      return mode === 'rekey' && inCert < 32 ? 'identity-mismatch' : 'cert-signature'
    }
    return 'prekey-signature'
  }

  test(`${what}: every flipped byte of ${names[0]} is refused with the code of its field`, () => {
    for (let at = 0; at < m1.length; at += at > 270 && at < m1.length - 64 ? 41 : 1) {
      const expected = fieldOfM1(at)
      const bit = at === 1 ? 1 : 0
      if (expected)
        assert.equal(
          codeOf(() => answer(flipped(m1, at, bit))),
          expected,
          `byte ${at}`,
        )
    }
  })

  test(`${what}: what ${names[0]} does not prove at once breaks the confirmation of ${names[1]}`, () => {
    for (const at of [0, 18, 49]) {
      const other = answer(flipped(m1, at, 5))
      assertRefused('confirm', () => accept(unwrap(run.secret, other.frame)))
    }
  })

  test(`${what}: an ${names[0]} of another length is refused with length`, () => {
    assertRefused('length', () => answer(m1.subarray(0, -1)))
    assertRefused('length', () => answer(concat(m1, Uint8Array.of(0))))
    assertRefused('length', () => answer(new Uint8Array(0)))
  })

  /** The bundle of `by`, signed as it ought to be, with some fields replaced. */
  const signedM1 = (
    by: Identity,
    change: Partial<ReturnType<(typeof M1Body)[1]['decode']>>,
    name = 'prekeys' as const,
  ) => {
    const body = { ...M1Body[suite].decode(m1), cert: by.cert, ...change }
    const signed = concat(label(name), uint(16, suite), by.deviceId, Prekeys.encode(body.prekeys), body.kemKey)
    return M1Body[suite].encode({ ...body, signature: sign(by.signing, signed) })
  }

  test(`${what}: a prekey of low order is refused before its signature is verified`, () => {
    const at = 182 + 4
    const unsigned = concat(m1.subarray(0, at), new Uint8Array(32), m1.subarray(at + 32))
    assertRefused('key-low-order', () => answer(unsigned))
  })

  for (const field of ['spk', 'opk'] as const) {
    for (const [name, key, code] of [
      ['of low order', new Uint8Array(32), 'key-low-order'],
      ['not canonical', new Uint8Array(32).fill(0xff), 'key-noncanonical'],
    ] as const) {
      test(`${what}: a signed ${field} that is ${name} is refused with ${code}`, () => {
        const { prekeys } = M1Body[suite].decode(m1)
        assertRefused(code, () => answer(signedM1(controllerIdentity, { prekeys: { ...prekeys, [field]: key } })))
      })
    }
  }

  test(`${what}: a prekey signature under another label, for another device or by another key is refused`, () => {
    const { prekeys, kemKey } = M1Body[suite].decode(m1)
    const parts = (name: 'prekeys' | 'identity', deviceId: Uint8Array, ofSuite: Suite) =>
      concat(label(name), uint(16, ofSuite), deviceId, Prekeys.encode(prekeys), kemKey)
    const { signing, deviceId } = controllerIdentity
    for (const signature of [
      sign(signing, parts('identity', deviceId, suite)),
      sign(signing, parts('prekeys', agentIdentity.deviceId, suite)),
      sign(signing, parts('prekeys', deviceId, suite === 1 ? 2 : 1)),
      sign(strangerIdentity.signing, parts('prekeys', deviceId, suite)),
    ]) {
      assertRefused('prekey-signature', () => answer(M1Body[suite].encode({ ...M1Body[suite].decode(m1), signature })))
    }
  })

  test(`${what}: a bundle of the agent itself is refused with identity-mismatch`, () => {
    const options = mode === 'rekey' ? { pinned: pinnedOf(agentIdentity) } : {}
    assertRefused('identity-mismatch', () => answer(signedM1(agentIdentity, {}), options))
  })

  test(`${what}: the suite must be the highest that both ends have`, () => {
    const offering = (supported: number, offered: number) =>
      codeOf(() => answer(signedM1(controllerIdentity, { supported }), { offered }))
    assert.equal(offering(0, 0b11), 'suite')
    assert.equal(offering(0b1100, 0b11), 'suite')
    if (suite === 1) assert.equal(offering(0b11, 0b11), 'suite-downgrade')
    assert.equal(offering(0b11, suite === 1 ? 0b10 : 0b01), 'suite')
    assert.equal(offering(suite === 1 ? 0b10 : 0b01, 0b11), 'suite')
    const short = wrap(run.secret, names[0], suite, m1.subarray(1))
    const offered = suite === 1 ? 0b10 : 0b01
    // Before the body is decoded (spec/pairing.md, M1, the order of the agent's duties).
    assertRefused('suite', () => answerM1(openM1(run, short), { ...answerOptions(mode), offered }))
    assert.doesNotThrow(() => answer(signedM1(controllerIdentity, { supported: 0xfffc | suite }), { offered: 0xff }))
  })

  // Offsets of the M2 body: cert 0, EK 132, RK 164, spkId 196, opkId 200, kemCiphertext 204, signature, confirmation.
  const fieldOfM2 = (at: number): ErrorCode => {
    if (at < 32) return 'identity-mismatch'
    if (at < 132) return 'cert-signature'
    if (at < 196) return 'confirm'
    return at < 204 ? 'prekey-unknown' : 'confirm'
  }

  test(`${what}: every flipped byte of ${names[1]} is refused with the code of its field`, () => {
    for (let at = 0; at < m2.length; at += at > 220 && at < m2.length - 96 ? 41 : 1) {
      assert.equal(
        codeOf(() => accept(flipped(m2, at))),
        fieldOfM2(at),
        `byte ${at}`,
      )
    }
  })

  for (const [field, at] of [
    ['EK_A', 132],
    ['RK_A', 164],
  ] as const) {
    test(`${what}: an ${field} of low order or not canonical is refused by name`, () => {
      const changed = (key: Uint8Array) => {
        const body = Uint8Array.from(m2)
        body.set(key, at)
        return body
      }
      assertRefused('key-low-order', () => accept(changed(new Uint8Array(32))))
      assertRefused('key-noncanonical', () => accept(changed(new Uint8Array(32).fill(0xff))))
    })
  }

  test(`${what}: an ${names[1]} of another length is refused with length`, () => {
    assertRefused('length', () => accept(m2.subarray(0, -1)))
    assertRefused('length', () => accept(concat(m2, Uint8Array.of(0))))
  })

  test(`${what}: an ${names[1]} for another bundle is refused with prekey-unknown`, () => {
    const other = createBundle(run, suite, controllerIdentity, controllerRoute.routeId, undefined, suite === 1 ? 1 : 3)
    assertRefused('prekey-unknown', () => accept(m2, other))
  })

  test(`${what}: ${names[1]} signed with the label of the controller, or by a stranger, is refused with auth-signature`, () => {
    const body = M2Body[suite].decode(m2)
    for (const [identity, name] of [
      [agentIdentity, 'auth-controller'],
      [strangerIdentity, 'auth-agent'],
    ] as const) {
      const signature = sign(identity.signing, concat(label(name), answered.transcript))
      const mac = confirmation(answered.keys.confirmAgent, answered.transcript, signature)
      assertRefused('auth-signature', () => accept(M2Body[suite].encode({ ...body, signature, confirmation: mac })))
    }
  })

  test(`${what}: ${names[1]} confirmed with the key of the controller is refused with confirm`, () => {
    const body = M2Body[suite].decode(m2)
    const mac = confirmation(answered.keys.confirmController, answered.transcript, body.signature)
    assertRefused('confirm', () => accept(M2Body[suite].encode({ ...body, confirmation: mac })))
  })

  test(`${what}: every flipped byte of ${names[2]} is refused with confirm`, () => {
    for (let at = 0; at < m3.length; at++) {
      assert.equal(
        codeOf(() => complete(flipped(m3, at))),
        'confirm',
        `byte ${at}`,
      )
    }
  })

  test(`${what}: ${names[2]} signed with the label of the agent, or by a stranger, is refused with auth-signature`, () => {
    const { sasNonce } = M3Body.decode(m3)
    for (const [identity, name] of [
      [controllerIdentity, 'auth-agent'],
      [strangerIdentity, 'auth-controller'],
    ] as const) {
      const signature = sign(identity.signing, concat(label(name), answered.transcript))
      const mac = confirmation(answered.keys.confirmController, answered.transcript, signature)
      assertRefused('auth-signature', () => complete(M3Body.encode({ sasNonce, signature, confirmation: mac })))
    }
  })

  test(`${what}: a nonce that does not open the commitment is refused with confirm, though all else is right`, () => {
    const body = M3Body.decode(m3)
    assertRefused('confirm', () => complete(M3Body.encode({ ...body, sasNonce: secretOf('another nonce') })))
    assert.doesNotThrow(() => complete(m3))
  })

  test(`${what}: an ${names[2]} of another length is refused with length`, () => {
    assertRefused('length', () => complete(m3.subarray(0, -1)))
    assertRefused('length', () => complete(concat(m3, Uint8Array.of(0))))
  })

  test(`${what}: a message is not taken for another of the run, nor for one of the other mode`, () => {
    const otherRun = runSecrets[mode === 'pairing' ? 'rekey' : 'pairing']
    assertRefused('type', () => openM1(otherRun, bundle.frame))
    assertRefused('type', () => openM1(run, answered.frame))
    assertRefused('type', () => acceptM2(bundle, bundle.frame, controllerIdentity, expectedOf(mode)))
    assertRefused('type', () => acceptM2(bundle, accepted.frame, controllerIdentity, expectedOf(mode)))
    assertRefused('type', () => completeRun(answered, answered.frame))
  })

  test(`${what}: a message of the other suite is refused with suite`, () => {
    const other: Suite = suite === 1 ? 2 : 1
    const m2Other = wrap(run.secret, names[1], other, m2)
    assertRefused('suite', () => acceptM2(bundle, m2Other, controllerIdentity, expectedOf(mode)))
    assertRefused('suite', () => completeRun(answered, wrap(run.secret, names[2], other, m3)))
  })

  test(`${what}: without the secret of the run nothing opens`, () => {
    const wrong = { ...run, secret: flipped(run.secret, 0) }
    assertRefused('decrypt', () => openM1(wrong, bundle.frame))
    assertRefused('decrypt', () =>
      acceptM2({ ...bundle, run: wrong }, answered.frame, controllerIdentity, expectedOf(mode)),
    )
    assertRefused('decrypt', () => completeRun({ ...answered, run: wrong }, accepted.frame))
  })

  test(`${what}: another context gives another transcript, so the confirmation fails`, () => {
    const elsewhere = { ...run, context: flipped(run.context, 1) }
    assertRefused('confirm', () => accept(m2, { ...bundle, run: elsewhere }))
  })
}

test('an M1 of a suite that nobody knows opens, is refused with suite, and is told so in that suite', () => {
  const { run, bundle } = pairUp({ name: 'unknown suite' })
  const frame = wrap(run.secret, 'M1', 9, unwrap(run.secret, bundle.frame))
  const opened = openM1(run, frame)
  assertRefused('suite', () => answerM1(opened, answerOptions('pairing')))
  const refusal = wrapError(run.secret, frame, 'suite')
  assert.equal(headOf(refusal).suite, 9)
  assert.equal(unwrapError(run.secret, refusal, frame), 'suite')
})

test('a code that was seen before does not let an older certificate in, at either end', () => {
  const { run, bundle, answered } = pairUp({ name: 'known' })
  const [newerC, newerA] = [pinnedOf(rotateIdentity(controllerIdentity)), pinnedOf(rotateIdentity(agentIdentity))]
  const opened = openM1(run, bundle.frame)
  const options = answerOptions('pairing')
  assertRefused('epoch-rollback', () => answerM1(opened, { ...options, known: () => newerC }))
  assert.doesNotThrow(() => answerM1(opened, { ...options, known: () => undefined }))
  const expected = { deviceId: agentIdentity.deviceId }
  const accept = (known: () => typeof newerA | undefined) => () =>
    acceptM2(bundle, answered.frame, controllerIdentity, { ...expected, known })
  assertRefused(
    'epoch-rollback',
    accept(() => newerA),
  )
  assert.doesNotThrow(accept(() => undefined))
})

test('a KEM key whose coefficient is not reduced is refused with kem-key', () => {
  const { run, bundle } = pairUp({ suite: 2, name: 'kem' })
  const body = M1Body[2].decode(unwrap(run.secret, bundle.frame))
  const kemKey = Uint8Array.from(body.kemKey)
  kemKey.fill(0xff, 0, 3)
  const signed = concat(
    label('prekeys'),
    uint(16, 2),
    controllerIdentity.deviceId,
    Prekeys.encode(body.prekeys),
    kemKey,
  )
  const signature = sign(controllerIdentity.signing, signed)
  const frame = wrap(run.secret, 'M1', 2, M1Body[2].encode({ ...body, kemKey, signature }))
  assertRefused('kem-key', () => answerM1(openM1(run, frame), answerOptions('pairing')))
})

test('a KEM ciphertext for another key is refused with confirm', () => {
  const { run, bundle, answered } = pairUp({ suite: 2, name: 'ciphertext' })
  const other = pairUp({ suite: 2, name: 'other ciphertext' })
  const ciphertext = unwrap(other.run.secret, other.answered.frame).subarray(204, 204 + KEM_CIPHERTEXT_SIZE)
  const body = Uint8Array.from(unwrap(run.secret, answered.frame))
  body.set(ciphertext, 204)
  const frame = wrap(run.secret, 'M2', 2, body)
  assertRefused('confirm', () => acceptM2(bundle, frame, controllerIdentity, expectedOf('pairing')))
})

test('a code that names another agent is refused with identity-mismatch', () => {
  const { bundle, answered } = pairUp({ name: 'leak' })
  const expected = { deviceId: strangerIdentity.deviceId }
  assertRefused('identity-mismatch', () => acceptM2(bundle, answered.frame, controllerIdentity, expected))
})

test('a controller does not pair with itself', () => {
  const run = runSecrets.pairing
  const bundle = createBundle(run, 2, controllerIdentity, controllerRoute.routeId)
  const reflected = answerM1(openM1(run, bundle.frame), {
    identity: { ...controllerIdentity, deviceId: agentIdentity.deviceId },
    from: controllerRoute.routeId,
    offered: payload.suites,
  })
  const body = Uint8Array.from(unwrap(run.secret, reflected.frame))
  body.set(controllerIdentity.certBytes)
  assertRefused('identity-mismatch', () =>
    acceptM2(bundle, wrap(run.secret, 'M2', 2, body), controllerIdentity, { deviceId: controllerIdentity.deviceId }),
  )
})

const rotated = rotateIdentity(controllerIdentity)

test('a rekey accepts a newer epoch of the pinned identity, and refuses an older one with epoch-rollback', () => {
  const run = runSecrets.rekey
  const rekeyAs = (identity: Identity, pinned: Identity) => {
    const bundle = createBundle(run, 2, identity, controllerRoute.routeId)
    return answerM1(openM1(run, bundle.frame), { ...answerOptions('rekey'), pinned: pinnedOf(pinned) })
  }
  assert.deepEqual(rekeyAs(rotated, controllerIdentity).peer, rotated.cert)
  assertRefused('epoch-rollback', () => rekeyAs(controllerIdentity, rotated))
  assertRefused('epoch-rollback', () => rekeyAs(rotateIdentity(controllerIdentity), rotated))
  assertRefused('identity-mismatch', () => rekeyAs(strangerIdentity, controllerIdentity))
})

test('a rekey answer of an older epoch, or of another device, is refused by the controller', () => {
  const newer = rotateIdentity(agentIdentity)
  const { bundle, answered } = pairUp({ mode: 'rekey', name: 'rollback' })
  const accepting = (pinned: Identity) => () => acceptM2(bundle, answered.frame, controllerIdentity, pinnedOf(pinned))
  assertRefused('epoch-rollback', accepting(newer))
  assertRefused('identity-mismatch', accepting(strangerIdentity))
  assert.doesNotThrow(accepting(agentIdentity))
})

test('a rekey does not go below the last suite of the pairing, and may go above it', () => {
  const run = runSecrets.rekey
  const rekey = (suite: Suite, supported: number, leastSuite: Suite) => {
    const bundle = createBundle(run, suite, controllerIdentity, controllerRoute.routeId, undefined, supported)
    return answerM1(openM1(run, bundle.frame), { ...answerOptions('rekey'), leastSuite })
  }
  assertRefused('suite-downgrade', () => rekey(1, 0b01, 2))
  assert.equal(rekey(2, 0b11, 1).suite, 2)
  assert.equal(rekey(2, 0b11, 2).suite, 2)
})

test('a refused M2 leaves the bundle as it was: the right one is still accepted', () => {
  const { run, bundle, answered } = pairUp({ name: 'retry' })
  const body = unwrap(run.secret, answered.frame)
  assertRefused('confirm', () =>
    acceptM2(bundle, wrap(run.secret, 'M2', 1, flipped(body, -1)), controllerIdentity, expectedOf('pairing')),
  )
  assert.doesNotThrow(() => acceptM2(bundle, answered.frame, controllerIdentity, expectedOf('pairing')))
})

test('what a run keeps does not change with the frames that it came from', () => {
  const { bundle, answered, accepted } = pairUp({ name: 'copies' })
  const before = structuredClone({ peer: answered.peer, route: answered.peerRoute, commit: answered.sasCommit })
  const remote = accepted.ratchet.state.dhRemote?.slice()
  bundle.frame.fill(0)
  answered.frame.fill(0)
  assert.deepEqual({ peer: answered.peer, route: answered.peerRoute, commit: answered.sasCommit }, before)
  assert.deepEqual(accepted.ratchet.state.dhRemote, remote)
})
