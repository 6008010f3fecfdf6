// The second reference: vodozemac, Olm in Rust, compiled to WebAssembly. Triple Diffie-Hellman without
// signatures, no header MAC, no post-quantum part; its messages are Base64.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Session } from 'vodozemac-wasm-bindings'
import type { Library, Octets, Peers } from './peers.ts'

export async function loadVodozemac(): Promise<Library> {
  const olm = await import('vodozemac-wasm-bindings')
  const wasm = createRequire(import.meta.url).resolve('vodozemac-wasm-bindings/vodozemac_bg.wasm')
  try {
    olm.initSync({ module: readFileSync(wasm) })
  } catch (error) {
    // Its last step greets a browser's window; everything is in place when it finds none.
    if (!(error instanceof WebAssembly.RuntimeError)) throw error
  }

  const deliver = (from: Session, to: Session, message: Octets): void => {
    const sealed = from.encrypt(message)
    to.decrypt(sealed.message_type, sealed.ciphertext)
    sealed.free()
  }

  return {
    pair(message): Peers {
      const [alice, bob] = [new olm.Account(), new olm.Account()]
      bob.generate_one_time_keys(1)
      const [oneTimeKey] = bob.one_time_keys.values()
      const outbound = alice.create_outbound_session(bob.curve25519_key, oneTimeKey as string)
      const first = outbound.encrypt(message)
      const created = bob.create_inbound_session(alice.curve25519_key, first.message_type, first.ciphertext)
      const inbound = created.session
      first.free()
      alice.free()
      bob.free()
      return {
        forth: (text) => deliver(outbound, inbound, text),
        back: (text) => deliver(inbound, outbound, text),
        free() {
          outbound.free()
          inbound.free()
        },
      }
    },
  }
}
