import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import test from 'node:test'
import { type Act, AuditLog } from './audit.ts'

const act = (more: Partial<Act> = {}): Act => ({
  ...{ deviceId: 'a'.repeat(26), method: 'terminal.open', id: '00000000-0000-4000-8000-000000000001', outcome: 'ok' },
  ...more,
})

function log() {
  const database = new DatabaseSync(':memory:')
  let at = 1_700_000_000_000
  return { database, audit: new AuditLog(database, () => at++) }
}

test('rows are numbered and chained, as the specification shows', () => {
  const { audit } = log()
  audit.append(act())
  audit.append(act({ method: 'claude.sendMessage', outcome: 'forbidden' }))
  assert.deepEqual(
    [...audit.rows(2)].map(({ seq, at, method, outcome }) => [seq, at, method, outcome]),
    [
      [1, 1_700_000_000_000, 'terminal.open', 'ok'],
      [2, 1_700_000_000_001, 'claude.sendMessage', 'forbidden'],
    ],
  )
  const head = '95b2c4d176ba4732fb6a7cb7c940a1eef262209e0d79de27a7e85e03959ca683'
  assert.deepEqual(audit.verify(), { rows: 2, broken: null, head })
})

test('an empty log holds', () => {
  assert.deepEqual(log().audit.verify(), { rows: 0, broken: null, head: '0'.repeat(64) })
})

for (const [what, sql, broken] of [
  ['changed', `UPDATE audit SET row = replace(row, '"ok"', '"conflict"') WHERE seq = 2`, 2],
  ['taken out', 'DELETE FROM audit WHERE seq = 2', 2],
  ['no JSON', `UPDATE audit SET row = 'x' WHERE seq = 1`, 1],
  ['exchanged', 'UPDATE audit SET seq = CASE seq WHEN 1 THEN -2 WHEN 2 THEN -1 ELSE seq END', 1],
] as const) {
  test(`a row that was ${what} is found`, () => {
    const { database, audit } = log()
    for (let i = 0; i < 3; i++) audit.append(act())
    database.exec(sql)
    const found = audit.verify()
    assert.deepEqual([found.rows, found.broken], [broken - 1, broken])
  })
}

test('a row that was taken off the end is found by whoever noted the head', () => {
  const { database, audit } = log()
  for (let i = 0; i < 2; i++) audit.append(act())
  const { head } = audit.verify()
  database.exec('DELETE FROM audit WHERE seq = 2')
  const found = audit.verify()
  assert.equal(found.broken, null)
  assert.notEqual(found.head, head)
})
