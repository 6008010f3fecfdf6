import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { layouts, schemas } from '../generate/declarations.ts'
import { emit } from '../generate/emit.ts'
import { distFiles, kebab, SCHEMA_BASE } from '../generate/files.ts'
import { arbitraryOfSchema, type JsonSchema } from './arbitrary.ts'

const files = distFiles()
const dist = join(import.meta.dirname, '../dist')
const schemaFiles = [...files].filter(([path]) => !path.startsWith('data/'))

/** Keywords that may appear where a schema stands; each of them has one meaning from draft-07 to now. */
const DRAFT_07 = new Set([
  ...['$schema', '$id', 'title', 'description', 'type', 'const', 'enum', 'anyOf', 'properties', 'required'],
  ...['additionalProperties', 'items', 'minItems', 'maxItems', 'minimum', 'maximum', 'minLength', 'maxLength'],
  'pattern',
])

function* schemasIn(schema: JsonSchema): Generator<JsonSchema> {
  yield schema
  for (const child of [...(schema.anyOf ?? []), ...Object.values(schema.properties ?? {})]) yield* schemasIn(child)
  if (schema.items) yield* schemasIn(schema.items)
}

test('schemas/dist is what the declarations give', () => {
  const committed = new Map(
    readdirSync(dist, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(dist.length + 1), readFileSync(path, 'utf8')]),
  )
  assert.deepEqual([...committed.keys()].sort(), [...files.keys()].sort())
  for (const [path, text] of files) assert.equal(committed.get(path), text, `${path}: run npm run generate`)
})

test('every schema is draft-07 and its $id agrees with its file name', () => {
  for (const [path, text] of schemaFiles) {
    const schema = JSON.parse(text)
    assert.equal(schema.$schema, 'http://json-schema.org/draft-07/schema#')
    assert.equal(schema.$id, SCHEMA_BASE + path)
    for (const part of schemasIn(schema)) {
      assert.deepEqual(
        Object.keys(part).filter((keyword) => !DRAFT_07.has(keyword)),
        [],
        path,
      )
    }
  }
})

test('what a client sends to a relay and every layout forbid unknown members, all else allows them', () => {
  const strict = new Set(['RelayBind', 'RelayUnbind', 'RelayPing', ...layouts.keys()])
  for (const [path, text] of schemaFiles) {
    const schema = JSON.parse(text)
    if (schema.type !== 'object') continue
    assert.equal(schema.additionalProperties, strict.has(schema.title) ? false : undefined, path)
  }
})

test('a file of dist refuses and accepts what its declaration does', () => {
  for (const name of ['RelayError', 'ControlHello', 'Failure', 'PermissionRequest', 'QuestionRequest']) {
    const committed = Compile(JSON.parse(files.get(`${kebab(name)}.json`) as string))
    const declared = schemas.get(name)
    assert.ok(declared)
    fc.assert(fc.property(arbitraryOfSchema(declared), (value) => committed.Check(value)))
    assert.equal(committed.Check({}), false)
  }
})

test('kebab() splits words and the number of a suite', () => {
  assert.equal(kebab('RelayDeliveryFailed'), 'relay-delivery-failed')
  assert.equal(kebab('M2Body1'), 'm2-body-1')
  assert.equal(kebab('HsErrorBody'), 'hs-error-body')
})

test('emit() with check changes nothing and names what is missing, different and stale', () => {
  const root = mkdtempSync(join(tmpdir(), 'emit-'))
  const wanted = new Map([
    ['dist/a.json', '1'],
    ['dist/deep/b.json', '2'],
  ])
  assert.deepEqual(emit(root, wanted, { check: true, owned: ['dist'] }), ['dist/a.json', 'dist/deep/b.json'])
  assert.deepEqual(readdirSync(root), [])
  assert.deepEqual(emit(root, wanted, { check: false, owned: ['dist'] }), ['dist/a.json', 'dist/deep/b.json'])
  writeFileSync(join(root, 'dist/a.json'), 'other')
  writeFileSync(join(root, 'dist/old.json'), '3')
  assert.deepEqual(emit(root, wanted, { check: true, owned: ['dist'] }), ['dist/a.json', 'dist/old.json'])
  emit(root, wanted, { check: false, owned: ['dist'] })
  assert.deepEqual(emit(root, wanted, { check: true, owned: ['dist'] }), [])
  assert.deepEqual(readdirSync(join(root, 'dist')).sort(), ['a.json', 'deep'])
})
