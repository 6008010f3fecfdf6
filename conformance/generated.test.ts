import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { generated, textOf } from './generated.ts'

for (const path of generated) {
  test(`${path} is up to date`, () => {
    assert.equal(readFileSync(new URL(path, import.meta.url), 'utf8'), textOf(path))
  })
}
