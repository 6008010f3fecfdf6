import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Store } from '../../session/store.ts'
import { codeOf } from '../testing/code.ts'
import { Pairing } from './pairing.ts'

const START = 1_700_000_000_000
const LIFE = 120_000

function begin(): Pairing {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START })
  return new Pairing({} as Store, () => {})
}

test('takeScanned() takes a code and a link with one, in any case, and leaves whatever else a camera sees alone', () => {
  const pairing = begin()
  try {
    const code = codeOf((START + LIFE) / 1_000)
    const link = `https://control.example.com/pair#${code.slice('HAPPY://'.length)}`
    for (const other of ['https://example.org/', 'WIFI:S:guests;;', 'https://example.org/#/pair', '', code.slice(8)]) {
      assert.equal(pairing.takeScanned(other), false, other)
      assert.deepEqual(pairing.step.value, { at: 'code' }, other)
    }
    for (const ours of [code, code.toLowerCase(), link, link.toLowerCase()]) {
      assert.equal(pairing.takeScanned(ours), true, ours)
      assert.equal(pairing.step.value.at, 'consent', ours)
      pairing.restart()
    }
    for (const [bad, why] of [
      [codeOf((START - limits.qrSkew) / 1_000 - 1), 'qr-expired'],
      [codeOf((START + LIFE) / 1_000, 9), 'qr-version'],
    ] as const) {
      assert.equal(pairing.takeScanned(bad), true)
      assert.deepEqual(pairing.step.value, { at: 'code', why })
    }
  } finally {
    mock.timers.reset()
  }
})

test('take() lets a code go that is over by any clock while the person still reads', () => {
  const pairing = begin()
  try {
    pairing.take(codeOf((START + LIFE) / 1_000))
    mock.timers.tick(LIFE + limits.qrSkew)
    assert.equal(pairing.step.value.at, 'consent')
    mock.timers.tick(2)
    assert.deepEqual(pairing.step.value, { at: 'code', why: 'qr-expired' })

    pairing.take(codeOf(Math.ceil((Date.now() + LIFE) / 1_000)))
    pairing.restart()
    mock.timers.tick(LIFE + limits.qrSkew + 2_000)
    assert.deepEqual(pairing.step.value, { at: 'code' })
  } finally {
    mock.timers.reset()
  }
})
