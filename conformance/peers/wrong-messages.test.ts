import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { QrPayload } from '@happy-remote/schemas/pairing.ts'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { ascii } from '@happy-remote/vectors/protocol/bytes.ts'
import { decodeUri, payloadToUri } from '@happy-remote/vectors/protocol/qr.ts'
import { PAIRING } from '@happy-remote/vectors/protocol/schedule.ts'
import { open } from '@happy-remote/vectors/protocol/wrap.ts'
import { AgentRun } from './agent-run.ts'
import { ControllerRun } from './controller-run.ts'
import { Device, random } from './device.ts'
import { rightSpellings, wrongCodes } from './wrong-codes.ts'
import { wrongM1 } from './wrong-m1.ts'
import { wrongM2 } from './wrong-m2.ts'
import { wrongM3 } from './wrong-m3.ts'
import { wrongWraps } from './wrong-wraps.ts'

const route = random(16)
const controllerDevice = new Device()
const agentDevice = new Device()
const shared = { mode: PAIRING, secret: random(16), ctx: random(64) } as const
const expectation = { from: route, offered: 3, lastSuite: 0, pinned: null }

const begin = (suite: 1 | 2 = 2) => new ControllerRun(controllerDevice, { ...shared, suite }, route, 3)
const answer = (m1: Uint8Array) => AgentRun.accept(agentDevice, shared, m1, expectation)

const refusedWith = (code: string) => (error: Error) => error.message.includes(`"${code}"`)

describe('Each wrong message is wrong by its name, and the reference code says so', () => {
  for (const [name, { code, suite, ...fault }] of Object.entries(wrongM1)) {
    test(`an M1 ${name}`, async () => {
      await assert.rejects(answer(await begin(suite).makeM1(fault)), refusedWith(code))
    })
  }
  for (const [name, { code, ...fault }] of Object.entries(wrongM2)) {
    test(`an M2 ${name}`, async () => {
      const run = begin()
      const m2 = await (await answer(await run.makeM1())).makeM2(fault)
      await assert.rejects(run.acceptM2(m2, await agentDevice.deviceId(), null), refusedWith(code))
    })
  }
  for (const [name, { code, ...fault }] of Object.entries(wrongM3)) {
    test(`an M3 ${name}`, async () => {
      const run = begin()
      const agent = await answer(await run.makeM1())
      await run.acceptM2(await agent.makeM2(), await agentDevice.deviceId(), null)
      await assert.rejects(agent.acceptM3(await run.makeM3(fault)), refusedWith(code))
    })
  }
  for (const [name, fault] of Object.entries(wrongWraps)) {
    test(`a frame ${name} does not open`, async () => {
      await assert.rejects(open(noble, shared.secret, await begin().makeM1(fault), [1]), ProtocolError)
    })
  }

  const right: QrPayload = {
    ...{
      flags: 1,
      suites: 3,
      expiry: 2_000_000_000,
      deviceId: random(16),
      routeId: random(16),
      pairingSecret: random(16),
    },
    relay: ascii('127.0.0.1:8080'),
  }
  for (const [name, { code, payload, bytes, text }] of Object.entries(wrongCodes)) {
    test(`a code ${name}`, () => {
      const encoded = QrPayload.encode({ ...right, ...payload?.(right) })
      const uri = payloadToUri(bytes?.(encoded) ?? encoded)
      assert.throws(
        () => decodeUri(text?.(uri) ?? uri, 1_900_000_000, 3),
        (error) => error instanceof ProtocolError && error.code === code,
      )
    })
  }
  for (const [name, spell] of Object.entries(rightSpellings)) {
    test(`a code ${name} is read all the same`, () => {
      const uri = payloadToUri(QrPayload.encode(right))
      assert.deepEqual(decodeUri(spell(uri), 1_900_000_000, 3), decodeUri(uri, 1_900_000_000, 3))
    })
  }
})
