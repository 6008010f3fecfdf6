// The bind of a route, and what a relay does with a routed frame.

import { RelayBind } from '@happy-remote/schemas/relay.ts'
import { Type } from 'typebox'
import { hex, toBase64url, unhex } from '../protocol/bytes.ts'
import { routeIdOf } from '../protocol/identity.ts'
import { acceptBind, bindSignedBytes, forwards } from '../protocol/relay.ts'
import { Hex, Nullable, operation, Shape } from './operation.ts'

const Route = Shape({ route: Hex(16), peer: Nullable(Hex(16)) })

export const relayBind = {
  sign: operation({
    input: { routeSeed: Hex(32), origin: Type.String(), nonce: Hex(32), peer: Nullable(Hex(16)) },
    intermediate: { routeKey: Hex(32), signedBytes: Hex(), signature: Hex(64) },
    output: { route: Hex(16), bind: RelayBind },
    async compute(backend, input) {
      const seed = unhex(input.routeSeed)
      const peer = input.peer === null ? null : unhex(input.peer)
      const routeKey = await backend.signPublic(seed)
      const signedBytes = bindSignedBytes(input.origin, unhex(input.nonce), routeKey, peer)
      const signature = await backend.sign(seed, signedBytes)
      return {
        intermediate: { routeKey: hex(routeKey), signedBytes: hex(signedBytes), signature: hex(signature) },
        output: {
          route: hex(await routeIdOf(backend, routeKey)),
          bind: {
            type: 'bind' as const,
            routeKey: toBase64url(routeKey),
            peer: peer && toBase64url(peer),
            signature: toBase64url(signature),
          },
        },
      }
    },
  }),
  accept: operation({
    input: { origins: Type.Array(Type.String()), nonce: Hex(32), text: Type.String() },
    output: { route: Hex(16), peer: Nullable(Hex(16)) },
    async compute(backend, { origins, nonce, text }) {
      const { route, peer } = await acceptBind(backend, origins, unhex(nonce), text)
      return { output: { route: hex(route), peer: peer && hex(peer) } }
    },
  }),
  route: operation({
    input: { own: Type.Array(Hex(16)), bound: Type.Array(Route), frame: Hex() },
    output: {
      forward: Type.Boolean({ description: 'false: dropped, and answered with `delivery-failed`' }),
      from: Hex(16),
      to: Hex(16),
    },
    async compute(_, { own, bound, frame }) {
      const { from, to, forward } = forwards(own, bound, unhex(frame))
      return { output: { forward, from: hex(from), to: hex(to) } }
    },
  }),
}
