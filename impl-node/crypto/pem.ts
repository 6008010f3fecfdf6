// Public keys as PEM: of all forms that node:crypto imports, text is the only one that it does not first
// take for an object of its own, which costs more than reading the key (9 µs against 21).

// RFC 8410: SubjectPublicKeyInfo before the 32 bytes. Its 12 bytes are 16 whole characters of base64.
const SPKI = { x25519: 'MCowBQYDK2VuAyEA', ed25519: 'MCowBQYDK2VwAyEA' } as const

/** `publicKey` has 32 bytes. */
export const publicKeyPem = (curve: keyof typeof SPKI, publicKey: Uint8Array): string =>
  `-----BEGIN PUBLIC KEY-----\n${SPKI[curve]}${Buffer.from(publicKey).toString('base64')}\n-----END PUBLIC KEY-----\n`
