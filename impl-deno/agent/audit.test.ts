import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { AuditLog, type Deed } from './audit.ts'

const deed = (more: Partial<Deed> = {}): Deed => ({
  ...{ deviceId: 'a'.repeat(26), method: 'terminal.open', id: '00000000-0000-4000-8000-000000000001', outcome: 'ok' },
  ...more,
})

/** A log of three deeds after `sql` was done to it behind its back. */
async function meddled(sql?: string) {
  const folder = await Deno.makeTempDir()
  const path = `${folder}/audit.sqlite`
  const log = new AuditLog(path)
  for (let i = 0; i < 3; i++) log.add(deed())
  const before = log.read()
  log.close()
  if (sql) {
    const database = new DatabaseSync(path)
    database.exec(sql)
    database.close()
  }
  const again = new AuditLog(path)
  const after = again.read()
  again.close()
  await Deno.remove(folder, { recursive: true })
  return { before, after }
}

Deno.test('deeds are numbered and chained, as the specification shows', () => {
  let at = 1_700_000_000_000
  const log = new AuditLog(':memory:', () => at++)
  equal(log.read().head, '0'.repeat(64))
  log.add(deed())
  log.add(deed({ method: 'claude.sendMessage', outcome: 'forbidden' }))
  const { rows, head, broken } = log.read()
  equal(head, '95b2c4d176ba4732fb6a7cb7c940a1eef262209e0d79de27a7e85e03959ca683')
  equal(broken, null)
  deepEqual(
    rows.map(({ seq, at, outcome }) => [seq, at, outcome]),
    [
      [1, 1_700_000_000_000, 'ok'],
      [2, 1_700_000_000_001, 'forbidden'],
    ],
  )
  log.close()
})

Deno.test('they are there after the next start', async () => {
  const { before, after } = await meddled()
  deepEqual(after, before)
})

for (const [what, sql, broken] of [
  ['changed', `UPDATE audit SET row = replace(row, '"ok"', '"conflict"') WHERE seq = 2`, 2],
  ['taken out', 'DELETE FROM audit WHERE seq = 2', 2],
  ['no JSON', `UPDATE audit SET row = 'x' WHERE seq = 1`, 1],
] as const) {
  Deno.test(`a deed that was ${what} is found`, async () => {
    const { after } = await meddled(sql)
    deepEqual([after.rows.length, after.broken], [broken - 1, broken])
  })
}

Deno.test('one that was taken off the end is found by whoever noted the head', async () => {
  const { before, after } = await meddled('DELETE FROM audit WHERE seq = 3')
  equal(after.broken, null)
  notEqual(after.head, before.head)
})
