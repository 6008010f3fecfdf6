// Vectors of the layer link/.

import { fromBase64url } from '../crypto/base64url.ts'
import { importSigningKey } from '../crypto/ed25519.ts'
import { routeIdOf } from '../crypto/identity.ts'
import { bindMessage } from '../link/bind.ts'
import { defineVectors, hex } from './operation.ts'

defineVectors('relay-bind', {
  sign: async ({ routeSeed, origin, nonce, peer }) => {
    const routeKey = await importSigningKey(hex(routeSeed))
    const bind = await bindMessage(routeKey, origin, hex(nonce), peer && hex(peer))
    const { publicKey } = routeKey
    return { route: routeIdOf(publicKey), bind, routeKey: publicKey, signature: fromBase64url(bind.signature) }
  },
})
