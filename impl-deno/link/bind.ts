// How a client proves its route to a relay (spec/relay.md, Bind).

import { label } from '@happy-remote/schemas/constants.ts'
import { toBase64url } from '../crypto/base64url.ts'
import { concat, u16, utf8 } from '../crypto/bytes.ts'
import { type SigningKey, sign } from '../crypto/ed25519.ts'

/**
 * The `bind` of a route as JSON. `origin` is that of the URL that was dialled, `nonce` that of this
 * connection's `hello`; `peer` is null for an open route (relay.bind.signature).
 */
export async function bindMessage(
  routeKey: SigningKey,
  origin: string,
  nonce: Uint8Array,
  peer: Uint8Array | null,
): Promise<{ type: 'bind'; routeKey: string; peer: string | null; signature: string }> {
  const name = utf8(origin)
  const covered = [label('relay-auth'), u16(name.length), name, nonce, routeKey.publicKey, peer ?? new Uint8Array(16)]
  const signature = toBase64url(await sign(routeKey, concat(...covered)))
  return { type: 'bind', routeKey: toBase64url(routeKey.publicKey), peer: peer && toBase64url(peer), signature }
}
