import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import {
  type Evidence,
  type Given,
  journalFaults,
  judge,
  permissionFaults,
  promptsOf,
  tellingFaults,
  untold,
} from './account.ts'

const given = (more: Partial<Given> = {}): Given => ({
  ...{ token: 't', controller: 'one', kind: 'prompt', state: 'completed' },
  ...more,
})
const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  ...{ times: 1, told: 1, states: ['started', 'completed'], orphaned: 0 },
  ...more,
})
const terminal = (more: Partial<Given> = {}) => given({ kind: 'terminal', ...more })

const right: readonly [string, Given, Evidence, string][] = [
  ['a prompt that was done', given(), evidence(), 'once'],
  ['a shell command that was done', terminal(), evidence({ told: 0, states: [] }), 'once'],
  ['a prompt that the agent took along', given(), evidence({ times: 0, states: ['queued', 'failed'] }), 'interrupted'],
  ['a terminal that the agent took along', terminal(), evidence({ times: 0, told: 0, orphaned: 1 }), 'interrupted'],
  ['a command under way at a kill', given({ state: 'failed', status: 'interrupted' }), evidence(), 'interrupted'],
  [
    'one that nobody kept',
    { token: 't', controller: 'one', kind: 'prompt' },
    evidence({ times: 0, told: 0 }),
    'unanswered',
  ],
]
for (const [what, command, seen, verdict] of right) {
  test(`${what} is ${verdict}`, () => assert.deepEqual(judge(command, seen), { verdict }))
}

const wrong: readonly [string, Given, Evidence, RegExp][] = [
  ['done twice', given(), evidence({ times: 2 }), /done 2 times/],
  [
    'done twice, and interrupted',
    given({ state: 'failed', status: 'interrupted' }),
    evidence({ times: 2 }),
    /done 2 times/,
  ],
  ['twice in the journal', given(), evidence({ told: 2 }), /2 times in the journal/],
  ['completed and never done', given(), evidence({ times: 0 }), /never done/],
  ['a terminal that is nowhere', terminal(), evidence({ times: 0, told: 0 }), /never done/],
  ['accepted and not in the journal', given(), evidence({ times: 0, told: 0, states: [] }), /does not have it/],
  ['without an end', given(), evidence({ states: ['started'] }), /leaves it started/],
  ['failed without a reason', given({ state: 'failed', status: 'failed' }), evidence(), /its status is failed/],
  ['still waiting', given({ state: 'pending' }), evidence({ times: 0 }), /is pending at the end/],
  ['uncertain, though the agent has lost nothing', given({ state: 'uncertain' }), evidence(), /is uncertain/],
]
for (const [what, command, seen, says] of wrong) {
  test(`${what} is wrong`, () => {
    const judged = judge(command, seen)
    assert.ok('fault' in judged)
    assert.match(judged.fault, says)
  })
}

const entry = (seq: number, kind = 'device.joined', body: object = { seq }): JournalEntry => ({
  ...{ epoch: 'e', seq, at: seq, kind, body },
})

test('promptsOf() joins a prompt with its states, whichever came first', () => {
  const journal = [
    entry(1, 'claude.messageState', { messageId: 'm', state: 'queued' }),
    entry(2, 'claude.message', { messageId: 'm', role: 'user', text: 'say t' }),
    entry(3, 'claude.message', { messageId: 'n', role: 'assistant', text: 'say t' }),
    entry(4, 'claude.messageState', { messageId: 'm', state: 'completed' }),
  ]
  assert.deepEqual([...promptsOf(journal)], [['say t', { told: 1, states: ['queued', 'completed'] }]])
})

test('a permission has one outcome', () => {
  const asked = entry(1, 'permission.requested', { requestId: 'r' })
  const resolved = entry(2, 'permission.resolved', { requestId: 'r', outcome: 'allowed' })
  assert.deepEqual(permissionFaults([asked, resolved]), { asked: 1, faults: [] })
  assert.equal(permissionFaults([asked]).faults.length, 1)
  assert.equal(permissionFaults([asked, resolved, resolved]).faults.length, 1)
})

test('a journal has no hole and one epoch', () => {
  assert.deepEqual(journalFaults([entry(1), entry(2)]), [])
  assert.match(journalFaults([entry(1), entry(3)]).join(), /has 3 where 2 belongs/)
  assert.match(journalFaults([entry(1), { ...entry(2), epoch: 'f' }]).join(), /2 epochs/)
})

test('a run of a controller tells the entries of the agent, in order, each once, from wherever it began', () => {
  const journal = [entry(1), entry(2), entry(3)]
  assert.deepEqual(tellingFaults([entry(2), entry(3)], journal), [])
  assert.match(tellingFaults([entry(1), entry(3)], journal).join(), /tells the entry 3 where 2 belongs/)
  assert.match(tellingFaults([entry(1), entry(1)], journal).join(), /tells the entry 1 where 2 belongs/)
  assert.match(tellingFaults([entry(1, 'device.joined', { seq: 9 })], journal).join(), /otherwise than the agent/)
  assert.deepEqual(untold([[entry(1)], [entry(3)]], 3), [2])
  const page = Array.from({ length: 200 }, (_, i) => entry(i + 5))
  assert.deepEqual(untold([[entry(1)], page], 204), [], 'the newest page does not reach back to what was told before')
  assert.deepEqual(untold([[entry(1)], page.slice(1)], 204), [2, 3, 4, 5])
  assert.deepEqual(untold([page], 205), [205], 'nor does that of the first run, where it came late')
  assert.deepEqual(untold([page.slice(1)], 204), [1, 2, 3, 4, 5])
})
