import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Compile } from 'typebox/compile'
import { layouts } from '../schemas/generate/declarations.ts'
import { schemaFilesOf } from './asyncapi-document.ts'
import { asyncapiFiles, documents } from './generate-asyncapi.ts'
import { differences, schemaFileOf, strict } from './strict.ts'

const folder = join(import.meta.dirname, 'examples')
const dist = join(import.meta.dirname, '../schemas/dist')

const readJson = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), 'utf8'))

interface Examples {
  readonly name: string
  readonly valid: ReadonlyMap<string, unknown>
  readonly invalid: ReadonlyMap<string, unknown>
}

const sets: readonly Examples[] = readdirSync(folder).map((name) => {
  const files = readdirSync(join(folder, name))
  for (const file of files) assert.match(file, /^(valid|invalid)-[a-z0-9-]+\.json$/, `${name}/${file}`)
  const startingWith = (start: string) =>
    new Map(files.filter((file) => file.startsWith(start)).map((file) => [file, readJson(folder, name, file)]))
  return { name, valid: startingWith('valid-'), invalid: startingWith('invalid-') }
})

const validatorOf = (name: string) => {
  const file = schemaFileOf(name)
  return Compile(strict(readJson(dist, file) as object, !file.startsWith('rpc/')))
}

/** What is not a message by itself, but has examples because a client must read or write it. */
const PARTS = ['IdentityCert', 'Prekeys', 'QrPayload', 'SkippedKey', 'StateImage', 'StreamReference']
const ENVELOPE = ['Request', 'Success', 'Event']

test('every schema that an AsyncAPI message points at is there and has valid and invalid examples', () => {
  const withExamples = new Map(sets.map(({ name }) => [schemaFileOf(name), name]))
  for (const { file, messages } of documents) {
    for (const message of messages) {
      const schemaFiles = schemaFilesOf(message)
      assert.ok(schemaFiles.length > 0, `${file}: ${message.name} points at no schema`)
      for (const schema of schemaFiles) {
        assert.ok(existsSync(join(dist, schema)), `${file}: ${message.name} points at ${schema}`)
        assert.ok(withExamples.has(schema), `${message.name}: no examples for ${schema}`)
      }
    }
  }
  for (const name of [...PARTS, ...ENVELOPE]) assert.ok(withExamples.has(schemaFileOf(name)), name)
  for (const { name, valid, invalid } of sets) assert.ok(valid.size > 0 && invalid.size > 0, name)
})

test('no folder of examples is orphaned', () => {
  const wanted = new Set([
    ...documents.flatMap(({ messages }) => messages.flatMap(schemaFilesOf)),
    ...[...PARTS, ...ENVELOPE].map(schemaFileOf),
  ])
  assert.deepEqual(
    sets.map(({ name }) => name).filter((name) => !wanted.has(schemaFileOf(name))),
    [],
  )
})

for (const { name, valid, invalid } of sets) {
  test(`examples of ${name} are accepted and refused by its schema`, () => {
    const validator = validatorOf(name)
    for (const [file, value] of valid) assert.ok(validator.Check(value), `${name}/${file} is refused`)
    for (const [file, value] of invalid) assert.ok(!validator.Check(value), `${name}/${file} is accepted`)
  })

  test(`each invalid example of ${name} differs from a valid one in one place`, () => {
    for (const [file, value] of invalid) {
      const least = Math.min(...[...valid.values()].map((good) => differences(good, value)))
      assert.equal(least, 1, `${name}/${file}`)
    }
  })
}

test('valid examples of layouts encode to bytes that decode to the same JSON', () => {
  for (const { name, valid } of sets) {
    const layout = layouts.get(name)
    if (layout === undefined) continue
    for (const value of valid.values()) {
      const bytes = layout.encode(layout.fromJson(value))
      assert.deepEqual(layout.toJson(layout.decode(bytes)), value)
    }
  }
})

test('invalid examples of layouts cannot be read', () => {
  for (const { name, invalid } of sets) {
    const layout = layouts.get(name)
    for (const [file, value] of layout ? invalid : []) assert.throws(() => layout?.fromJson(value), `${name}/${file}`)
  }
})

test('messages within the examples of batches fit the schema of their own method', () => {
  const batches = sets.find(({ name }) => name === 'Batch')
  for (const batch of batches?.valid.values() ?? []) {
    for (const message of (batch as { messages: { type: string; method?: string }[] }).messages) {
      if (message.method === undefined) continue
      assert.ok(validatorOf(`${message.method}.${message.type}`).Check(message), message.method)
    }
  }
})

test('spec/asyncapi is what the declarations give', () => {
  for (const [path, text] of asyncapiFiles()) {
    assert.equal(readFileSync(join(import.meta.dirname, path), 'utf8'), text, `${path}: run npm run generate`)
  }
})

test('operations use messages of their document only, each message once in each direction at most', () => {
  for (const { file, messages, operations } of documents) {
    const known = new Set(messages.map(({ name }) => name))
    const used = new Set(operations.flatMap(({ message, replies = [] }) => [message, ...replies]))
    assert.deepEqual(
      [...used].filter((name) => !known.has(name)),
      [],
      file,
    )
    assert.deepEqual(
      [...known].filter((name) => !used.has(name)),
      [],
      `${file}: messages that nobody sends`,
    )
    assert.equal(new Set(operations.map(({ name }) => name)).size, operations.length, file)
    const directions = operations.map(({ action, message }) => `${action} ${message}`)
    assert.equal(new Set(directions).size, directions.length, file)
  }
})

test('strict() forbids unknown members at every depth and leaves an open object open', () => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'object', properties: {} },
      b: { type: 'array', items: { anyOf: [{ type: 'object', properties: { c: {} } }] } },
    },
  }
  const closed = Compile(strict(schema, false))
  assert.ok(closed.Check({ a: {}, b: [{ c: 1 }] }))
  for (const value of [{ x: 1 }, { a: { x: 1 } }, { b: [{ x: 1 }] }]) assert.equal(closed.Check(value), false)
  assert.ok(Compile(strict(schema, true)).Check({ a: { x: 1 } }))
})

test('differences() counts the places in which two values differ', () => {
  assert.equal(differences({ a: 1, b: [1, 2] }, { a: 1, b: [1, 2] }), 0)
  assert.equal(differences({ a: 1, b: [1, 2] }, { a: 2, b: [1, 3] }), 2)
  assert.equal(differences({ a: 1 }, {}), 1)
  assert.equal(differences([1], [1, 2]), 1)
  assert.equal(differences({}, []), 1)
  assert.equal(differences(null, {}), 1)
})
