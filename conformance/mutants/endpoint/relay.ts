// Faults of the Node relay: what the scripted relay shows by subclasses, shown on the relay that people run.

import type { EndpointMutant } from '../mutant.ts'

export const relay: readonly EndpointMutant[] = [
  {
    name: 'node-relay-any-signature',
    does: 'takes a bind whose signature proves nothing',
    breaks: ['relay.bind.verify'],
    role: 'relay',
    file: 'impl-node/relay/connection.ts',
    find: "if (!isProven(bind, Buffer.from(this.#nonce, 'base64url'), origins)) {",
    replace: "if (!isProven(bind, Buffer.from(this.#nonce, 'base64url'), origins) && origins.size === 0) {",
  },
  {
    name: 'node-relay-any-peer',
    does: 'delivers to a route that was bound for another peer',
    breaks: ['relay.frame.permission'],
    role: 'relay',
    file: 'impl-node/relay/routes.ts',
    find: 'if (to.peer === from) return',
    replace: 'if (to.peer !== null) return',
  },
  {
    name: 'node-relay-silent-failure',
    does: 'does not say that a frame was not delivered',
    breaks: ['relay.failed.answer'],
    role: 'relay',
    file: 'impl-node/relay/connection.ts',
    find: 'if (!this.#failures.mayTell(from + to, this.#context.clock.monotonic())) return',
    replace: 'if (this.#failures.mayTell(from + to, this.#context.clock.monotonic())) return',
  },
  {
    name: 'node-relay-no-first-close',
    does: 'leaves a connection open whose first bind it refuses',
    breaks: ['relay.bind.failed-close'],
    role: 'relay',
    file: 'impl-node/relay/connection.ts',
    find: "if (this.#everBound) this.#complain('unauthenticated', why, route)",
    replace: "if (why !== '') this.#complain('unauthenticated', why, route)",
  },
  {
    name: 'node-relay-any-type',
    does: 'forwards a binary frame of any type',
    breaks: ['relay.frame.layout'],
    role: 'relay',
    file: 'impl-node/relay/frame.ts',
    find: 'frame.length >= ROUTED_HEADER && frame[0] === ROUTED_TYPE',
    replace: 'frame.length >= ROUTED_HEADER && frame[0] !== undefined',
  },
]
