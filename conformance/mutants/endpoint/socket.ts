// Faults of a program as a client of a relay: what it dials, what it takes, and when it comes back.

import type { EndpointMutant } from '../mutant.ts'

const agent = { role: 'agent', file: 'impl-node/link/socket.ts' } as const
const controller = { role: 'controller', file: 'impl-node/link/socket.ts' } as const
const link = { role: 'agent', file: 'impl-node/link/link.ts' } as const

export const socket: readonly EndpointMutant[] = [
  {
    name: 'dials-root',
    does: 'dials the root of a relay that has a path',
    breaks: ['relay.connect.path'],
    ...agent,
    find: 'const ws = new WebSocket(this.relay.url, RELAY_SUBPROTOCOL, {',
    replace: "const ws = new WebSocket(new URL('/v1', this.relay.url), RELAY_SUBPROTOCOL, {",
  },
  {
    name: 'private-172',
    does: 'uses a relay anywhere in 172.0.0.0/8 without TLS',
    breaks: ['relay.connect.public-tls'],
    role: 'agent',
    file: 'impl-node/session/relay-url.ts',
    find: 'a === 172 && b >= 16 && b <= 31',
    replace: 'a === 172',
  },
  {
    name: 'smaller-frames',
    does: 'uses a relay that takes smaller frames than it may send',
    breaks: ['relay.hello.max-frame-client'],
    ...controller,
    find: 'if (message.maxFrame < LEAST_MAX_FRAME) {',
    replace: 'if (message.maxFrame < LEAST_MAX_FRAME - 1) {',
  },
  {
    name: 'other-protocol-stays',
    does: 'stays with a relay that speaks another protocol',
    breaks: ['relay.hello.protocol-client'],
    ...agent,
    find: "return type === 'hello' && protocol !== RELAY_PROTOCOL",
    replace: "return type === 'hello' && typeof protocol !== 'number'",
  },
  {
    name: 'leaves-what-is-new',
    does: 'leaves a relay that says what it does not know',
    breaks: ['relay.text.lenient'],
    ...controller,
    find: 'if (!validator.Check(message)) return',
    replace: 'if (!validator.Check(message)) return this.cut()',
  },
  {
    name: 'long-ping',
    does: 'sends a ping of more than 4,096 bytes',
    breaks: ['relay.text.size-client'],
    ...agent,
    find: "ws.send(JSON.stringify({ type: 'ping', timestamp: Date.now() }))",
    replace: "ws.send(JSON.stringify({ type: 'ping', timestamp: Date.now() }).padEnd(4_097))",
  },
  {
    name: 'identity-as-random',
    does: 'takes its identity key where random bytes are due, in the salt of what it sends too',
    breaks: ['relay.route.no-identity'],
    ...link,
    find: '      random: options.random,\n',
    replace: `      random: (size: number) => (size === 32 ? options.identity.cert.identityKey : randomBytes(size)),
`,
  },
  {
    name: 'large-frames',
    does: 'sends a body in one frame, however large that is',
    breaks: ['relay.frame.max-client'],
    role: 'controller',
    file: 'schemas/src/limits.ts',
    find: `plaintextMax: [262_144, 'bytes', 'largest padded plaintext frame'],
  messageMax: [65_536, `,
    replace: `plaintextMax: [1_048_576, 'bytes', 'largest padded plaintext frame'],
  messageMax: [1_000_000, `,
  },
  {
    name: 'any-frame-type',
    does: 'takes a binary frame of any type for a routed one',
    breaks: ['relay.frame.client-malformed'],
    ...agent,
    find: 'if (frame.length < ROUTED_HEADER || frame[0] !== ROUTED_TYPE) return',
    replace: 'if (frame.length < ROUTED_HEADER) return',
  },
  {
    name: 'goes-on-undelivered',
    does: 'goes on sending when the relay says that nothing arrives',
    breaks: ['relay.failed.client'],
    ...link,
    find: `    this.#presence.deliveryFailed(this.#now())
    this.#ready = false
    this.#rekeyController?.postpone()
`,
    replace: '',
  },
  {
    name: 'online-at-first',
    does: 'takes the peer as online before it is told so',
    breaks: ['relay.presence.default'],
    ...link,
    find: '    this.#confirmation?.sendProof(this.#now())\n',
    replace: `    this.#confirmation?.sendProof(this.#now())
    this.#onPresence(true)
`,
  },
  {
    name: 'believes-presence',
    does: 'reports the peer as online because the relay says so',
    breaks: ['relay.presence.hint'],
    ...link,
    file: 'impl-node/link/peer-presence.ts',
    find: '    this.#relaySays = this.#reachable = online\n',
    replace: `    this.#relaySays = this.#reachable = online
    if (online) this.#heardWall = Date.now()
`,
  },
  {
    name: 'slow-ping',
    does: 'sends a ping every 30 s',
    breaks: ['relay.ping.interval'],
    ...controller,
    find: '}, this.#times.pingEvery)',
    replace: '}, 2 * this.#times.pingEvery)',
  },
  {
    name: 'patient-with-silence',
    does: 'stays for two minutes with a relay that says nothing',
    breaks: ['relay.ping.dead'],
    ...agent,
    find: 'setTimeout(() => ws.terminate(), this.#times.deadLine)',
    replace: 'setTimeout(() => ws.terminate(), 2 * this.#times.deadLine)',
  },
  {
    name: 'stays-away',
    does: 'does not come back after a normal close',
    breaks: ['relay.reconnect.always'],
    ...controller,
    find: '      this.#wait(reason)\n',
    replace: '      if (code !== 1_000) this.#wait(reason)\n',
  },
  {
    name: 'fixed-delay',
    does: 'waits for the longest time that the rule allows, always',
    breaks: ['relay.reconnect.backoff'],
    ...agent,
    find: 'ceiling * this.#jitter()',
    replace: 'ceiling',
  },
  {
    name: 'comes-back-superseded',
    does: 'comes back although its route is in use elsewhere',
    breaks: ['relay.reconnect.superseded'],
    ...controller,
    find: 'if (code === CLOSE_UNAUTHENTICATED || code === CLOSE_SUPERSEDED) {',
    replace: 'if (code === CLOSE_UNAUTHENTICATED) {',
  },
  {
    name: 'binds-again',
    does: 'binds a route again that is in use elsewhere',
    breaks: ['relay.reconnect.route'],
    ...agent,
    find: '    if (route.blocked) return\n',
    replace: '',
  },
  {
    name: 'draining-unheard',
    does: 'comes back at once to a relay that drains',
    breaks: ['relay.drain.client'],
    ...controller,
    find: '        this.#drainDelay = message.reconnectAfter\n',
    replace: '',
  },
]
