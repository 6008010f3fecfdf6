import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadRequirements, type Requirement } from '../runner/requirements.ts'
import { disagreements, draftOf } from './agree.ts'
import { loadRequiredSet, type NotScored, parseRequiredSet, requiredSetText } from './set.ts'

const requirement = (id: string, level: Requirement['level'], roles: Requirement['roles']) => ({ id, level, roles })
const all = [
  requirement('a.first', 'MUST', ['relay', 'agent']),
  requirement('a.second', 'MUST NOT', ['relay']),
  requirement('a.third', 'SHOULD', ['relay']),
]
const none = new Map<string, NotScored>()

describe('the required set', () => {
  test('of this repository agrees with the spec', () => {
    const set = loadRequiredSet()
    assert.deepEqual(disagreements(set, loadRequirements().all), [])
    assert.ok(set.required.relay.length > 50)
  })

  test('is every MUST by role, without a SHOULD', () => {
    const { required } = draftOf(all, none)
    assert.deepEqual(required, { relay: ['a.first', 'a.second'], agent: ['a.first'], controller: [] })
  })

  test('is read as it was written', () => {
    const set = { ...draftOf(all, new Map([['a.second', 'pending']])), status: 'frozen' } as const
    assert.deepEqual(parseRequiredSet(requiredSetText(set)), set)
    assert.deepEqual(parseRequiredSet(requiredSetText(draftOf(all, none))), draftOf(all, none))
  })

  test('names what the spec gained, lost and moved', () => {
    const set = draftOf(all, new Map([['a.gone', 'extension']]))
    const later = [requirement('a.first', 'MUST', ['relay']), requirement('a.new', 'MUST', ['agent'])]
    assert.deepEqual(disagreements(set, later), [
      'a.gone is not scored, and not in the spec',
      'a.second is required of the relay, and the spec has no such MUST for it',
      'a.new binds the agent and is in no list: put it under notScored',
      'a.first is required of the agent, and the spec has no such MUST for it',
    ])
  })

  const wrong: [what: string, text: string][] = [
    ['a reason that is not one of the three', 'status: draft\nnotScored:\n  a.first: tired\n'],
    ['an id twice', 'status: draft\nrelay:\n  - a.first\n  - a.first\n'],
    ['a role that there is not', 'status: draft\nbroker:\n  - a.first\n'],
    ['no status', 'relay:\n  - a.first\n'],
  ]
  for (const [what, text] of wrong) {
    test(`is not read with ${what}`, () => assert.throws(() => parseRequiredSet(text), /required set/))
  }
})
