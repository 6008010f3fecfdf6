// The store of a page: IndexedDB. The KEK and all private keys are handles that no script can read
// (session.state.kek-place); a lock of the origin keeps a second tab out.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { toHex } from '../crypto/bytes.ts'
import { keyHandles } from '../session/key-place.ts'
import type { SealedRecord, StoreBackend } from '../session/store.ts'
import { type Hold, hold } from './hold.ts'

const VERSION = 1
const STORES = ['records', 'aside', 'keys'] as const
type StoreName = (typeof STORES)[number]
const KEK = 'kek'

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

/** A transaction is one atomic write (session.store.atomic). */
const committed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, VERSION)
  request.onupgradeneeded = () => {
    for (const store of STORES) request.result.createObjectStore(store, { autoIncrement: store === 'aside' })
  }
  return settled(request)
}

const locked = () => new ProtocolError('state-locked', 'Cannot use the state: another tab does')

const keyOf = ({ recordType, id }: Pick<SealedRecord, 'recordType' | 'id'>): string => `${recordType} ${toHex(id)}`

/** `held`: of this name; whoever gives it takes it back. Throws ProtocolError `state-locked` (session.store.lock). */
export async function openIndexedDb(name = 'happy-remote', held?: Hold): Promise<StoreBackend> {
  const own = held ?? (await hold(name, { ifAvailable: true }))
  if (!own) throw locked()
  const database = await openDatabase(name)
  const write = async (stores: readonly StoreName[], act: (of: (store: StoreName) => IDBObjectStore) => void) => {
    // Another tab has taken it away, and writes now.
    if (!own.isHeld) throw locked()
    const transaction = database.transaction(stores, 'readwrite', { durability: 'strict' })
    act((store) => transaction.objectStore(store))
    await committed(transaction)
  }
  const read = <T>(store: StoreName, key: string): Promise<T | undefined> =>
    settled(database.transaction(store).objectStore(store).get(key)) as Promise<T | undefined>

  let kek = await read<CryptoKey>('keys', KEK)
  if (!kek) {
    const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    await write(['keys'], (of) => of('keys').put(made, KEK))
    kek = made
  }
  return {
    kek,
    keys: keyHandles({
      put: (id, key) => write(['keys'], (of) => of('keys').put(key, id)),
      get: (id) => read<CryptoKey>('keys', id),
      remove: (id) => write(['keys'], (of) => of('keys').delete(id)),
    }),
    all: () => settled(database.transaction('records').objectStore('records').getAll()) as Promise<SealedRecord[]>,
    write: (record) => write(['records'], (of) => of('records').put(record, keyOf(record))),
    remove: (named) => write(['records'], (of) => of('records').delete(keyOf(named))),
    putAside: (record) =>
      write(['records', 'aside'], (of) => {
        of('aside').add({ ...record, at: Date.now() })
        of('records').delete(keyOf(record))
      }),
    async close() {
      database.close()
      if (!held) own.release()
    },
  }
}
