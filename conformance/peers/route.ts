// A route: its key, its id, and the bind that claims it. spec/relay.md, sections Routes and Bind.

import { label } from '@happy-remote/schemas/constants.ts'
import type { RelayBind } from '@happy-remote/schemas/relay.ts'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Static } from 'typebox'
import { signDifferently, signWithTorsion } from './signature.ts'

export type Bind = Static<typeof RelayBind>

export const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
export const fromBase64url = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'))

/** relay.route.id */
export const routeIdOf = (routeKey: Uint8Array): Uint8Array =>
  sha256(concatBytes(label('route-id'), routeKey)).slice(0, 16)

/** The bytes that a bind signs. `peer` null stands as 16 zero bytes. */
export function bindInput(
  origin: string,
  nonce: Uint8Array,
  routeKey: Uint8Array,
  peer: Uint8Array | null,
): Uint8Array {
  const text = utf8ToBytes(origin)
  const length = Uint8Array.of(text.length >> 8, text.length & 0xff)
  return concatBytes(label('relay-auth'), length, text, nonce, routeKey, peer ?? new Uint8Array(16))
}

/** What a bind is made of, so that a scenario can change one part and leave the rest. */
export interface BindParts {
  readonly origin: string
  readonly nonce: Uint8Array
  readonly peer: Uint8Array | null
}

export class Route {
  readonly key: Uint8Array
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly #secret: Uint8Array

  constructor() {
    this.#secret = ed25519.utils.randomSecretKey()
    this.key = ed25519.getPublicKey(this.#secret)
    this.id = routeIdOf(this.key)
  }

  /** The id as control messages write it. */
  get name(): string {
    return base64url(this.id)
  }

  sign(input: Uint8Array): Uint8Array {
    return ed25519.sign(input, this.#secret)
  }

  /** Another valid signature of the same input. */
  signDifferently(input: Uint8Array): Uint8Array {
    return signDifferently(this.#secret, this.key, input)
  }

  /** As signWithTorsion. */
  signLoosely(input: Uint8Array): Uint8Array {
    return signWithTorsion(this.#secret, this.key, input)
  }

  bind({ origin, nonce, peer }: BindParts): Bind {
    return {
      type: 'bind',
      routeKey: base64url(this.key),
      peer: peer && base64url(peer),
      signature: base64url(this.sign(bindInput(origin, nonce, this.key, peer))),
    }
  }
}
