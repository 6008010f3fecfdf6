// Profile P against a store in memory whose older copies can be put back.

import assert from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import { utf8 } from '../crypto/bytes.ts'
import { random } from '../crypto/primitives.ts'
import { agreeOn, ManualClock, newDevices, pair } from '../testing/devices.ts'
import { MemoryBackend } from '../testing/memory-store.ts'
import { newRecord } from '../testing/records.ts'
import { RECORD_TYPES, sealRecord } from './at-rest.ts'
import type { KeptSession, Progress, Witness } from './kept-session.ts'
import { parseMessage } from './message.ts'
import { Session } from './session.ts'
import { Store } from './store.ts'

const devices = await newDevices()
const agreed = await pair(devices)
const rpc = (text: string) => ({ contentType: 'rpc' as const, content: utf8(text), fresh: new Uint8Array(8) })
const text = (opened: Awaited<ReturnType<Session['receive']>>) => new TextDecoder().decode(opened.frame?.content)

class MemoryWitness implements Witness {
  known = new Map<string, Progress>()
  isBroken = false
  newest = async (name: string) => this.known.get(name)
  note = async (name: string, progress: Progress) => {
    if (this.isBroken) throw new Error('Cannot write')
    this.known.set(name, progress)
  }
  forget = async (name: string) => void this.known.delete(name)
}

/** A controller whose session is kept, and its peer. */
async function scene() {
  const backend = await MemoryBackend.create()
  const witness = new MemoryWitness()
  const clock = new ManualClock()
  let store = await Store.open(backend, witness)
  const record = await newRecord(store)
  await store.savePairing(record)
  const begin = async () => {
    const { agent, controller } = await agreeOn(agreed.agent.run, devices)
    const session = await Session.start(controller, { clock })
    const kept = store.keptSession(record) as KeptSession
    session.keepWith((image) => kept.save(session, image, clock))
    return { session, peer: await Session.start(agent, { clock }) }
  }
  /** As the next run of the program finds it. */
  const restart = async () => {
    await store.close()
    store = await Store.open(backend, witness)
    return store.keptSession(record)?.load(clock)
  }
  const stored = async () => (await backend.all()).find(({ recordType }) => recordType === RECORD_TYPES.session)
  return { ...(await begin()), begin, restart, stored, backend, witness, clock, record, store: () => store }
}
const fromPeer = (frame: Uint8Array) => parseMessage(frame, 'agent')
const fromHere = (frame: Uint8Array) => parseMessage(frame, 'controller')

// session.persist.before-send
Deno.test('what was sealed is stored before it is handed out, and its number is not used again', async () => {
  const { session, peer, restart } = await scene()
  await peer.receive(fromHere(await session.send(rpc('one'))))
  const again = (await restart()) as Session
  assert.equal(text(await peer.receive(fromHere(await again.send(rpc('two'))))), 'two')
})

// session.persist.before-deliver
Deno.test('what was opened is stored before it is handed out, and does not open in the next run', async () => {
  const { session, peer, restart } = await scene()
  const frame = await peer.send(rpc('run'))
  await session.receive(fromPeer(frame))
  const again = (await restart()) as Session
  await assert.rejects(again.receive(fromPeer(frame)), { code: 'replay' })
})

// session.persist.generation
Deno.test('each message sealed or opened is one record, with the next generation', async () => {
  const { session, peer, stored } = await scene()
  const seen: (number | undefined)[] = []
  for (let round = 0; round < 3; round++) {
    await session.send(rpc('x'))
    seen.push((await stored())?.generation)
    await session.receive(fromPeer(await peer.send(rpc('y'))))
    seen.push((await stored())?.generation)
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6])
})

// session.persist.load
Deno.test('load() takes all for acknowledged, keeps age and stream ids, and counts skipped keys from now', async () => {
  const { session, peer, restart, clock } = await scene()
  const late = await peer.send(rpc('late'))
  await session.receive(fromPeer(await peer.send(rpc('newer'))))
  assert.equal(session.newStream(), 1)
  for (let count = 0; count < limits.window; count++) await session.send(rpc('x'))
  await assert.rejects(session.send(rpc('x')), { code: 'window' })
  clock.advance(9 * 60_000)
  const again = (await restart()) as Session
  assert.deepEqual([again.outstanding, again.startedAt, again.newStream()], [0, session.startedAt, 2])
  assert.equal(again.acknowledged, limits.window)
  clock.advance(9 * 60_000)
  assert.equal((await again.receive(fromPeer(late))).late, true)
  await again.send(rpc('there is room'))
})

// session.persist.witness, session.message.key-once
Deno.test('an older state that was put back is not used, and is gone', async () => {
  const { session, restart, stored, backend } = await scene()
  await session.send(rpc('one'))
  const copy = await stored()
  await session.send(rpc('two'))
  assert.ok(copy)
  await backend.write(copy)
  assert.equal(await restart(), undefined)
  assert.equal(await stored(), undefined)
})

Deno.test('the state of an earlier session is not used, whatever its generation', async () => {
  const { session, begin, restart, stored, backend } = await scene()
  for (let count = 0; count < 9; count++) await session.send(rpc('x'))
  const copy = await stored()
  const next = await begin()
  await next.session.send(rpc('x'))
  assert.ok(copy)
  await backend.write(copy)
  assert.equal(await restart(), undefined)
})

Deno.test('a state that nothing vouches for is not used', async () => {
  const { session, restart, stored, witness } = await scene()
  await session.send(rpc('one'))
  witness.known.clear()
  assert.equal(await restart(), undefined)
  assert.equal(await stored(), undefined)
})

Deno.test('a crash between the state and the witness loses nothing', async () => {
  const { session, restart, witness } = await scene()
  await session.send(rpc('one'))
  const before = new Map(witness.known)
  await session.send(rpc('two'))
  witness.known = before
  assert.ok(await restart())
})

// session.state.corrupt
Deno.test('a state that does not decode is put aside', async () => {
  const { restart, backend, store, record } = await scene()
  await store().close()
  for (const size of [5, 400]) {
    const name = { recordType: RECORD_TYPES.session, id: record.pairingId, generation: 1 }
    await backend.write({ ...name, sealed: await sealRecord(backend.kek, name, random(size)) })
    assert.equal(await restart(), undefined)
  }
  assert.equal(backend.aside.length, 2)
})

Deno.test('where the state or the witness cannot be written the session goes on in memory alone', async () => {
  for (const broken of ['state', 'witness']) {
    const { session, peer, restart, backend, witness } = await scene()
    await session.send(rpc('one'))
    const { write } = backend
    if (broken === 'witness') witness.isBroken = true
    else backend.write = () => Promise.reject(new DOMException('full', 'QuotaExceededError'))
    assert.equal(text(await peer.receive(fromHere(await session.send(rpc('two'))))), 'two')
    backend.write = write
    assert.equal(await restart(), undefined, broken)
  }
})

// pairing.revoke.erase
Deno.test('a session goes with its pairing, and without a witness none stays stored', async () => {
  const first = await scene()
  await first.session.send(rpc('one'))
  await first.store().deletePairing(first.record.pairingId)
  assert.equal(await first.stored(), undefined)
  await first.session.send(rpc('on its way'))
  assert.equal(await first.stored(), undefined)
  const second = await scene()
  await second.session.send(rpc('one'))
  await second.store().close()
  const store = await Store.open(second.backend)
  assert.equal(await second.stored(), undefined)
  assert.equal(store.keptSession(second.record), undefined)
})
