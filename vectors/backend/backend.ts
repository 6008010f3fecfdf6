// The primitives that the protocol needs, so that every vector can be verified on several engines.

/** Thrown where an engine does not have a primitive on this runtime. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered'
}

/** ML-KEM-768. A private key is the 64-byte seed d ‖ z of FIPS 203. */
export interface Kem {
  publicKey(seed: Uint8Array): Promise<Uint8Array>
  /** Shared secret, 32 bytes; a foreign ciphertext gives another secret (implicit rejection). */
  decapsulate(seed: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array>
  /** Whether the encapsulation key passes the modulus check of FIPS 203, section 7.2. */
  accepts(publicKey: Uint8Array): Promise<boolean>
}

/** One crypto engine. Keys and messages are raw bytes; an engine's own error rejects the promise. */
export interface Backend {
  readonly name: string
  sha256(data: Uint8Array): Promise<Uint8Array>
  hmac(key: Uint8Array, data: Uint8Array): Promise<Uint8Array>
  hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Promise<Uint8Array>
  /** AES-256-GCM; the 16-byte tag follows the ciphertext. */
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Promise<Uint8Array>
  dhPublic(privateKey: Uint8Array): Promise<Uint8Array>
  dh(privateKey: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array>
  signPublic(seed: Uint8Array): Promise<Uint8Array>
  sign(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array>
  /** The cofactorless equation; the byte checks of section 1.1 come before it (protocol/keys.ts). */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>
  readonly kem: Kem
}
