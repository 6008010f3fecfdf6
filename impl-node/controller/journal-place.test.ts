import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DiskFull, Store } from '../session/store.ts'
import { JournalPlace } from './journal-place.ts'

const recordOf = (identityKey: Uint8Array) => ({ peer: { identityKey, dhKey: new Uint8Array(32), epoch: 1 } }) as never
const desk = recordOf(new Uint8Array(32).fill(1))
const other = recordOf(new Uint8Array(32).fill(2))

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('the place that was shown last is there at the next start, for each agent its own', (t) => {
  const folder = folderOf(t)
  const store = new Store(folder)
  const place = new JournalPlace(store, desk)
  assert.equal(place.before, null)
  for (const seq of [7, 8, 9]) place.shown({ epoch: 'e', seq })
  place.save()
  store.close()
  const again = new Store(folder)
  t.after(() => again.close())
  assert.deepEqual(new JournalPlace(again, desk).before, { epoch: 'e', seq: 9 })
  assert.equal(new JournalPlace(again, other).before, null)
})

test('a place that does not open, or is none, is none', () => {
  const of = (text: string) =>
    new JournalPlace({ loadPlace: () => Buffer.from(text), savePlace: () => {} }, desk).before
  for (const text of ['', 'null', '{"epoch":"e"}', '{"epoch":"e","seq":-1}', '{"epoch":"","seq":1}']) {
    assert.equal(of(text), null, text)
  }
  assert.deepEqual(of('{"epoch":"e","seq":1}'), { epoch: 'e', seq: 1 })
})

test('what is shown is written once within a second, and a full disk disturbs nobody', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const written: string[] = []
  let isFull = false
  const store = {
    loadPlace: () => undefined,
    savePlace: (_agent: Uint8Array, image: Uint8Array) => {
      if (isFull) throw new DiskFull('full')
      written.push(Buffer.from(image).toString())
    },
  }
  const place = new JournalPlace(store, desk)
  for (let seq = 1; seq <= 1_000; seq++) place.shown({ epoch: 'e', seq })
  t.mock.timers.tick(1_000)
  t.mock.timers.tick(10_000)
  assert.deepEqual(written, ['{"epoch":"e","seq":1000}'])
  isFull = true
  place.shown({ epoch: 'e', seq: 1_001 })
  place.save()
  assert.equal(written.length, 1)
})
