import assert from 'node:assert/strict'
import { deviceIdOfRecord, Store } from '../session/store.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import { MemoryBackend } from '../testing/memory-store.ts'
import { newRecord } from '../testing/records.ts'
import { JournalPlace } from './journal-place.ts'

const DESK = new Uint8Array(16).fill(1)
const OTHER = new Uint8Array(16).fill(2)

Deno.test('the place that was shown last is there at the next start, for each agent its own', async () => {
  const backend = await MemoryBackend.create()
  const store = await Store.open(backend)
  const record = await newRecord(store)
  await store.savePairing(record)
  const desk = deviceIdOfRecord(record)
  const place = new JournalPlace(store, desk, new ManualTimers())
  assert.equal(place.before, undefined)
  for (const seq of [7, 8, 9]) place.shown({ epoch: 'e', seq })
  await place.save()
  await store.close()
  const again = await Store.open(await backend.reopen())
  assert.deepEqual(new JournalPlace(again, desk, new ManualTimers()).before, { epoch: 'e', seq: 9 })
  assert.equal(new JournalPlace(again, OTHER, new ManualTimers()).before, undefined)
})

Deno.test('what is shown within a second is one write, and a full disk disturbs nobody', async () => {
  const timers = new ManualTimers()
  const written: string[] = []
  let isFull = false
  const store = {
    keptOf: () => undefined,
    async keep(_: unknown, _agent: Uint8Array, content: Uint8Array) {
      if (isFull) throw new DOMException('full', 'QuotaExceededError')
      written.push(new TextDecoder().decode(content))
    },
  }
  const place = new JournalPlace(store, DESK, timers)
  for (let seq = 1; seq <= 1_000; seq++) place.shown({ epoch: 'e', seq })
  timers.advance(5_000)
  assert.deepEqual(written, ['{"epoch":"e","seq":1000}'])
  isFull = true
  place.shown({ epoch: 'e', seq: 1_001 })
  await place.save()
  assert.equal(written.length, 1)
})

Deno.test('what is kept and is no place is none', () => {
  const of = (text: string) =>
    new JournalPlace(
      { keptOf: () => new TextEncoder().encode(text), keep: () => Promise.resolve() },
      DESK,
      new ManualTimers(),
    ).before
  for (const text of ['', 'null', '{"epoch":"e"}', '{"epoch":"e","seq":-1}']) assert.equal(of(text), undefined, text)
})
