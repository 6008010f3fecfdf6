// Where private keys live between two runs of a program. A record holds only what its place gave for a key.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type Bytes, copy, toHex } from '../crypto/bytes.ts'
import { random, source } from '../crypto/primitives.ts'

export type KeyAlgorithm = 'Ed25519' | 'X25519'

const USAGES: Record<KeyAlgorithm, KeyUsage[]> = { Ed25519: ['sign'], X25519: ['deriveBits'] }

export interface KeyPlace {
  /** Whether a key has to be made extractable to be kept here. */
  readonly extractable: boolean
  /** What stands in a sealed record for this key. The same key may be given again. */
  keep(key: CryptoKey): Promise<Bytes>
  /** The key for use, never extractable. Throws ProtocolError `state-corrupt`. */
  take(kept: Uint8Array, algorithm: KeyAlgorithm): Promise<CryptoKey>
  /** The record that held it is gone. */
  forget(key: CryptoKey): Promise<void>
}

/**
 * Keys as pkcs8 inside the records, which are sealed under the KEK: for platforms that cannot store a
 * handle. A key that was taken out is not extractable, so its pkcs8 is remembered for the next write.
 */
export function sealedKeys(): KeyPlace {
  const known = new WeakMap<CryptoKey, Bytes>()
  return {
    extractable: true,
    async keep(key) {
      const pkcs8 = known.get(key) ?? new Uint8Array(await crypto.subtle.exportKey('pkcs8', key))
      known.set(key, pkcs8)
      return pkcs8
    },
    async take(kept, algorithm) {
      try {
        const key = await crypto.subtle.importKey('pkcs8', source(kept), algorithm, false, USAGES[algorithm])
        known.set(key, copy(kept))
        return key
      } catch {
        throw new ProtocolError('state-corrupt', 'Cannot use a stored key')
      }
    },
    async forget(key) {
      known.get(key)?.fill(0)
      known.delete(key)
    },
  }
}

/** A place for handles: they are stored as they are, under a random name of 16 bytes, and nobody can read the key. */
export interface HandleShelf {
  put(name: string, key: CryptoKey): Promise<void>
  get(name: string): Promise<CryptoKey | undefined>
  remove(name: string): Promise<void>
}

/** Keys as handles of the platform, as a browser can store them. */
export function keyHandles(shelf: HandleShelf): KeyPlace {
  const known = new WeakMap<CryptoKey, Bytes>()
  return {
    extractable: false,
    async keep(key) {
      const name = known.get(key) ?? random(16)
      if (!known.has(key)) await shelf.put(toHex(name), key)
      known.set(key, name)
      return name
    },
    async take(kept) {
      const key = await shelf.get(toHex(kept))
      if (!key) throw new ProtocolError('state-corrupt', 'Cannot use a stored key: its handle is gone')
      known.set(key, copy(kept))
      return key
    },
    async forget(key) {
      const name = known.get(key)
      if (name) await shelf.remove(toHex(name))
    },
  }
}
