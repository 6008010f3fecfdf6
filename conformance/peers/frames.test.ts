import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Failed, SuiteError } from '../shim/trouble.ts'
import {
  assertRightFrame,
  assertRightText,
  assertWrongFrame,
  assertWrongText,
  readFrame,
  readMessage,
} from './frames.ts'
import { Route } from './route.ts'
import { wrongBinds } from './wrong-binds.ts'
import { longPing, wrongFrames, wrongMessages, wrongTexts } from './wrong-texts.ts'

const MAX = 262_400
const text = (value: unknown) => Buffer.from(JSON.stringify(value))

describe('frames that a scripted client sends', () => {
  test('a right text that its schema rejects is a mistake of the suite', () => {
    assert.throws(() => assertRightText('{"type":"ping"}'), SuiteError)
    assert.throws(() => assertRightText(longPing(4_097)), SuiteError)
    assertRightText(longPing(4_096))
  })

  test('a wrong text that its schema accepts is a mistake of the suite', () => {
    assert.throws(() => assertWrongText(text({ type: 'ping', timestamp: 1 })), SuiteError)
  })

  test('a frame is judged by the layout in both directions', () => {
    assert.throws(() => assertRightFrame(new Uint8Array(32), MAX), SuiteError)
    assert.throws(() => assertWrongFrame(Buffer.concat([Buffer.of(1), new Uint8Array(32)]), MAX), SuiteError)
  })

  for (const [name, content] of Object.entries({ ...wrongTexts, ...wrongMessages })) {
    test(`the wrong text "${name}" is wrong`, () => assertWrongText(Buffer.from(content)))
  }

  for (const [name, make] of Object.entries(wrongFrames)) {
    test(`the binary frame that ${name} is wrong`, () => assertWrongFrame(make(new Route().id, new Route().id), MAX))
  }

  for (const [name, { kind, make }] of Object.entries(wrongBinds)) {
    test(`a bind ${name} is ${kind === 'shape' ? 'rejected' : 'accepted'} by its schema`, () => {
      const right = {
        route: new Route(),
        origin: 'ws://localhost:80',
        nonce: new Uint8Array(32),
        peer: new Uint8Array(16).fill(1),
        otherNonce: new Uint8Array(32).fill(1),
      }
      const bytes = text(make(right))
      if (kind === 'shape') assertWrongText(bytes)
      else assertRightText(bytes.toString())
    })
  }
})

describe('frames that a relay sends', () => {
  test('a message that its schema rejects is a failure of the relay', () => {
    assert.throws(() => readMessage(text({ type: 'pong' })), Failed)
    assert.throws(() => readMessage(text({ type: 'error', code: 'bad-request', message: '' })), Failed)
    assert.throws(() => readMessage(text([])), Failed)
    assert.throws(() => readMessage(Buffer.of(0xff)), Failed)
  })

  test('unknown members and unknown types are allowed', () => {
    assert.equal(readMessage(text({ type: 'pong', timestamp: 1, more: 1 })).type, 'pong')
    assert.equal(readMessage(text({ type: 'unstable-news' })).type, 'unknown')
  })

  test('a binary frame that is none is a failure of the relay', () => {
    assert.throws(() => readFrame(new Uint8Array(32)), Failed)
  })
})
