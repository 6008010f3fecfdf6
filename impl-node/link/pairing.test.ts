import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { beforeEach, mock, type TestContext, test } from 'node:test'
import { SUITE_BITS, type Suite } from '@happy-remote/schemas/constants.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { generateIdentity, type Identity, rotateIdentity } from '../crypto/identity.ts'
import { generateRouteKey } from '../crypto/route.ts'
import type { Clocks } from '../session/freshness.ts'
import { type PairingCode, parsePairingCode } from '../session/pairing-code.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import { type Bundle, createBundle, type PinnedCert } from '../session/responder.ts'
import { unwrapError, wrap, wrapError } from '../session/wrap.ts'
import { Hub } from './hub.fake.ts'
import { Link } from './link.ts'
import { AgentPairing, type PairingEnd } from './pairing-agent.ts'
import { ControllerPairing } from './pairing-controller.ts'

const NOW = 1_800_000_000_000
const [M1, M2, M3, R1, HS_ERROR] = [1, 2, 3, 4, 15]

beforeEach((context) => {
  const t = context as TestContext
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: NOW })
  t.after(() => mock.timers.reset())
})

/** Both clocks go with the mocked timers. */
const clocks: Clocks = { monotonic: () => Date.now() - NOW + 1_000, wall: () => Date.now() }

interface Phone {
  readonly identity: Identity
  readonly pairing: ControllerPairing
  readonly routeId: Uint8Array
  digits: string | null
  failed: string | null
  record: PairingRecord | null
  /** States of the record, as they were stored. */
  readonly stored: string[]
  link: Link | null
  messages: number
}

/** An agent with one code, and the phones that scan it; what each does after its half is as in agent.ts and pair.ts. */
class Attempt {
  readonly hub = new Hub()
  readonly identity: Identity
  readonly agent: AgentPairing
  readonly code: PairingCode
  readonly told: string[] = []
  end: PairingEnd | null = null
  link: Link | null = null
  /** Records that the agent stored. */
  readonly stored: PairingRecord[] = []
  readonly messages: unknown[] = []
  storeFails = false
  readonly #phones: Phone[] = []

  constructor(
    t: TestContext,
    options: { suites?: number; ttl?: number; known?: PinnedCert; identity?: Identity } = {},
  ) {
    const { suites, ttl, known } = options
    this.identity = options.identity ?? generateIdentity()
    this.agent = new AgentPairing({
      identity: this.identity,
      socket: this.hub.socket,
      capabilities: ['observe', 'prompt'],
      ...(suites !== undefined && { suites }),
      ...(ttl !== undefined && { ttl }),
      known: (key) => (known && Buffer.from(known.identityKey).equals(key) ? known : undefined),
      events: {
        onScanned: () => this.told.push('scanned'),
        onDigits: (tries) => this.told.push(`digits ${tries}`),
        onOtherDevice: () => this.told.push('other device'),
        onEnd: (end) => {
          this.end = end
          this.told.push(end.outcome === 'paired' ? 'paired' : end.reason)
          if (end.outcome !== 'paired') return
          if (this.storeFails) throw new Error('disk full')
          this.stored.push(end.record)
          this.link = this.#linkOf(this.identity, end.record, end.ratchet, (message) => this.messages.push(message))
        },
      },
    })
    this.code = parsePairingCode(this.agent.uri, Date.now())
    this.hub.run()
    t.after(() => {
      this.agent.cancel()
      this.link?.close()
      for (const { link, pairing } of this.#phones) {
        pairing.cancel()
        link?.close()
      }
    })
  }

  #linkOf(
    identity: Identity,
    record: PairingRecord,
    ratchet: Ratchet,
    onMessage: (message: unknown) => void,
    extra: {
      proof?: Uint8Array
      onRecord?: (record: PairingRecord) => void
      onHandshake?: (f: Uint8Array) => void
    } = {},
  ): Link {
    return new Link({
      identity,
      record,
      ratchet,
      socket: this.hub.socket,
      name: record.role === 'agent' ? 'desk' : 'phone',
      clocks,
      ...(extra.proof && { proof: extra.proof }),
      handlers: {
        onMessage,
        onChunk: () => {},
        onReady: () => {},
        onSessionEnd: () => {},
        onPeer: () => {},
        onRecord: extra.onRecord ?? (() => {}),
        onRevoked: () => {},
        onBlocked: () => {},
        ...(extra.onHandshake && { onHandshake: extra.onHandshake }),
      },
    })
  }

  scan(options: { code?: PairingCode; identity?: Identity; supported?: number; known?: PinnedCert } = {}): Phone {
    const { code = this.code, identity = generateIdentity(), supported, known } = options
    const pairing = new ControllerPairing({
      code,
      identity,
      socket: this.hub.socket,
      ...(supported !== undefined && { supported }),
      known: () => known,
      events: {
        onFailed: (reason) => {
          phone.failed = reason
        },
        onDigits: (digits, record) => {
          phone.digits = digits
          phone.record = record
          phone.stored.push(record.state)
          const { ratchet, frame } = pairing.accepted as NonNullable<typeof pairing.accepted>
          phone.link = this.#linkOf(identity, record, ratchet, () => phone.messages++, {
            proof: frame,
            onRecord: (changed) => {
              phone.record = changed
              phone.stored.push(changed.state)
            },
            onHandshake: (received) => {
              phone.failed ??= pairing.refusalOf(received)
            },
          })
        },
      },
    })
    const phone: Phone = {
      identity,
      pairing,
      routeId: pairing.routeId,
      digits: null,
      failed: null,
      record: null,
      stored: [],
      link: null,
      messages: 0,
    }
    this.#phones.push(phone)
    return phone
  }

  run(): void {
    this.hub.run()
  }

  advance(ms: number, step = 100): void {
    for (let gone = 0; gone < ms; gone += step) {
      mock.timers.tick(Math.min(step, ms - gone))
      this.hub.run()
    }
  }

  /** Handshake frames that were sent, of one type. */
  sent(type: number): Uint8Array[] {
    return this.hub.log.filter(({ payload }) => payload[1] === type).map(({ payload }) => payload)
  }

  get ratchetFrames(): number {
    return this.hub.log.filter(({ payload }) => (payload[1] as number) >= 0x10).length
  }

  lose(...types: number[]): void {
    this.hub.fault = ({ payload }) => (types.includes(payload[1] as number) ? 0 : 1)
  }

  get secret(): Uint8Array {
    return this.code.payload.pairingSecret
  }
}

const wrongDigits = (digits: string | null) => (digits === '000000' ? '000001' : '000000')

/** An M1 of somebody who saw the code and makes it by hand. */
function m1By(attempt: Attempt, options: { suite?: Suite; identity?: Identity; routeId?: Uint8Array } = {}): Bundle {
  const { suite = 2, identity = generateIdentity(), routeId = generateRouteKey().routeId } = options
  const run = { mode: 'pairing' as const, secret: new Uint8Array(attempt.secret), context: attempt.code.context }
  return createBundle(run, suite, identity, routeId)
}

for (const suites of [1, 3]) {
  // pairing.m1.suite, pairing.m2.rebind, pairing.agent.commit, pairing.controller.confirm, pairing.controller.ack
  test(`a code, a scan and six digits pair two devices (suites ${suites})`, (t) => {
    const attempt = new Attempt(t, { suites })
    const phone = attempt.scan()
    attempt.run()
    assert.match(phone.digits ?? '', /^\d{6}$/)
    assert.deepEqual(attempt.told, ['scanned', 'digits 3'])
    assert.equal(attempt.agent.enterDigits(` ${phone.digits?.slice(0, 3)} ${phone.digits?.slice(3)} `), 'ok')
    attempt.run()
    assert.deepEqual(attempt.told, ['scanned', 'digits 3', 'paired'])
    assert.deepEqual(phone.stored.slice(0, 2), ['unconfirmed', 'stored'])
    assert.deepEqual(phone.record?.capabilities, ['observe', 'prompt'])
    assert.equal(phone.record?.peerName, 'desk')
    assert.equal(attempt.link?.record.peerName, 'phone')
    assert.equal(attempt.stored[0]?.suite, suites === 1 ? 1 : 2)
    assert.deepEqual(attempt.link?.record.pairingId, phone.record?.pairingId)
    assert.deepEqual(attempt.link?.record.pairingKey, phone.record?.pairingKey)
    assert.ok(phone.link?.ready)
  })
}

test('a controller with suite 1 only pairs in suite 1 with an agent that offers both', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan({ supported: 1 })
  attempt.run()
  assert.equal(attempt.agent.enterDigits(phone.digits ?? ''), 'ok')
  assert.equal(attempt.stored[0]?.suite, 1)
})

// pairing.agent.nothing-before, pairing.rekey.stored
test('before the digits the agent stores nothing, sends no message and answers no R1', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  phone.link?.rekey()
  attempt.advance(5_000)
  assert.ok(attempt.sent(R1).length > 0)
  assert.equal(attempt.sent(5).length, 0)
  assert.equal(attempt.stored.length, 0)
  const fromAgent = attempt.hub.log.filter(({ from }) => from !== Buffer.from(phone.routeId).toString('hex'))
  assert.deepEqual(
    fromAgent.map(({ payload }) => payload[1]),
    [M2],
  )
})

// pairing.sas.tries
test('three wrong tries end the attempt, and the phone hears why', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  const wrong = wrongDigits(phone.digits)
  assert.equal(attempt.agent.enterDigits(wrong), 'wrong')
  assert.equal(attempt.agent.enterDigits(''), 'wrong')
  assert.equal(attempt.agent.enterDigits(wrong), 'ended')
  assert.equal(attempt.agent.enterDigits(phone.digits ?? ''), 'ended')
  attempt.run()
  assert.equal(attempt.told.at(-1), 'sas-mismatch')
  assert.equal(phone.failed, 'sas-mismatch')
  // pairing.hs-error.stored, pairing.controller.error-keeps
  assert.deepEqual(phone.stored, ['unconfirmed'])
  assert.equal(attempt.stored.length, 0)
  assert.ok(!attempt.hub.has(attempt.code.payload.routeId))
})

test('the right digits at the third try pair', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  for (let i = 0; i < 2; i++) assert.equal(attempt.agent.enterDigits(wrongDigits(phone.digits)), 'wrong')
  assert.equal(attempt.agent.enterDigits(phone.digits ?? ''), 'ok')
})

// pairing.m1.expired, pairing.agent.abort
test('a code that nobody used ends in silence when its time is over', (t) => {
  const attempt = new Attempt(t)
  attempt.advance(limits.qrTtl, 10_000)
  assert.deepEqual(attempt.told, ['pair-expired'])
  assert.equal(attempt.hub.log.length, 0)
  const late = attempt.scan()
  attempt.run()
  assert.equal(late.failed, 'no-answer')
})

test('a code does not outlive its time because the machine slept', (t) => {
  const attempt = new Attempt(t)
  mock.timers.setTime(Date.now() + limits.qrTtl + 1)
  const { frame } = m1By(attempt)
  attempt.hub.inject(frame.subarray(0, 16), attempt.code.payload.routeId, frame)
  assert.deepEqual(attempt.told, ['pair-expired'])
  assert.equal(attempt.hub.log.length, 0)
})

// pairing.qr.ttl
test('no code lives longer than ten minutes', (t) => {
  const attempt = new Attempt(t, { ttl: 3_600_000 })
  assert.equal(attempt.agent.expiresAt, Date.now() + limits.qrTtlMax)
})

// pairing.agent.m3-time, pairing.agent.abort-answer
test('an agent that gets no M3 gives up after 30 s and says so to the phone that sent M1', (t) => {
  const attempt = new Attempt(t)
  attempt.lose(M3)
  const phone = attempt.scan()
  attempt.advance(limits.m3Time + 1_000)
  assert.equal(attempt.told.at(-1), 'pair-expired')
  const [refusal] = attempt.sent(HS_ERROR)
  assert.equal(unwrapError(attempt.secret, refusal as Uint8Array, attempt.sent(M1)[0] as Uint8Array), 'rejected')
  assert.deepEqual(phone.stored, ['unconfirmed'])
})

// pairing.sas.time
test('the person has 60 s for the digits', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  attempt.advance(limits.sasTime - 1_000)
  assert.equal(attempt.end, null)
  attempt.advance(1_000)
  assert.equal(attempt.told.at(-1), 'pair-expired')
  assert.equal(phone.failed, 'rejected')
  assert.equal(attempt.agent.enterDigits(phone.digits ?? ''), 'ended')
})

test('digits that were typed after the machine slept do not count', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  mock.timers.setTime(Date.now() + limits.sasTime + 1)
  assert.equal(attempt.agent.enterDigits(phone.digits ?? ''), 'ended')
  assert.equal(attempt.stored.length, 0)
})

test('a cancelled attempt is told to the phone, and its route is given up', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  attempt.agent.cancel()
  attempt.run()
  assert.equal(attempt.told.at(-1), 'cancelled')
  assert.equal(phone.failed, 'rejected')
  assert.ok(!attempt.hub.has(attempt.code.payload.routeId))
})

test('a pairing that cannot be stored ends the attempt, is told to the phone, and tells why', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  attempt.storeFails = true
  assert.throws(() => attempt.agent.enterDigits(phone.digits ?? ''), /disk full/)
  attempt.run()
  assert.equal(attempt.told.at(-1), 'rejected')
  assert.equal(phone.failed, 'rejected')
  assert.deepEqual(phone.stored, ['unconfirmed'])
})

// pairing.m1.single-use, pairing.agent.other-device, pairing.controller.other-device
test('a second phone with the same code is told that it is taken, and the person hears of it', (t) => {
  const attempt = new Attempt(t)
  attempt.lose(M3)
  const first = attempt.scan()
  const second = attempt.scan()
  attempt.run()
  assert.ok(first.digits)
  // before the agent has bound its route to the first phone, the relay lets the second one through
  assert.equal(second.failed, 'pair-busy')
  assert.equal(second.digits, null)
  assert.ok(attempt.told.includes('other device'))
  // from then on the relay refuses it
  const third = attempt.scan()
  attempt.run()
  assert.equal(third.failed, 'no-answer')
})

// pairing.m1.repeat
test('the same M1 gets the same M2 at any time, and is not another device', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  const [m1] = attempt.sent(M1) as [Uint8Array]
  attempt.hub.inject(phone.routeId, attempt.code.payload.routeId, m1)
  attempt.hub.inject(generateRouteKey().routeId, attempt.code.payload.routeId, m1)
  const answers = attempt.sent(M2)
  assert.equal(answers.length, 3)
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  assert.ok(!attempt.told.includes('other device'))
  // pairing.m2.once
  attempt.run()
  assert.equal(attempt.sent(M3).length, 1)
  assert.equal(attempt.agent.enterDigits(phone.digits ?? ''), 'ok')
})

// pairing.m1.failures
test('a code is given up after twenty frames that do not open', (t) => {
  const attempt = new Attempt(t)
  const { routeId } = attempt.code.payload
  const noise = () => {
    const { frame } = m1By(attempt)
    frame[60] = (frame[60] as number) ^ 1
    return frame
  }
  for (let i = 1; i < limits.openFailures; i++) attempt.hub.inject(routeId, routeId, noise())
  assert.equal(attempt.end, null)
  attempt.hub.inject(routeId, routeId, noise())
  assert.deepEqual(attempt.told, ['rejected'])
  // pairing.hs-error.silent
  assert.equal(attempt.hub.log.length, 0)
})

test('an M1 that names another route than it came from is refused and ends the attempt', (t) => {
  const attempt = new Attempt(t)
  const { frame } = m1By(attempt)
  const from = generateRouteKey().routeId
  attempt.hub.inject(from, attempt.code.payload.routeId, frame)
  assert.deepEqual(attempt.told, ['route-mismatch'])
  const [refusal] = attempt.sent(HS_ERROR) as [Uint8Array]
  assert.equal(unwrapError(attempt.code.payload.pairingSecret, refusal, frame), 'rejected')
})

test('an M1 of a lower suite than both have is refused as a downgrade', (t) => {
  const attempt = new Attempt(t)
  const routeId = generateRouteKey().routeId
  const { frame } = m1By(attempt, { suite: 1, routeId })
  attempt.hub.inject(routeId, attempt.code.payload.routeId, frame)
  assert.deepEqual(attempt.told, ['suite-downgrade'])
})

// pairing.m1.self
test('the own device is refused on both sides', (t) => {
  const attempt = new Attempt(t)
  assert.throws(() => attempt.scan({ identity: attempt.identity }), { code: 'identity-mismatch' })
  const routeId = generateRouteKey().routeId
  const { frame } = m1By(attempt, { identity: attempt.identity, routeId })
  attempt.hub.inject(routeId, attempt.code.payload.routeId, frame)
  assert.deepEqual(attempt.told, ['identity-mismatch'])
})

// pairing.identity.epoch
test('a certificate older than the stored one is refused on both sides', (t) => {
  const old = generateIdentity()
  const { cert: stored } = rotateIdentity(old)
  const attempt = new Attempt(t, { known: stored })
  const phone = attempt.scan({ identity: old })
  attempt.run()
  assert.deepEqual(attempt.told, ['epoch-rollback'])
  assert.equal(phone.failed, 'epoch-rollback')

  const other = new Attempt(t, { identity: old })
  const second = other.scan({ known: stored })
  other.run()
  assert.equal(second.failed, 'epoch-rollback')
  // pairing.controller.m2-error, pairing.agent.hs-error
  assert.deepEqual(other.told, ['scanned', 'epoch-rollback'])
})

// pairing.controller.m1-resend, pairing.wrap.salt
test('M1 goes out again, unchanged, after 15 s and on a new connection', (t) => {
  const attempt = new Attempt(t)
  attempt.lose(M1)
  const phone = attempt.scan()
  attempt.run()
  attempt.advance(limits.m1Resend - 1_000)
  assert.equal(attempt.sent(M1).length, 1)
  attempt.advance(1_000)
  assert.equal(attempt.sent(M1).length, 2)
  attempt.hub.cut(phone.routeId)
  attempt.hub.fault = () => 1
  attempt.hub.reconnect(phone.routeId)
  attempt.run()
  const all = attempt.sent(M1)
  assert.equal(all.length, 3)
  for (const frame of all) assert.deepEqual(frame, all[0])
  assert.ok(phone.digits)
})

// pairing.controller.m2-time
test('a phone without an M2 gives up after 30 s, and not before', (t) => {
  const attempt = new Attempt(t)
  attempt.lose(M1)
  const phone = attempt.scan()
  attempt.run()
  attempt.advance(limits.m2Time - 1_000)
  assert.equal(phone.failed, null)
  attempt.advance(1_000)
  assert.equal(phone.failed, 'no-answer')
  assert.equal(attempt.sent(M1).length, 2)
})

// pairing.m1.outstanding
test('with the ninth scan of one phone its oldest attempt is over, and the others wait on', (t) => {
  const attempt = new Attempt(t)
  attempt.lose(M1)
  const identity = generateIdentity()
  const phones = Array.from({ length: limits.bundles }, () => attempt.scan({ identity }))
  attempt.scan()
  attempt.run()
  assert.ok(phones.every(({ failed }) => failed === null))
  attempt.scan({ identity })
  const failed = phones.map((phone) => phone.failed)
  assert.deepEqual(failed, ['no-answer', ...failed.slice(1).fill(null)])
})

test('an attempt that is over counts no more', (t) => {
  const attempt = new Attempt(t)
  attempt.lose(M1)
  const identity = generateIdentity()
  const phones = Array.from({ length: limits.bundles }, () => attempt.scan({ identity }))
  phones[3]?.pairing.cancel()
  attempt.scan({ identity })
  assert.ok(phones.every(({ failed }) => failed === null))
})

test('a lost M2 is answered again when M1 is repeated', (t) => {
  const attempt = new Attempt(t)
  attempt.lose(M2)
  const phone = attempt.scan()
  attempt.run()
  attempt.hub.fault = () => 1
  attempt.advance(limits.m1Resend)
  assert.ok(phone.digits)
  assert.equal(attempt.agent.enterDigits(phone.digits), 'ok')
})

// pairing.controller.m3-resend
test('M3 goes out again, unchanged, 2, 4, 8 and 16 s after the first, and on a new connection', (t) => {
  const attempt = new Attempt(t)
  attempt.lose(M3)
  const phone = attempt.scan()
  const start = Date.now()
  const at: number[] = []
  for (let i = 0; i < 29; i++) {
    const before = attempt.sent(M3).length
    attempt.advance(i === 0 ? 100 : 1_000)
    if (attempt.sent(M3).length > before) at.push(Math.round((Date.now() - start) / 1_000))
  }
  assert.deepEqual(at, [0, 2, 4, 8, 16])
  attempt.hub.fault = () => 1
  attempt.hub.cut(phone.routeId)
  attempt.hub.reconnect(phone.routeId)
  attempt.run()
  const all = attempt.sent(M3)
  assert.equal(all.length, 6)
  for (const frame of all) assert.deepEqual(frame, all[0])
  assert.equal(attempt.told.at(-1), 'digits 3')
})

// pairing.agent.repeated-m3
test('a repeated M3 changes nothing and is answered with nothing', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  const [m3] = attempt.sent(M3) as [Uint8Array]
  const before = attempt.hub.log.length
  attempt.hub.inject(phone.routeId, attempt.code.payload.routeId, m3)
  attempt.run()
  assert.equal(attempt.hub.log.length, before)
  assert.deepEqual(attempt.told, ['scanned', 'digits 3'])
})

/** The agent's part by hand, to answer a phone with what no agent sends. */
function answerWith(attempt: Attempt, change: (m2: Uint8Array) => Uint8Array): void {
  attempt.hub.fault = (frame) => {
    if (frame.payload[1] !== M2) return 1
    const changed = change(frame.payload)
    attempt.hub.inject(attempt.code.payload.routeId, Buffer.from(frame.to, 'hex'), changed)
    return 0
  }
}

test('an M2 that was changed on the way is met with silence, and the true one still counts', (t) => {
  const attempt = new Attempt(t)
  answerWith(attempt, (m2) => {
    const changed = new Uint8Array(m2)
    changed[100] = (changed[100] as number) ^ 1
    return changed
  })
  const phone = attempt.scan()
  attempt.run()
  assert.equal(phone.failed, null)
  assert.equal(attempt.sent(HS_ERROR).length, 0)
  attempt.hub.fault = () => 1
  attempt.advance(limits.m1Resend)
  assert.ok(phone.digits)
})

// pairing.controller.m2-error, pairing.hs-error.reference
test('an M2 that opens and does not verify ends both sides', (t) => {
  const attempt = new Attempt(t)
  const body = new Uint8Array(1_388)
  // an epoch of 1; no prekey of the M1 has the ids 0
  body[67] = 1
  answerWith(attempt, () => wrap(attempt.secret, 'M2', 2, body))
  const phone = attempt.scan()
  attempt.run()
  assert.equal(phone.failed, 'prekey-unknown')
  const [refusal] = attempt.sent(HS_ERROR) as [Uint8Array]
  assert.ok(refusal)
})

test('an M2 that opens and has the wrong length, or another suite, ends the attempt of the phone', (t) => {
  for (const [suite, size, code] of [
    [2, 17, 'length'],
    [1, 300, 'suite'],
  ] as const) {
    const attempt = new Attempt(t)
    answerWith(attempt, () => wrap(attempt.secret, 'M2', suite, new Uint8Array(size)))
    const phone = attempt.scan()
    attempt.run()
    assert.equal(phone.failed, code)
    assert.equal(attempt.sent(HS_ERROR).length, 1)
  }
})

// pairing.m2.device
test('a phone that scanned a substituted code notices that another agent answers', (t) => {
  const attempt = new Attempt(t)
  const payload = { ...attempt.code.payload, deviceId: generateIdentity().deviceId }
  const phone = attempt.scan({ code: { ...attempt.code, payload } })
  attempt.run()
  assert.equal(phone.failed, 'identity-mismatch')
  assert.equal(phone.digits, null)
  assert.equal(attempt.told.at(-1), 'identity-mismatch')
})

test('an HS_ERROR that is forged, or answers another frame, is ignored on both sides', (t) => {
  const attempt = new Attempt(t)
  attempt.lose(M2)
  const phone = attempt.scan()
  attempt.run()
  const { routeId } = attempt.code.payload
  const [m1, m2] = [attempt.sent(M1)[0], attempt.sent(M2)[0]] as [Uint8Array, Uint8Array]
  const forged = (answered: Uint8Array) => wrapError(new Uint8Array(16), answered, 'rejected')
  const other = wrapError(attempt.secret, m1By(attempt).frame, 'rejected')
  for (const frame of [forged(m1), other, wrapError(attempt.secret, m2, 'rejected')]) {
    attempt.hub.inject(routeId, phone.routeId, frame)
  }
  for (const frame of [forged(m2), other, wrapError(attempt.secret, m1, 'rejected')]) {
    attempt.hub.inject(phone.routeId, routeId, frame)
  }
  assert.equal(phone.failed, null)
  assert.equal(attempt.end, null)
  // pairing.agent.hs-error
  attempt.hub.inject(phone.routeId, routeId, wrapError(attempt.secret, m2, 'identity-mismatch'))
  assert.equal(attempt.told.at(-1), 'identity-mismatch')
  // pairing.hs-error.no-loop
  assert.equal(attempt.sent(HS_ERROR).length, 0)
  attempt.hub.inject(routeId, phone.routeId, wrapError(attempt.secret, m1, 'pair-busy'))
  assert.equal(phone.failed, 'pair-busy')
})

// pairing.agent.refused, pairing.m3.confirm
test('an M3 that opens and does not verify ends the attempt with HS_ERROR', (t) => {
  for (const body of [new Uint8Array(128), new Uint8Array(5)]) {
    const attempt = new Attempt(t)
    attempt.lose(M3)
    const phone = attempt.scan()
    attempt.run()
    const frame = wrap(attempt.secret, 'M3', 2, body)
    attempt.hub.inject(phone.routeId, attempt.code.payload.routeId, frame)
    assert.equal(attempt.told.at(-1), body.length === 128 ? 'confirm' : 'length')
    const refusal = attempt.sent(HS_ERROR)[0] as Uint8Array
    assert.equal(unwrapError(attempt.code.payload.pairingSecret, refusal, frame), 'rejected')
    assert.equal(attempt.stored.length, 0)
  }
})

// pairing.wrap.open, pairing.hs-error.silent, pairing.wrap.version, pairing.wrap.length, pairing.wrap.suite
test('noise of every kind, before and after each step, ends nothing and is answered with nothing', (t) => {
  const noise = [0, 1, 2, 35, 36, 51, 52, 180, 352, 370, 1_440, 1_554].flatMap((length) =>
    [0, M1, M2, M3, R1, 7, HS_ERROR, 0x10, 0x11, 0xff].flatMap((type) =>
      [
        [1, 1],
        [1, 2],
        [2, 1],
        [1, 9],
      ].map(([version, suite]) => {
        const frame = new Uint8Array(randomBytes(length))
        frame.set([version as number, type, 0, suite as number].slice(0, length))
        return frame
      }),
    ),
  )
  const attempt = new Attempt(t)
  const { routeId } = attempt.code.payload
  const shower = (phone: Phone) => {
    const before = attempt.hub.log.length
    for (const frame of noise) {
      attempt.hub.inject(phone.routeId, routeId, frame)
      attempt.hub.inject(routeId, phone.routeId, frame)
    }
    assert.equal(attempt.hub.log.length, before)
  }
  attempt.lose(M2)
  const phone = attempt.scan()
  attempt.run()
  shower(phone)
  attempt.lose(M3)
  attempt.advance(limits.m1Resend)
  shower(phone)
  attempt.hub.fault = () => 1
  attempt.advance(2_000)
  shower(phone)
  assert.deepEqual(attempt.told, ['scanned', 'digits 3'])
  assert.equal(attempt.agent.enterDigits(phone.digits ?? ''), 'ok')
  attempt.run()
  assert.equal(phone.record?.state, 'stored')
})

test('noise does not make the end of an attempt fail: the phone still hears of it', (t) => {
  const attempt = new Attempt(t)
  attempt.lose(M3)
  const phone = attempt.scan()
  attempt.run()
  for (const head of [
    [2, M3, 0, 2],
    [1, M3, 0, 1],
    [1, M3, 0, 9],
  ]) {
    const frame = new Uint8Array(180)
    frame.set(head)
    attempt.hub.inject(phone.routeId, attempt.code.payload.routeId, frame)
  }
  assert.equal(attempt.end, null)
  attempt.advance(limits.m3Time)
  assert.equal(attempt.told.at(-1), 'pair-expired')
  assert.equal(attempt.sent(HS_ERROR).length, 1)
})

// pairing.controller.complete-time, pairing.rekey.stored
test('a phone that was killed while it showed the digits is confirmed by a rekey', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  const record = phone.record as PairingRecord
  phone.link?.close()
  attempt.run()
  assert.equal(attempt.agent.enterDigits(phone.digits ?? ''), 'ok')
  attempt.advance(15_000)
  const states: string[] = []
  const revived = new Link({
    identity: phone.identity,
    record,
    socket: attempt.hub.socket,
    name: 'phone',
    clocks,
    handlers: {
      onMessage: () => {},
      onChunk: () => {},
      onReady: () => {},
      onSessionEnd: () => {},
      onPeer: () => {},
      onRecord: (changed) => states.push(changed.state),
      onRevoked: () => {},
      onBlocked: () => {},
    },
  })
  phone.link = revived
  attempt.advance(2_000)
  assert.deepEqual(states.slice(0, 1), ['stored'])
  assert.ok(revived.ready)
})

test('a phone whose record is not confirmed takes nothing but control', (t) => {
  const attempt = new Attempt(t)
  const phone = attempt.scan()
  attempt.run()
  // pair.complete is lost: the first ratchet frame of the agent, and its repetitions
  attempt.hub.fault = ({ payload, from }) =>
    payload[1] === 0x10 && from !== Buffer.from(phone.routeId).toString('hex') ? 0 : 1
  assert.equal(attempt.agent.enterDigits(phone.digits ?? ''), 'ok')
  attempt.run()
  attempt.link?.send({ id: crypto.randomUUID(), type: 'event', method: 'claude.state', params: {} }, true)
  attempt.run()
  assert.equal(phone.messages, 0)
  assert.equal(phone.record?.state, 'unconfirmed')
})

// pairing.schedule.ppk
test('the digits of two attempts, and their keys, differ', (t) => {
  const identity = generateIdentity()
  const seen = [0, 1].map(() => {
    const attempt = new Attempt(t)
    const phone = attempt.scan({ identity })
    attempt.run()
    attempt.agent.enterDigits(phone.digits ?? '')
    return Buffer.from(attempt.stored[0]?.pairingKey ?? []).toString('hex')
  })
  assert.notEqual(seen[0], seen[1])
})

test('a pairing code offers the suites that the agent has', (t) => {
  assert.equal(new Attempt(t).code.payload.suites, SUITE_BITS)
})
