import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Compile } from 'typebox/schema'
import type { VectorFile } from './generate/file.ts'
import { generate } from './generate/generate.ts'

const root = new URL('./', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const vectorNames = readdirSync(root).filter((name) => name.endsWith('.json') && name !== 'package.json')
const fileOf = (name: string): VectorFile => JSON.parse(read(name)) as VectorFile

const generated = await generate()

test('regeneration gives the committed files byte for byte', () => {
  for (const [path, text] of generated) {
    assert.ok(read(path) === text, `${path} differs: npm run vectors:generate, then look at the difference`)
  }
})

test('no vector file and no schema is left from an earlier generator', () => {
  const schemas = readdirSync(new URL('schema/', root)).map((name) => `schema/${name}`)
  for (const name of [...vectorNames, ...schemas]) assert.ok(generated.has(name), `${name} is not generated`)
})

test('SHA256SUMS lists every vector file with its hash', () => {
  const lines = read('SHA256SUMS').trimEnd().split('\n')
  const expected = vectorNames.map((name) => `${createHash('sha256').update(read(name)).digest('hex')}  ${name}`)
  assert.deepEqual(lines.toSorted(), expected.toSorted())
})

for (const name of vectorNames) {
  test(`${name} fits its schema, and its schema refuses an unknown member`, () => {
    const file = fileOf(name)
    const schema = Compile(JSON.parse(read(file.schema)))
    const [fits, errors] = schema.Errors(file)
    assert.ok(fits, JSON.stringify(errors.slice(0, 3)))
    assert.ok(!schema.Check({ ...file, more: 1 }))
    const [group] = file.groups
    const [first] = group?.tests ?? []
    assert.ok(!schema.Check({ ...file, groups: [{ ...group, tests: [{ ...first, more: 1 }] }] }))
  })

  test(`${name} uses each of its flags, and names valid cases in from`, () => {
    const file = fileOf(name)
    const tests = file.groups.flatMap((group) => group.tests)
    const used = new Set(tests.flatMap(({ flags }) => flags))
    assert.deepEqual([...used].toSorted(), Object.keys(file.flags).toSorted())
    const results = new Map(tests.map(({ id, result }) => [id, result]))
    assert.equal(results.size, tests.length, 'an id is there twice')
    for (const { id, result, from } of tests) {
      if (result === 'invalid') assert.equal(results.get(from ?? ''), 'valid', `${id} comes from ${from}`)
    }
  })
}

test('every requirement that a flag cites is listed with its sentence', () => {
  const listed = new Set(read('requirements.txt').match(/^[a-z0-9.-]+(?=: )/gm))
  for (const name of vectorNames) {
    for (const [flag, { requirement }] of Object.entries(fileOf(name).flags)) {
      assert.ok(listed.has(requirement), `${name}, ${flag}: ${requirement}`)
    }
  }
})
