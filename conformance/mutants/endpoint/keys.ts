// Faults in how keys and signatures are checked.

import type { EndpointMutant } from '../mutant.ts'

const x25519 = { role: 'agent', file: 'impl-node/crypto/x25519.ts' } as const
const ed25519 = { role: 'agent', file: 'impl-node/crypto/ed25519.ts' } as const
const identity = { role: 'agent', file: 'impl-node/crypto/identity.ts' } as const

export const keys: readonly EndpointMutant[] = [
  {
    name: 'key-top-bit',
    does: 'takes an X25519 key whose top bit is set',
    breaks: ['security.key.canonical'],
    ...x25519,
    find: 'if ((key[31] as number) & 0x80 || !belowFieldPrime(key))',
    replace: 'if (!belowFieldPrime(key))',
  },
  {
    name: 'key-above-prime',
    does: 'takes an X25519 key that is not below the field prime',
    breaks: ['security.key.canonical'],
    ...x25519,
    find: 'if ((key[31] as number) & 0x80 || !belowFieldPrime(key))',
    replace: 'if ((key[31] as number) & 0x80)',
  },
  {
    name: 'key-short',
    does: 'takes an X25519 key of less than 32 bytes',
    breaks: ['security.key.length'],
    ...x25519,
    find: "if (key.length !== 32) throw new ProtocolError('key-length')",
    replace: "if (key.length > 32) throw new ProtocolError('key-length')",
  },
  {
    name: 'key-low-order',
    does: 'knows only one of the X25519 keys of small order',
    breaks: ['security.key.low-order'],
    ...x25519,
    find: 'if (LOW_ORDER.some((bad) => bad.equals(key)))',
    replace: 'if (LOW_ORDER[0]?.equals(key))',
  },
  {
    name: 'dh-zero',
    does: 'goes on with a shared secret of zeros',
    breaks: ['security.key.zero'],
    ...x25519,
    find: "    throw new ProtocolError('dh-zero')\n  }\n  if (shared",
    replace: '    return new Uint8Array(32)\n  }\n  if (shared',
  },
  {
    // OpenSSL 3.5 refuses such keys by itself, so leaving out the check alone would break nothing.
    name: 'signature-zip-215',
    does: 'verifies signatures by the rules of ZIP 215, which take keys of small order and other encodings',
    breaks: ['security.signature.small-order', 'security.signature.canonical'],
    ...ed25519,
    find: '  if (!belowOrder(signature.subarray(32)) || !isSafePoint(publicKey)',
    replace: `  const { ed25519 } = process.getBuiltinModule('module').createRequire(import.meta.url)('@noble/curves/ed25519.js')
  if (signature.length === 64) return ed25519.verify(signature, message, publicKey, { zip215: true })
  if (!belowOrder(signature.subarray(32)) || !isSafePoint(publicKey)`,
  },
  {
    name: 'signature-scalar',
    does: 'reduces an S that is not below the group order',
    breaks: ['security.signature.scalar'],
    ...ed25519,
    find: '  if (!belowOrder(signature.subarray(32)) || !isSafePoint(publicKey)',
    replace: `  if (!belowOrder(signature.subarray(32))) {
    const number = (bytes) => BigInt('0x' + Buffer.from(bytes).reverse().toString('hex'))
    const reduced = (number(signature.subarray(32)) % number(ORDER)).toString(16).padStart(64, '0')
    signature = concat(signature.subarray(0, 32), Buffer.from(reduced, 'hex').reverse())
  }
  if (!isSafePoint(publicKey)`,
  },
  {
    name: 'signature-cofactor',
    does: 'multiplies by the cofactor when it verifies',
    breaks: ['security.signature.cofactorless'],
    ...ed25519,
    find: "return crypto.verify(null, message, crypto.createPublicKey(publicKeyPem('ed25519', publicKey)), signature)",
    replace: `const { ed25519 } = process.getBuiltinModule('module').createRequire(import.meta.url)('@noble/curves/ed25519.js')
    return ed25519.verify(signature, message, publicKey, { zip215: true })`,
  },
  {
    name: 'label-without-end',
    does: 'does not end its labels with a zero byte',
    breaks: ['security.label.form'],
    role: 'agent',
    file: 'schemas/src/constants.ts',
    find: 'name}\\0',
    replace: 'name}',
  },
  {
    name: 'device-id-unlabelled',
    does: 'hashes an identity key without its label',
    breaks: ['pairing.identity.device-id'],
    ...identity,
    find: "sha256(label('device-id'), identityKey)",
    replace: 'sha256(identityKey)',
  },
  {
    name: 'cert-epoch-unsigned',
    does: 'signs a certificate without its epoch',
    breaks: ['pairing.identity.cert'],
    ...identity,
    find: 'const SIGNED = 68',
    replace: 'const SIGNED = 64',
  },
  {
    name: 'cert-any-signature',
    does: 'takes a certificate with any signature',
    breaks: ['pairing.identity.cert-signature'],
    ...identity,
    find: 'if (!verify(cert.identityKey, signed, cert.signature))',
    replace: 'if (verify(cert.identityKey, signed, cert.signature) === undefined)',
  },
  {
    name: 'cert-old-epoch',
    does: 'takes a certificate older than the one that it knows',
    breaks: ['pairing.identity.epoch'],
    role: 'controller',
    file: 'impl-node/session/responder.ts',
    find: 'cert.epoch < pinned.epoch || ',
    replace: '',
  },
  {
    name: 'cert-same-epoch',
    does: 'takes another key under an epoch that it knows',
    breaks: ['pairing.identity.epoch'],
    role: 'controller',
    file: 'impl-node/session/responder.ts',
    find: ' || (cert.epoch === pinned.epoch && !equal(cert.dhKey, pinned.dhKey))',
    replace: '',
  },
  {
    name: 'identity-not-pinned',
    does: 'does not compare an identity key with the one that it has pinned',
    breaks: ['pairing.identity.pinned'],
    role: 'controller',
    file: 'impl-node/session/responder.ts',
    find: 'if (pinned && !equal(cert.identityKey, pinned.identityKey))',
    replace: 'if (pinned && cert.identityKey.length !== pinned.identityKey.length)',
  },
  {
    name: 'route-id-unlabelled',
    does: 'hashes its route key without the label',
    breaks: ['relay.route.id'],
    role: 'agent',
    file: 'impl-node/crypto/route.ts',
    find: "sha256(label('route-id'), routeKey)",
    replace: 'sha256(routeKey)',
  },
  {
    name: 'bind-origin-length',
    does: 'signs a bind without the length of the origin',
    breaks: ['relay.bind.signature'],
    role: 'controller',
    file: 'impl-node/crypto/route.ts',
    find: 'uint(16, origin.length), origin,',
    replace: 'origin,',
  },
]
