import assert from 'node:assert/strict'
import { random } from '../crypto/primitives.ts'
import { MemoryBackend } from '../testing/memory-store.ts'
import { newRecord } from '../testing/records.ts'
import { deviceIdOfRecord, Store } from './store.ts'

Deno.test('a store makes its identity once, and gives back what was saved', async () => {
  const backend = await MemoryBackend.create()
  const first = await Store.open(backend)
  const record = await newRecord(first)
  await first.savePairing(record)
  await first.deny({ deviceId: random(16), name: 'old phone', deniedAt: 5 })
  await first.close()
  const second = await Store.open(backend)
  assert.deepEqual(second.identity.deviceId, first.identity.deviceId)
  const again = second.pairing(record.pairingId) as typeof record
  assert.deepEqual(again.routeKey.publicKey, record.routeKey.publicKey)
  assert.deepEqual({ ...again, routeKey: null }, { ...record, routeKey: null })
  assert.deepEqual(second.denied, first.denied)
})

Deno.test('no key that a store gives can be read, and a record with one can be written again', async () => {
  const backend = await MemoryBackend.create()
  const first = await Store.open(backend)
  await first.savePairing(await newRecord(first))
  await first.close()
  const store = await Store.open(backend)
  const [record] = store.pairings
  assert.ok(record)
  for (const { privateKey } of [store.identity.signing, store.identity.dh, record.routeKey]) {
    assert.equal(privateKey.extractable, false)
    await assert.rejects(crypto.subtle.exportKey('pkcs8', privateKey))
  }
  await store.savePairing({ ...record, peerName: 'desk' })
  await store.close()
  assert.equal((await Store.open(backend)).pairings[0]?.peerName, 'desk')
})

Deno.test('each write of a record has the next generation and other bytes', async () => {
  const backend = await MemoryBackend.create()
  const store = await Store.open(backend)
  const record = await newRecord(store)
  const written = []
  for (let i = 0; i < 3; i++) {
    await store.savePairing(record)
    written.push((await backend.all()).find(({ recordType }) => recordType === 1))
  }
  assert.deepEqual(
    written.map((one) => one?.generation),
    [1, 2, 3],
  )
  assert.notDeepEqual(written[0]?.sealed, written[1]?.sealed)
})

Deno.test('a record that does not open is put aside and reported, and the others stay', async () => {
  const backend = await MemoryBackend.create()
  const first = await Store.open(backend)
  const [spoilt, whole] = [await newRecord(first), await newRecord(first)]
  await first.savePairing(spoilt)
  await first.savePairing(whole)
  await first.close()
  backend.spoil(1, spoilt.pairingId)
  const store = await Store.open(backend)
  assert.deepEqual(
    store.pairings.map(({ pairingId }) => pairingId),
    [whole.pairingId],
  )
  assert.deepEqual(
    store.corrupt.map(({ code }) => code),
    ['state-corrupt'],
  )
  assert.equal(backend.aside.length, 1)
})

Deno.test('an identity that does not open is put aside, and is not replaced in silence', async () => {
  const backend = await MemoryBackend.create()
  await (await Store.open(backend)).close()
  backend.spoil(2, new Uint8Array(16))
  await assert.rejects(Store.open(backend), { code: 'state-corrupt' })
  assert.equal(backend.aside.length, 1)
})

Deno.test('an unconfirmed record is deleted 10 min after it was stored, and no other', async () => {
  const store = await Store.open(await MemoryBackend.create())
  const confirmed = await newRecord(store)
  await store.savePairing(confirmed)
  await store.savePairing({ ...(await newRecord(store)), confirmed: false, pairedAt: 1_000 })
  await store.deleteExpired(600_999)
  assert.equal(store.pairings.length, 2)
  await store.deleteExpired(601_000)
  assert.deepEqual(
    store.pairings.map(({ pairingId }) => pairingId),
    [confirmed.pairingId],
  )
})

Deno.test('what is kept of an agent is sealed, is there at the next start, and goes with the last pairing', async () => {
  const backend = await MemoryBackend.create()
  const store = await Store.open(backend)
  const record = await newRecord(store)
  await store.savePairing(record)
  const agent = deviceIdOfRecord(record)
  const said = new TextEncoder().encode('what was said')
  await store.keep('shown', agent, said)
  await store.keep('draft', agent, new Uint8Array([1]))
  await store.drop('draft', agent)
  for (const { sealed } of await backend.all())
    assert.ok(!new TextDecoder('latin1').decode(sealed).includes('was said'))
  await store.close()
  const again = await Store.open(await backend.reopen())
  assert.deepEqual(again.keptOf('shown', agent), said)
  assert.equal(again.keptOf('draft', agent), undefined)
  await again.deletePairing(record.pairingId)
  // A write that comes too late brings nothing back.
  await again.keep('shown', agent, said)
  assert.equal(again.keptOf('shown', agent), undefined)
  assert.deepEqual(
    (await backend.all()).map(({ recordType }) => recordType),
    [2],
  )
})

Deno.test('known() gives the highest epoch of an identity', async () => {
  const store = await Store.open(await MemoryBackend.create())
  const record = await newRecord(store)
  await store.savePairing(record)
  await store.savePairing({ ...record, pairingId: random(16), peer: { ...record.peer, epoch: 4 } })
  assert.equal(store.known(record.peer.identityKey)?.epoch, 4)
  assert.equal(store.known(random(32)), null)
})

Deno.test('a store that is open refuses a second one', async () => {
  const backend = await MemoryBackend.create()
  const store = await Store.open(backend)
  await assert.rejects(backend.reopen(), { code: 'state-locked' })
  await store.close()
  await Store.open(await backend.reopen())
})
