// Faults of binds and of routes that move.

import { sha256 } from '@noble/hashes/sha2.js'
import { type Bind, base64url, bindInput, fromBase64url } from '../../peers/route.ts'
import { type Peer, ScriptedRelay } from '../../peers/scripted-relay.ts'
import { type Leniency, verify } from '../../peers/signature.ts'
import type { RelayMutant } from '../mutant.ts'

const lenient = (leniency: Leniency) =>
  class extends ScriptedRelay {
    override verifies(key: Uint8Array, input: Uint8Array, signature: Uint8Array) {
      return verify(key, input, signature, leniency)
    }
  }

const nonces: Uint8Array[] = []

export const bind: readonly RelayMutant[] = [
  {
    name: 'unlabelled-route',
    does: 'hashes a route key without its label',
    breaks: ['relay.route.id', 'security.label.form'],
    relay: class extends ScriptedRelay {
      override routeOf(key: Uint8Array) {
        return base64url(sha256(key).slice(0, 16))
      }
    },
  },
  {
    name: 'frame-before-bind',
    does: 'answers a frame before the first bind as not delivered',
    breaks: ['relay.bind.first'],
    relay: class extends ScriptedRelay {
      override onFrame(peer: Peer, bytes: Uint8Array) {
        if (peer.hasBound) super.onFrame(peer, bytes)
        else this.notDelivered(peer, base64url(bytes.slice(1, 17)), base64url(bytes.slice(17, 33)))
      }
    },
  },
  {
    name: 'no-signature-check',
    does: 'takes a bind with any signature',
    breaks: ['relay.bind.verify'],
    relay: class extends ScriptedRelay {
      override proves() {
        return true
      }
    },
  },
  {
    name: 'unlabelled-signature',
    does: 'also takes a signature over the input without its label',
    breaks: ['relay.bind.verify'],
    relay: class extends ScriptedRelay {
      override verifies(key: Uint8Array, input: Uint8Array, signature: Uint8Array) {
        return super.verifies(key, input, signature) || super.verifies(key, input.slice(17), signature)
      }
    },
  },
  {
    name: 'peer-not-signed',
    does: 'does not compare the peer with what was signed',
    breaks: ['relay.bind.verify'],
    relay: class extends ScriptedRelay {
      override proves(peer: Peer, message: Bind) {
        return [message.peer, base64url(new Uint8Array(16).fill(9))].some((each) =>
          super.proves(peer, { ...message, peer: each }),
        )
      }
    },
  },
  {
    name: 'scalar-not-reduced',
    does: 'takes a signature whose S is above the group order',
    breaks: ['security.signature.scalar'],
    relay: lenient({ scalar: true }),
  },
  {
    name: 'small-order-key',
    does: 'takes a key of small order',
    breaks: ['security.signature.small-order'],
    relay: lenient({ smallOrder: true }),
  },
  {
    name: 'non-canonical-key',
    does: 'takes an encoding of a key that is not canonical',
    breaks: ['security.signature.canonical'],
    relay: lenient({ canonical: true }),
  },
  {
    name: 'cofactor',
    does: 'multiplies by the cofactor when it verifies',
    breaks: ['security.signature.cofactorless'],
    relay: lenient({ cofactor: true }),
  },
  {
    name: 'route-from-signature',
    does: 'takes a route with another signature for another route',
    breaks: ['security.signature.nondeterministic'],
    relay: class extends ScriptedRelay {
      readonly #signatures = new Map<string, string>()
      override proves(peer: Peer, message: Bind) {
        const known = this.#signatures.get(message.routeKey + base64url(peer.nonce))
        this.#signatures.set(message.routeKey + base64url(peer.nonce), message.signature)
        return (
          super.proves(peer, message) && (known === undefined || known.slice(0, 9) === message.signature.slice(0, 9))
        )
      }
    },
  },
  {
    name: 'any-nonce',
    does: 'takes a bind over the nonce of any connection of its own',
    breaks: ['relay.bind.nonce'],
    relay: class extends ScriptedRelay {
      override makeNonce() {
        const nonce = super.makeNonce()
        nonces.push(nonce)
        return nonce
      }
      override proves(peer: Peer, message: Bind) {
        const key = fromBase64url(message.routeKey)
        const other = message.peer === null ? null : fromBase64url(message.peer)
        return this.originsFor(peer).some((origin) =>
          nonces.some((nonce) =>
            this.verifies(key, bindInput(origin, nonce, key, other), fromBase64url(message.signature)),
          ),
        )
      }
    },
  },
  {
    name: 'host-header',
    does: 'takes the origin from the Host header',
    breaks: ['relay.bind.origin'],
    relay: class extends ScriptedRelay {
      override originsFor(peer: Peer) {
        return [`ws://${peer.headers.host}`]
      }
    },
  },
  {
    name: 'origin-header',
    does: 'adds the Origin header to its origins',
    breaks: ['relay.bind.origin'],
    relay: class extends ScriptedRelay {
      override originsFor(peer: Peer) {
        return [...this.origins, String(peer.headers.origin)]
      }
    },
  },
  {
    name: 'refusal-without-route',
    does: 'does not name the route of a bind that it refuses',
    breaks: ['relay.bind.failed'],
    relay: class extends ScriptedRelay {
      override complain(...[peer, code, route]: Parameters<ScriptedRelay['complain']>) {
        super.complain(peer, code, code === 'unauthenticated' ? undefined : route)
      }
    },
  },
  {
    name: 'refusal-stays',
    does: 'leaves a connection open whose first bind it refuses',
    breaks: ['relay.bind.failed-close'],
    relay: class extends ScriptedRelay {
      override refuse(peer: Peer, route: string) {
        this.complain(peer, 'unauthenticated', route)
      }
    },
  },
  {
    name: 'refusal-closes',
    does: 'closes a connection that has routes when it refuses another',
    breaks: ['relay.bind.failed-open'],
    relay: class extends ScriptedRelay {
      override refuse(peer: Peer, route: string) {
        this.end(peer, 'unauthenticated', route)
      }
    },
  },
  {
    name: 'refusal-releases',
    does: 'releases the route whose new bind it refuses',
    breaks: ['relay.bind.failed-open'],
    relay: class extends ScriptedRelay {
      override refuse(peer: Peer, route: string) {
        super.refuse(peer, route)
        if (peer.routes.has(route)) this.release(peer, route)
      }
    },
  },
  {
    name: 'zero-peer-open',
    does: 'takes a peer of zero bytes as open',
    breaks: ['relay.bind.zero-peer'],
    relay: class extends ScriptedRelay {
      override onZeroPeer(peer: Peer, message: Bind) {
        this.claim(peer, this.routeOf(fromBase64url(message.routeKey)), null)
      }
    },
  },
  {
    name: 'silent-rebind',
    does: 'does not answer the same bind a second time',
    breaks: ['relay.bind.bound'],
    relay: class extends ScriptedRelay {
      override claim(peer: Peer, route: string, only: string | null) {
        if (this.bound.get(route)?.peer !== peer || this.bound.get(route)?.only !== only) super.claim(peer, route, only)
      }
    },
  },
  {
    name: 'presence-before-bound',
    does: 'tells presence before it answers the bind',
    breaks: ['relay.bind.bound'],
    relay: class extends ScriptedRelay {
      override send(...[peer, message]: Parameters<ScriptedRelay['send']>) {
        if (message.type === 'bound') setTimeout(() => super.send(peer, message), 50)
        else super.send(peer, message)
      }
    },
  },
  {
    name: 'first-peer-kept',
    does: 'keeps the peer of the first bind of a route',
    breaks: ['relay.bind.again'],
    relay: class extends ScriptedRelay {
      override claim(peer: Peer, route: string, only: string | null) {
        const before = this.bound.get(route)
        super.claim(peer, route, before?.peer === peer ? before.only : only)
      }
    },
  },
  {
    name: 'old-owner-stays',
    does: 'leaves a route with its first connection',
    breaks: ['relay.bind.supersede'],
    relay: class extends ScriptedRelay {
      override claim(peer: Peer, route: string, only: string | null) {
        const before = this.bound.get(route)
        super.claim(peer, route, only)
        if (before && before.peer !== peer) this.bound.set(route, before)
      }
    },
  },
  {
    name: 'silent-supersede',
    does: 'does not tell the old connection that its route has moved',
    breaks: ['relay.bind.supersede'],
    relay: class extends ScriptedRelay {
      override supersede(old: Peer, route: string) {
        old.routes.delete(route)
      }
    },
  },
  {
    name: 'supersede-stays',
    does: 'leaves an old connection open that has no route left',
    breaks: ['relay.bind.supersede.close'],
    relay: class extends ScriptedRelay {
      override supersede(old: Peer, route: string) {
        old.routes.delete(route)
        this.complain(old, 'superseded', route)
      }
    },
  },
  {
    name: 'supersede-closes',
    does: 'closes an old connection that still has a route',
    breaks: ['relay.bind.supersede.close'],
    relay: class extends ScriptedRelay {
      override supersede(old: Peer, route: string) {
        this.end(old, 'superseded', route)
      }
    },
  },
  {
    name: 'more-routes',
    does: 'takes 65 routes on one connection',
    breaks: ['relay.bind.routes'],
    relay: class extends ScriptedRelay {
      constructor() {
        super()
        this.limits.routes = 65
      }
    },
  },
  {
    name: 'too-many-closes',
    does: 'closes the connection that asks for a 65th route',
    breaks: ['relay.bind.routes'],
    relay: class extends ScriptedRelay {
      override onTooMany(peer: Peer, route: string) {
        this.end(peer, 'rate-limited', route)
      }
    },
  },
  {
    name: 'unbind-ignored',
    does: 'ignores every unbind',
    breaks: ['relay.unbind'],
    relay: class extends ScriptedRelay {
      override onUnbind() {}
    },
  },
  {
    name: 'unbind-all',
    does: 'gives up all routes of a connection for one',
    breaks: ['relay.unbind'],
    relay: class extends ScriptedRelay {
      override onUnbind(peer: Peer, route: string) {
        if (peer.routes.has(route)) this.releaseAll(peer)
        else super.onUnbind(peer, route)
      }
    },
  },
  {
    name: 'unbind-of-others',
    does: 'gives up a route for whoever asks',
    breaks: ['relay.unbind.unknown'],
    relay: class extends ScriptedRelay {
      override onUnbind(peer: Peer, route: string) {
        const owner = this.bound.get(route)?.peer
        if (owner) this.release(owner, route)
        else super.onUnbind(peer, route)
      }
    },
  },
  {
    name: 'unbind-unknown-malformed',
    does: 'calls an unbind of an unknown route malformed',
    breaks: ['relay.unbind.unknown'],
    relay: class extends ScriptedRelay {
      override onUnbind(peer: Peer, route: string) {
        if (peer.routes.has(route)) super.onUnbind(peer, route)
        else this.end(peer, 'malformed')
      }
    },
  },
]
