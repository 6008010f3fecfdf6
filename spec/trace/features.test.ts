import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFeature } from './features.ts'

const read = (text: string, path = 'conformance/features/link/liveness.feature') => readFeature(path, text)

test('readFeature() gives a scenario its tags and those around it, and the steps of the background', () => {
  const [scenario, ...more] = read(`
    @agent @controller
    Feature: Liveness

      Background:
        Given a running session

      @negative
      Rule: What is dead is given up

        # why
        @req:relay.ping.dead @req:relay.ping.interval
        Scenario: A relay that says nothing
          When the relay falls silent
          Then the program dials again
  `)
  assert.deepEqual(more, [])
  const { text, ...rest } = scenario ?? { text: '' }
  assert.deepEqual(rest, {
    id: 'link/liveness/a-relay-that-says-nothing',
    path: 'conformance/features/link/liveness.feature',
    roles: ['agent', 'controller'],
    requirements: ['relay.ping.dead', 'relay.ping.interval'],
    isInformational: false,
    isNegative: true,
  })
  assert.match(text, /^A relay that says nothing\nGiven a running session\n[^#]*the program dials again/)
})

test('readFeature() gives each table of examples its own tags', () => {
  const scenarios = read(`
    Feature: F
      Scenario Outline: A relay <fault>
        When the relay <fault>
        @req:relay.a
        Examples:
          | fault |
          | lies  |
        @req:relay.b @informational
        Examples:
          | fault |
          | stops |
  `)
  assert.deepEqual(
    scenarios.map(({ id, requirements, isInformational }) => [id, requirements, isInformational]),
    [
      ['link/liveness/a-relay-fault', ['relay.a'], false],
      ['link/liveness/a-relay-fault', ['relay.b'], true],
    ],
  )
  assert.match(scenarios[0]?.text ?? '', /lies/)
  assert.doesNotMatch(scenarios[0]?.text ?? '', /stops/)
})

test('readFeature() takes the role from the folder where no tag names one', () => {
  const text = 'Feature: F\n  Scenario: S\n    Given a relay'
  assert.deepEqual(read(text, 'conformance/features/relay/bind.feature')[0]?.roles, ['relay'])
  assert.deepEqual(read(text)[0]?.roles, [])
})

test('readFeature() reads nothing into the texts of a step', () => {
  const [scenario, ...more] = read(`
    Feature: F
      Scenario: One
        Given the text
          """
          @tag
          Scenario: Two
          """
      @req:relay.a
      Scenario: Three
  `)
  assert.match(scenario?.text ?? '', /Scenario: Two/)
  assert.deepEqual(
    more.map(({ id, requirements }) => [id, requirements]),
    [['link/liveness/three', ['relay.a']]],
  )
})
