import assert from 'node:assert/strict'
import { Store } from '../session/store.ts'
import { newRecord } from '../testing/records.ts'
import { openSqlite } from './sqlite.ts'

const inFolder = async (test: (folder: string) => Promise<void>) => {
  const folder = await Deno.makeTempDir()
  try {
    await test(`${folder}/state`)
  } finally {
    await Deno.remove(folder, { recursive: true })
  }
}

Deno.test('a state folder keeps identity and pairings, in files of its owner alone', () =>
  inFolder(async (folder) => {
    const store = await Store.open(await openSqlite(folder))
    const record = await newRecord(store)
    await store.savePairing(record)
    await store.close()
    for (const file of Deno.readDirSync(folder)) {
      assert.equal(((await Deno.stat(`${folder}/${file.name}`)).mode ?? 0) & 0o077, 0, file.name)
    }
    const again = await Store.open(await openSqlite(folder))
    assert.deepEqual(again.identity.certificate, store.identity.certificate)
    assert.deepEqual(again.pairings[0]?.pairingKey, record.pairingKey)
    await again.close()
  }))

Deno.test('no secret stands in the file in the clear', () =>
  inFolder(async (folder) => {
    const store = await Store.open(await openSqlite(folder))
    const record = { ...(await newRecord(store)), peerName: 'name-in-the-clear' }
    await store.savePairing(record)
    await store.close()
    const bytes = Array.from(await Deno.readFile(`${folder}/state.sqlite`), (byte) => String.fromCharCode(byte)).join(
      '',
    )
    const secret = Array.from(record.pairingKey, (byte) => String.fromCharCode(byte)).join('')
    for (const text of ['name-in-the-clear', secret]) assert.ok(!bytes.includes(text))
  }))

Deno.test('a state folder in use is refused with state-locked, also to another process', () =>
  inFolder(async (folder) => {
    const backend = await openSqlite(folder)
    await assert.rejects(openSqlite(folder), { code: 'state-locked' })
    const module = new URL('./sqlite.ts', import.meta.url).href
    const code = `await (await import(${JSON.stringify(module)})).openSqlite(${JSON.stringify(folder)})`
    const { stderr } = await new Deno.Command(Deno.execPath(), { args: ['eval', code], stderr: 'piped' }).output()
    assert.match(new TextDecoder().decode(stderr), /another program does/)
    await backend.close()
    await (await openSqlite(folder)).close()
  }))

Deno.test('what was put aside is kept', () =>
  inFolder(async (folder) => {
    const backend = await openSqlite(folder)
    const record = { recordType: 1, id: new Uint8Array(16), generation: 1, sealed: Uint8Array.of(1, 2, 3) }
    await backend.write(record)
    await backend.putAside(record)
    assert.deepEqual(await backend.all(), [])
    await backend.close()
  }))

Deno.test('a file that SQLite cannot read is put aside with state-corrupt, and the next start makes another', () =>
  inFolder(async (folder) => {
    const store = await Store.open(await openSqlite(folder))
    await store.close()
    await Deno.writeFile(`${folder}/state.sqlite`, new Uint8Array(4_096).fill(7))
    await assert.rejects(openSqlite(folder), { code: 'state-corrupt' })
    const aside = [...Deno.readDirSync(folder)].find(({ name }) => name.startsWith('state.sqlite.corrupt-'))
    assert.deepEqual((await Deno.readFile(`${folder}/${aside?.name}`)).length, 4_096)
    const next = await Store.open(await openSqlite(folder))
    await next.close()
  }))
