import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import { generateIdentity } from '../crypto/identity.ts'
import { randomBytes } from '../crypto/primitives.ts'
import { generateRouteKey } from '../crypto/route.ts'
import { generateDhKeyPair } from '../crypto/x25519.ts'
import { keepSession } from './kept-session.ts'
import { Ratchet } from './ratchet.ts'
import type { PairingRecord } from './record.ts'
import { Session } from './session.ts'
import { Store } from './store.ts'
import { fileWitness, witnessFolder } from './witness.ts'

const FRESH = new Uint8Array(8)
const NOW = 1_800_000_000_000
const text = (content: string) => Buffer.from(content)

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hrc-kept-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function recordOf(role: PairingRecord['role']): PairingRecord {
  const { identityKey, dhKey } = generateIdentity().cert
  return {
    ...{ pairingId: randomBytes(16), role, state: 'stored', pairingKey: randomBytes(32), suite: 1 },
    ...{ peer: { identityKey, dhKey, epoch: 1 }, peerName: 'phone', routeSeed: generateRouteKey().seed },
    ...{ peerRoute: randomBytes(16), relay: 'wss://relay.example:443', capabilities: ['observe'], createdAt: NOW },
  }
}

function sessions(): Record<PairingRecord['role'], Session> {
  const [agentKey, controllerKey] = [generateDhKeyPair(), generateDhKeyPair()]
  const shared = {
    suite: 1 as const,
    sessionId: randomBytes(16),
    associatedData: randomBytes(32),
    rootKey: randomBytes(32),
  }
  const [ofAgent, ofController] = [randomBytes(32), randomBytes(32)]
  const agent = {
    ownKey: agentKey,
    remoteKey: controllerKey.publicKey,
    headerSend: ofAgent,
    headerReceive: ofController,
  }
  const controller = {
    ownKey: controllerKey,
    remoteKey: agentKey.publicKey,
    headerSend: ofController,
    headerReceive: ofAgent,
  }
  return {
    agent: new Session(Ratchet.agent({ ...shared, ...agent }), NOW),
    controller: new Session(Ratchet.controller({ ...shared, ...controller }), NOW),
  }
}

/** An agent whose session is kept, and its peer. */
function scene(t: TestContext) {
  const [state, witness] = [join(folderOf(t), 'state'), join(folderOf(t), 'witness')]
  const record = recordOf('agent')
  const { agent, controller } = sessions()
  let store = new Store(state)
  t.after(() => store.close())
  store.savePairing(record)
  const said: string[] = []
  const keeper = () =>
    keepSession({ store, witness: fileWitness(witness), record, log: (message) => void said.push(message) })
  const kept = keeper()
  agent.keepWith((session) => kept.save(session))
  return {
    ...{ agent, controller, record, said, keeper, state, witness },
    get store() {
      return store
    },
    /** As the next process finds it; `change` is done while none runs. */
    restart(change: () => void = () => {}): Session | null {
      store.close()
      change()
      store = new Store(state)
      return keeper().load(NOW + 5_000)
    },
  }
}

const generationOf = (store: Store): number =>
  store.database.prepare('SELECT generation FROM record WHERE type = 4').get()?.generation as number

// session.persist.before-send
test('what was sealed is stored before the bytes are handed out', (t) => {
  const { agent, controller, restart } = scene(t)
  const first = agent.seal('rpc', text('one'), FRESH)
  const again = restart()
  assert.equal(again?.ratchet.nextSeq, 1)
  controller.open(first, NOW)
  const second = again.seal('rpc', text('two'), FRESH)
  assert.equal(Buffer.from(controller.open(second, NOW).content).toString(), 'two')
})

// session.persist.before-deliver
test('what was opened is stored before it is handed out, and does not open in the next process', (t) => {
  const { agent, controller, restart } = scene(t)
  const message = controller.seal('rpc', text('run'), FRESH)
  agent.open(message, NOW)
  const again = restart()
  assert.throws(() => again?.open(message, NOW), { code: 'replay' })
})

// session.persist.generation
test('each message sealed or opened is one record, with the next generation', (t) => {
  const { agent, controller, store } = scene(t)
  const seen: number[] = []
  for (let round = 0; round < 3; round++) {
    agent.seal('rpc', text('x'), FRESH)
    seen.push(generationOf(store))
    agent.open(controller.seal('rpc', text('y'), FRESH), NOW)
    seen.push(generationOf(store))
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6])
})

// session.persist.load
test('a loaded session has nothing outstanding, its age, its next stream, and keys as old as the loading', (t) => {
  const { agent, controller, restart } = scene(t)
  const late = controller.seal('rpc', text('late'), FRESH)
  agent.open(controller.seal('rpc', text('newer'), FRESH), NOW)
  assert.equal(agent.takeStreamId(), 1)
  for (let count = 0; count < 128; count++) agent.seal('rpc', text('x'), FRESH)
  assert.throws(() => agent.seal('rpc', text('x'), FRESH), { code: 'window' })
  const again = restart() as Session
  assert.deepEqual([again.outstanding, again.startedAt, again.takeStreamId()], [0, NOW, 2])
  again.seal('rpc', text('there is room'), FRESH)
  const loadedAt = NOW + 5_000
  assert.ok(again.open(late, loadedAt + limits.skippedTtl).late)
})

// session.persist.witness, session.message.key-once
test('an older copy of the state is never used', (t) => {
  const scenery = scene(t)
  const { agent, state, restart, said, record } = scenery
  const copy = folderOf(t)
  agent.seal('rpc', text('one'), FRESH)
  cpSync(state, copy, { recursive: true })
  agent.seal('rpc', text('two'), FRESH)
  const putBack = () => {
    rmSync(state, { recursive: true })
    cpSync(copy, state, { recursive: true })
  }
  assert.equal(restart(putBack), null)
  assert.deepEqual(said, ['a stored session is not used'])
  assert.equal(scenery.store.loadSession(record.pairingId), undefined)
})

test('the state of an earlier session is not used, however many messages it had', (t) => {
  const { agent, state, restart, keeper } = scene(t)
  const copy = folderOf(t)
  for (let count = 0; count < 9; count++) agent.seal('rpc', text('x'), FRESH)
  cpSync(state, copy, { recursive: true })
  const next = sessions().agent
  const kept = keeper()
  next.keepWith((session) => kept.save(session))
  next.seal('rpc', text('x'), FRESH)
  const putBack = () => {
    rmSync(state, { recursive: true })
    cpSync(copy, state, { recursive: true })
  }
  assert.equal(restart(putBack), null)
})

test('a state that nothing vouches for is not used, and is gone', (t) => {
  const scenery = scene(t)
  const { agent, witness, restart, record } = scenery
  agent.seal('rpc', text('one'), FRESH)
  assert.equal(
    restart(() => rmSync(witness, { recursive: true })),
    null,
  )
  assert.equal(scenery.store.loadSession(record.pairingId), undefined)
})

test('a crash between the state and the witness loses nothing', (t) => {
  const { agent, witness, restart } = scene(t)
  const copy = folderOf(t)
  agent.seal('rpc', text('one'), FRESH)
  cpSync(witness, copy, { recursive: true })
  agent.seal('rpc', text('two'), FRESH)
  assert.equal(restart(() => cpSync(copy, witness, { recursive: true }))?.ratchet.nextSeq, 2)
})

// session.state.corrupt
test('a state that does not decode is put aside, and the pairing goes on without it', (t) => {
  const { store, record, keeper } = scene(t)
  for (const content of [new Uint8Array(5), randomBytes(400)]) {
    store.saveSession(record.pairingId, 1, content)
    assert.equal(keeper().load(NOW), null)
  }
  const aside = store.database.prepare('SELECT count(*) AS n FROM quarantine WHERE type = 4').get()
  assert.equal(aside?.n, 2)
  assert.equal(store.pairings.length, 1)
})

test('where the state cannot be written the session goes on in memory, and what is stored counts no more', (t) => {
  const { agent, controller, store, restart } = scene(t)
  agent.seal('rpc', text('one'), FRESH)
  store.database.exec('CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(FAIL, "full"); END')
  const messages = ['two', 'three'].map((content) => agent.seal('rpc', text(content), FRESH))
  assert.deepEqual(
    messages.map((message) => Buffer.from(controller.open(message, NOW).content).toString()),
    ['two', 'three'],
  )
  assert.equal(restart(), null)
})

test('where the witness cannot be told the stored state is erased', (t) => {
  const { agent, store, witness, record, said } = scene(t)
  agent.seal('rpc', text('one'), FRESH)
  rmSync(witness, { recursive: true })
  writeFileSync(witness, 'no folder any more')
  agent.seal('rpc', text('two'), FRESH)
  assert.equal(store.loadSession(record.pairingId), undefined)
  assert.deepEqual(said, ['the session is kept in memory only from now on'])
})

// pairing.revoke.erase
test('a session goes with its pairing', (t) => {
  for (const end of ['removePairing', 'revokePairing'] as const) {
    const { agent, store, record } = scene(t)
    agent.seal('rpc', text('one'), FRESH)
    if (end === 'removePairing') store.removePairing(record.pairingId)
    else store.revokePairing(record)
    assert.equal(store.loadSession(record.pairingId), undefined)
  }
})

// session.state.at-rest
test('no key of a session stands in the files in clear', (t) => {
  const { agent, state } = scene(t)
  agent.seal('rpc', text('one'), FRESH)
  const { rootKey, chainSend } = agent.ratchet.state
  const bytes = readFileSync(join(state, 'state.db'))
  for (const secret of [rootKey, chainSend as Uint8Array]) assert.equal(bytes.indexOf(secret), -1)
})

test('a witness that others may write to is refused', (t) => {
  const folder = folderOf(t)
  chmodSync(folder, 0o777)
  assert.throws(() => fileWitness(folder), /others may use/)
})

test('the witness stands in the folder of the login, or of the service', () => {
  assert.equal(witnessFolder({ XDG_RUNTIME_DIR: '/run/user/1' }), '/run/user/1/happy-remote')
  assert.equal(witnessFolder({ RUNTIME_DIRECTORY: '/run/agent' }), '/run/agent/happy-remote')
  if (process.platform === 'linux') assert.equal(witnessFolder({ XDG_RUNTIME_DIR: 'relative' }), null)
})
