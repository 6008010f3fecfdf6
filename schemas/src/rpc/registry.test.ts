import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { arbitraryOfSchema } from '../../test/arbitrary.ts'
import { CAPABILITIES } from '../constants.ts'
import { codesAt } from '../errors.ts'
import { limits } from '../limits.ts'
import { Batch, Message } from './envelope.ts'
import { COMMON_ERRORS, type EventType, type Method } from './method.ts'
import { events, methods } from './registry.ts'

const allMethods: readonly Method[] = Object.values(methods)
const allEvents: readonly EventType[] = Object.values(events)

test('every method and event is listed under its own name, and no event has the name of a method', () => {
  for (const [key, { name }] of [...Object.entries(methods), ...Object.entries(events)]) assert.equal(key, name)
  for (const name of Object.keys(events)) assert.ok(!(name in methods), name)
})

test('every file that defines a method is in the registry, one method a file, named after it', () => {
  const defining = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'method.ts')
    .flatMap((file) => {
      const source = readFileSync(`${import.meta.dirname}/${file}`, 'utf8')
      return [...source.matchAll(/= defineMethod\(\{\s*name: '([^']+)'/g)].map((found) => [file, found[1] as string])
    })
  assert.deepEqual(defining.map(([, name]) => name).sort(), Object.keys(methods).sort())
  for (const [file, name = ''] of defining) {
    const words = name.replaceAll('.', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    assert.equal(file, `${words}.ts`)
  }
})

test('every event that is defined is in the registry', () => {
  const source = readFileSync(`${import.meta.dirname}/events.ts`, 'utf8')
  const defined = [...source.matchAll(/= defineEvent\(\{\s*name: '([^']+)'/g)].map((found) => found[1])
  assert.deepEqual(defined.sort(), Object.keys(events).sort())
})

test('names fit the envelope', () => {
  for (const { name } of [...allMethods, ...allEvents]) {
    assert.match(name, /^[a-z]+\.[a-z]+([A-Z][a-z]+)*$/)
    assert.ok(name.length <= 64)
  }
})

test('capabilities and error codes are of their registries, and no common code is repeated', () => {
  for (const { name, capability } of [...allMethods, ...allEvents]) assert.ok(CAPABILITIES.includes(capability), name)
  for (const { name, errors } of allMethods) {
    for (const code of errors) assert.ok(codesAt('rpc').includes(code), `${name}: ${code}`)
    assert.deepEqual(
      errors.filter((code) => COMMON_ERRORS.includes(code)),
      [],
      name,
    )
    assert.equal(new Set(errors).size, errors.length, name)
  }
  for (const code of COMMON_ERRORS) assert.ok(codesAt('rpc').includes(code), code)
})

test('every method and event is documented by a sentence', () => {
  for (const { name, doc } of [...allMethods, ...allEvents]) assert.match(doc, /^[A-Z].*\.$/, name)
})

test('what is asked and answered never waits for a batch, and every such event is journaled', () => {
  for (const { name, urgent, journaled } of allEvents) {
    assert.equal(urgent, /^(permission|question)\./.test(name), name)
    if (urgent) assert.ok(journaled, name)
  }
})

test('a message is a request, a response or an event, and ids are lower-case UUIDs', () => {
  const validator = Compile(Message)
  const id = '6f1c9a52-0d3e-4b7a-9c55-2f8e4d1b7a90'
  assert.ok(validator.Check({ id, type: 'request', method: 'agent.info', params: {} }))
  assert.ok(validator.Check({ id, type: 'response', result: null }))
  assert.ok(validator.Check({ id, type: 'response', error: { code: 'busy', message: 'later' } }))
  assert.ok(validator.Check({ id, type: 'event', method: 'claude.state', params: {} }))
  assert.equal(validator.Check({ id: id.toUpperCase(), type: 'response', result: null }), false)
  assert.equal(validator.Check({ id, type: 'response' }), false)
  assert.equal(validator.Check({ id, type: 'response', error: { code: 'replay', message: 'local code' } }), false)
  assert.equal(validator.Check({ id, type: 'request', method: 'agent.info', params: [] }), false)
})

test('a batch has two to ten messages and none within', () => {
  const validator = Compile(Batch)
  const [message] = fc.sample(arbitraryOfSchema(Message), { numRuns: 1, seed: 1 })
  const batch = (count: number) => ({ type: 'batch', messages: Array.from({ length: count }, () => message) })
  for (let count = 0; count <= limits.batchMessages + 1; count++) {
    assert.equal(validator.Check(batch(count)), count >= 2 && count <= limits.batchMessages, `${count}`)
  }
  assert.equal(validator.Check({ type: 'batch', messages: [batch(2), message] }), false)
})
