import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { catalogue } from './catalogue.ts'
import { loadRequirements } from './requirements.ts'

describe('the scenarios of a relay', () => {
  const requirements = loadRequirements()
  const scenarios = catalogue('relay', requirements)

  test('have ids of their own that name no line', () => {
    assert.equal(new Set(scenarios.map(({ id }) => id)).size, scenarios.length)
    assert.ok(scenarios.every(({ id }) => /^relay\/[a-z-]+\/[a-z0-9-]+$/.test(id)))
  })

  test('say in their rule what is required', () => {
    assert.deepEqual(
      scenarios.filter(({ rule }) => rule === '').map(({ id }) => id),
      [],
    )
  })
})
