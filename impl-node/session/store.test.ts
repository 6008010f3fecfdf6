import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { mock, type TestContext, test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { deviceIdOf, generateIdentity, identitySecretOf, rotateIdentity } from '../crypto/identity.ts'
import { randomBytes } from '../crypto/primitives.ts'
import { generateRouteKey } from '../crypto/route.ts'
import { openRecord, sealRecord } from './at-rest.ts'
import { decodeRecord, encodeRecord, type PairingRecord } from './record.ts'
import { Store } from './store.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hrc-store-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function open(t: TestContext, folder: string): Store {
  const store = new Store(folder)
  t.after(() => {
    try {
      store.close()
    } catch {
      // closed by the test
    }
  })
  return store
}

function recordOf(change: Partial<PairingRecord> = {}): PairingRecord {
  const { cert } = generateIdentity()
  return {
    pairingId: randomBytes(16),
    role: 'agent',
    state: 'stored',
    pairingKey: randomBytes(32),
    suite: 2,
    peer: { identityKey: cert.identityKey, dhKey: cert.dhKey, epoch: 1 },
    peerName: 'Telefon 📱',
    routeSeed: generateRouteKey().seed,
    peerRoute: randomBytes(16),
    relay: 'wss://relay.example:443',
    capabilities: ['observe', 'terminal'],
    createdAt: 1_800_000_000_000,
    ...change,
  }
}

const refusal = (code: string, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ProtocolError, `${error}`)
  assert.equal(error.code, code)
  assert.match(error.message, text)
  return true
}

test('an identity is made once, and is the same ever after', (t) => {
  const folder = folderOf(t)
  const first = new Store(folder)
  const { deviceId, epoch } = first.identity
  const secret = identitySecretOf(first.identity)
  first.close()
  const second = open(t, folder)
  assert.deepEqual(second.identity.deviceId, deviceId)
  assert.deepEqual(identitySecretOf(second.identity), secret)
  // pairing.identity.epoch-first
  assert.equal(epoch, 1)
  second.saveIdentity(rotateIdentity(second.identity))
  second.close()
  const third = open(t, folder)
  assert.deepEqual(third.identity.deviceId, deviceId)
  assert.equal(third.identity.epoch, 2)
})

// session.store.profile-v
test('a pairing record comes back as it was stored, and the newest one counts', (t) => {
  const folder = folderOf(t)
  const records = [recordOf(), recordOf({ role: 'controller', state: 'unconfirmed', createdAt: Date.now() })]
  const store = new Store(folder)
  for (const record of records) store.savePairing(record)
  const renamed = { ...(records[0] as PairingRecord), peerName: 'other', suite: 1 as const }
  store.savePairing(renamed)
  store.close()
  const again = open(t, folder)
  assert.deepEqual(
    again.pairings.sort((a) => (a.role === 'agent' ? -1 : 1)),
    [renamed, records[1]],
  )
  assert.equal(again.quarantined, 0)
})

test('a removed pairing does not come back', (t) => {
  const folder = folderOf(t)
  const store = new Store(folder)
  const record = recordOf()
  store.savePairing(record)
  store.removePairing(record.pairingId)
  store.close()
  assert.deepEqual(open(t, folder).pairings, [])
})

// pairing.agent.replace, pairing.revoke.undeny
test('an adopted pairing takes the place of those with the same peer, and ends its denial', (t) => {
  const folder = folderOf(t)
  const store = open(t, folder)
  const [older, other] = [recordOf(), recordOf()]
  const asController = recordOf({ peer: older.peer, role: 'controller' })
  for (const record of [older, other, asController]) store.savePairing(record)
  const deviceId = deviceIdOf(older.peer.identityKey)
  store.deny(deviceId)
  assert.ok(store.isDenied(deviceId))
  const next = recordOf({ peer: older.peer })
  store.adoptPairing(next)
  assert.ok(!store.isDenied(deviceId))
  assert.deepEqual(new Set(store.pairings), new Set([other, asController, next]))
  store.close()
  assert.equal(open(t, folder).pairings.length, 3)
})

// pairing.revoke.erase, pairing.revoke.denied
test('a revoked pairing is gone and its device denied, for good', (t) => {
  const folder = folderOf(t)
  const store = new Store(folder)
  const record = recordOf()
  store.savePairing(record)
  store.revokePairing(record)
  store.close()
  const again = open(t, folder)
  assert.deepEqual(again.pairings, [])
  assert.ok(again.isDenied(deviceIdOf(record.peer.identityKey)))
  assert.equal(again.pinOf(record.peer.identityKey), undefined)
})

test('the pin of a peer is its certificate with the highest epoch', (t) => {
  const store = open(t, folderOf(t))
  const { identityKey, dhKey } = generateIdentity().cert
  for (const epoch of [2, 7, 3]) store.savePairing(recordOf({ peer: { identityKey, dhKey, epoch } }))
  assert.equal(store.pinOf(identityKey)?.epoch, 7)
})

// pairing.controller.delete-unconfirmed
test('an unconfirmed record is gone after ten minutes, in a running process and in the next', (t) => {
  mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 })
  t.after(() => mock.timers.reset())
  const folder = folderOf(t)
  const store = open(t, folder)
  store.savePairing(recordOf({ state: 'unconfirmed', createdAt: Date.now() }))
  store.savePairing(recordOf({ createdAt: Date.now() }))
  mock.timers.setTime(Date.now() + limits.unconfirmedTtl)
  assert.equal(store.pairings.length, 2)
  mock.timers.setTime(Date.now() + 1)
  assert.equal(store.pairings.length, 1)
  store.close()
  assert.equal(open(t, folder).pairings.length, 1)
})

const HOLDER = `
  import { Store } from ${JSON.stringify(new URL('store.ts', import.meta.url).href)}
  new Store(process.argv[1])
  console.log('held')
  setInterval(() => {}, 1_000)
`

async function hold(t: TestContext, folder: string): Promise<ChildProcess> {
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module']
  const child = spawn(process.execPath, [...flags, '--eval', HOLDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  return child
}

// session.store.lock
test('a second process is refused while the first runs, and not when that was killed', async (t) => {
  const folder = folderOf(t)
  const child = await hold(t, folder)
  assert.throws(() => new Store(folder), refusal('state-locked', /another process of this program holds it/))
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  assert.deepEqual(open(t, folder).pairings, [])
})

test('a second store in the same process is refused as well', (t) => {
  const folder = folderOf(t)
  const store = open(t, folder)
  assert.throws(() => new Store(folder), refusal('state-locked', /state\.db/))
  store.savePairing(recordOf())
  store.close()
  assert.equal(open(t, folder).pairings.length, 1)
})

function edit(folder: string, sql: string, ...values: (Uint8Array | number)[]): void {
  const db = new DatabaseSync(join(folder, 'state.db'))
  db.prepare(sql).run(...values)
  db.close()
}

// session.store.quarantine
test('a record that does not open is put aside and counted, the others are used', (t) => {
  const folder = folderOf(t)
  const store = new Store(folder)
  const records = [recordOf(), recordOf(), recordOf(), recordOf()]
  for (const record of records) store.savePairing(record)
  store.close()
  const [changed, moved, older] = records as [PairingRecord, PairingRecord, PairingRecord]
  edit(folder, 'UPDATE record SET sealed = zeroblob(5) WHERE id = ?', changed.pairingId)
  edit(folder, 'UPDATE record SET id = zeroblob(16) WHERE id = ?', moved.pairingId)
  // an older generation under the number of a newer one
  edit(folder, 'UPDATE record SET generation = generation + 1 WHERE id = ?', older.pairingId)
  const again = new Store(folder)
  assert.equal(again.quarantined, 3)
  assert.deepEqual(again.pairings, [records[3]])
  again.close()
  const db = new DatabaseSync(join(folder, 'state.db'))
  assert.equal(db.prepare('SELECT count(*) AS n FROM quarantine').get()?.n, 3)
  db.close()
  assert.equal(open(t, folder).quarantined, 0)
})

test('a file that is no database is put aside whole, with its journal, and the next start begins anew', (t) => {
  const folder = folderOf(t)
  new Store(folder).close()
  const path = join(folder, 'state.db')
  writeFileSync(path, 'this is no database, and is long enough to be looked at'.repeat(100))
  writeFileSync(`${path}-journal`, 'a journal')
  assert.throws(() => new Store(folder), refusal('state-corrupt', /was put aside as .*Start again/))
  const names = readdirSync(folder)
  assert.ok(!names.includes('state.db') && !names.includes('state.db-journal'))
  assert.ok(names.some((name) => name.startsWith('state.db.corrupt-')))
  assert.deepEqual(open(t, folder).pairings, [])
})

test('a database with damaged pages is put aside as well', (t) => {
  const folder = folderOf(t)
  const store = new Store(folder)
  for (let i = 0; i < 40; i++) store.savePairing(recordOf())
  store.close()
  const path = join(folder, 'state.db')
  const bytes = readFileSync(path)
  bytes.fill(0xff, 4_096)
  writeFileSync(path, bytes)
  assert.throws(() => new Store(folder), refusal('state-corrupt', /was put aside/))
  assert.ok(!existsSync(path))
})

// session.state.kek-file
test('a key that others may read, or of the wrong size, is refused', (t) => {
  const folder = folderOf(t)
  new Store(folder).close()
  const key = join(folder, 'key')
  assert.equal(statSync(key).mode & 0o777, 0o600)
  assert.equal(statSync(join(folder, 'state.db')).mode & 0o777, 0o600)
  chmodSync(key, 0o640)
  assert.throws(() => new Store(folder), refusal('state-corrupt', /others may read it\. Set its mode to 600/))
  chmodSync(key, 0o600)
  for (const size of [0, 31, 33]) {
    writeFileSync(key, new Uint8Array(size))
    assert.throws(() => new Store(folder), refusal('state-corrupt', /not a 32-byte key/))
  }
})

test('a folder is not used without its key or with another one, and nothing in it changes', (t) => {
  const folder = folderOf(t)
  const store = new Store(folder)
  const record = recordOf()
  store.savePairing(record)
  store.close()
  const path = join(folder, 'key')
  const key = readFileSync(path)
  unlinkSync(path)
  assert.throws(() => new Store(folder), refusal('state-corrupt', /key file is missing/))
  assert.ok(!existsSync(path))
  writeFileSync(path, randomBytes(32), { mode: 0o600 })
  assert.throws(() => new Store(folder), refusal('state-corrupt', /identity does not open/))
  writeFileSync(path, key)
  assert.deepEqual(open(t, folder).pairings, [record])
})

test('a key file appears whole: no draft of it stays', (t) => {
  const folder = folderOf(t)
  open(t, folder)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('key')),
    ['key'],
  )
})

const WRITER = `
  import { Store } from ${JSON.stringify(new URL('store.ts', import.meta.url).href)}
  const store = new Store(process.argv[1])
  const [record] = store.pairings
  const fails = (write) => {
    try {
      write()
      return 'written'
    } catch (error) {
      return error.message
    }
  }
  const big = { ...record, peerName: 'x'.repeat(400_000) }
  console.log(JSON.stringify([
    fails(() => store.savePairing(big)),
    fails(() => store.adoptPairing({ ...big, pairingId: new Uint8Array(16) })),
    store.pairings[0].peerName,
  ]))
`

// session.store.atomic
test('a disk that is full gives an error, and the old record stays', async (t) => {
  const folder = folderOf(t)
  const store = new Store(folder)
  const record = recordOf()
  store.savePairing(record)
  store.close()
  // Files may not grow beyond 64 KiB; the signal for that is ignored, so that writing fails instead.
  const script = 'trap "" XFSZ; ulimit -f 64; exec "$0" "$@"'
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', WRITER, folder]
  const child = spawn('bash', ['-c', script, process.execPath, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  const output = (await (child.stdout as NonNullable<typeof child.stdout>).toArray()).join('')
  const [saved, adopted, kept] = JSON.parse(output)
  assert.match(saved, /full|disk|I\/O/)
  assert.match(adopted, /full|disk|I\/O/)
  assert.equal(kept, record.peerName)
  assert.deepEqual(open(t, folder).pairings, [record])
})

// session.state.at-rest
test('no secret is in the files in clear', (t) => {
  const folder = folderOf(t)
  const store = new Store(folder)
  const record = recordOf()
  store.savePairing(record)
  const secrets = [identitySecretOf(store.identity).slice(0, 32), record.pairingKey, record.routeSeed]
  store.savePairing({ ...record, peerName: 'second' })
  store.close()
  for (const name of readdirSync(folder).filter((file) => file !== 'key')) {
    const bytes = readFileSync(join(folder, name))
    for (const secret of [...secrets, record.peer.identityKey]) {
      assert.equal(bytes.indexOf(secret), -1)
      assert.equal(bytes.indexOf(Buffer.from(secret).toString('base64url')), -1)
    }
    assert.equal(bytes.indexOf(record.peerName), -1)
  }
})

// session.state.at-rest-nonce
test('a sealed record opens only as what it was sealed as, and never twice the same', () => {
  const [key, id, image] = [randomBytes(32), randomBytes(16), randomBytes(40)]
  const sealed = sealRecord(key, 'pairing', id, 3, image)
  assert.deepEqual(openRecord(key, 'pairing', id, 3, sealed), image)
  assert.notDeepEqual(sealRecord(key, 'pairing', id, 3, image), sealed)
  const wrong = [
    () => openRecord(randomBytes(32), 'pairing', id, 3, sealed),
    () => openRecord(key, 'identity', id, 3, sealed),
    () => openRecord(key, 'pairing', randomBytes(16), 3, sealed),
    () => openRecord(key, 'pairing', id, 2, sealed),
    () => openRecord(key, 'pairing', id, 3, sealed.subarray(0, 20)),
    () => openRecord(key, 'pairing', id, 3, new Uint8Array(0)),
  ]
  for (const attempt of wrong) assert.throws(attempt, { code: 'state-corrupt' })
})

test('an image that is no pairing record is refused without a word of what is in it', () => {
  const image = JSON.parse(Buffer.from(encodeRecord(recordOf())).toString())
  const wrong: unknown[] = [
    null,
    [],
    { ...image, suite: 9 },
    { ...image, role: 'relay' },
    { ...image, pairingKey: image.pairingKey.slice(1) },
    { ...image, extra: 1 },
    { ...image, epoch: 0 },
  ]
  for (const value of wrong) {
    assert.throws(
      () => decodeRecord(new Uint8Array(16), Buffer.from(JSON.stringify(value))),
      (error: unknown) => error instanceof ProtocolError && !error.message.includes(image.pairingKey),
    )
  }
  assert.throws(() => decodeRecord(new Uint8Array(16), Uint8Array.of(0xff)), { code: 'state-corrupt' })
})
