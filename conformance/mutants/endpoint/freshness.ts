// Faults of hello, and of freshness: what an agent executes, and what a controller calls live.

import type { EndpointMutant } from '../mutant.ts'
import { agent, controller } from './fault.ts'

const LINK = 'link/link'
const HELLOS = 'link/hellos'
const FRESHNESS = 'session/freshness'

export const freshness: readonly EndpointMutant[] = [
  controller(
    'no-hello-online',
    'says no hello when its peer comes online',
    ['session.hello.connect'],
    LINK,
    'if (this.#sessions.current) this.#introduce(now)',
    'if (this.#sessions.current) this.#hellos.say(this.#freshness.issue(), now, () => true)',
  ),
  agent(
    'hello-once',
    'says hello only once',
    ['session.hello.interval'],
    HELLOS,
    'now - this.#saidAt >= limits.helloEvery',
    'now - this.#saidAt >= 1_000 * limits.helloEvery',
  ),
  controller(
    'hello-for-ever',
    'goes on saying hello to a peer that has left',
    ['session.hello.interval'],
    LINK,
    'if (this.#presence.isPresent(now) && this.#hellos.isDue(now)) this.#sendHello()',
    'if (this.#hellos.isDue(now)) this.#sendHello()',
  ),
  agent(
    'same-challenge',
    'issues the same challenge each time',
    ['session.hello.challenge'],
    FRESHNESS,
    'const challenge = this.#random(8)',
    'const challenge = this.#issued[0]?.challenge ?? this.#random(8)',
  ),
  controller(
    'no-suites',
    'names no suites in hello',
    ['session.hello.suites'],
    HELLOS,
    'challenge: text, suites: SUITE_BITS, ...epoch',
    'challenge: text, suites: 0, ...epoch',
  ),
  agent(
    'challenge-survives',
    'takes a challenge of an earlier connection',
    ['session.fresh.connection'],
    LINK,
    '    this.#freshness.voidAll()\n',
    '',
  ),
  agent(
    'no-drift',
    'does not compare its clocks',
    ['session.fresh.drift'],
    FRESHNESS,
    'if (Math.abs(drift) <= limits.clockDrift) return false',
    'if (Math.abs(drift) >= 0) return false',
  ),
  agent(
    'drift-silent',
    'voids its challenges when its clocks drift apart, and says no hello',
    ['session.fresh.drift'],
    LINK,
    '    if (this.#freshness.drifted()) this.#sendHello()\n    try {',
    '    this.#freshness.drifted()\n    try {',
  ),
  agent(
    'stale-challenge-void',
    'tells a challenge with "stale" that it does not take',
    ['session.fresh.stale-data'],
    'agent/agent',
    "const challenge = Buffer.from(link.issueChallenge()).toString('base64url')",
    "const challenge = Buffer.from(link.issueChallenge().map((byte) => byte ^ 1)).toString('base64url')",
  ),
  agent(
    'fresh-hello-only',
    'ignores a hello without a challenge of its own',
    ['session.fresh.exempt'],
    LINK,
    "      case 'hello':\n",
    "      case 'hello':\n        if (this.#hellos.heard && receipt.age() === null) break\n",
  ),
  controller(
    'early-sealing',
    'seals a request while its peer is away, and sends it later',
    ['session.fresh.encrypt-late'],
    LINK,
    '  get ready(): boolean {\n',
    `  get ready(): boolean {
    const route = this.#route as RouteHandle & { keeps?: boolean }
    const { send, keeps } = route
    const isThere = () => Reflect.get(PeerPresence.prototype, 'reachable', this.#presence)
    const whenThere = (to: Uint8Array, sealed: Uint8Array): boolean =>
      isThere() ? send.call(route, to, sealed) : setTimeout(whenThere, 20, to, sealed).hasRef()
    if (!keeps) Object.assign(route, { keeps: true, send: whenThere })
    if (this.#hellos.said) {
      Object.defineProperty(this.#presence, 'reachable', { value: true })
      Object.defineProperty(this.#hellos, 'heard', { value: true })
      this.#ready = true
    }
`,
  ),
  controller(
    'always-live',
    'shows as live what carries no challenge of its own',
    ['session.fresh.live'],
    'controller/controller',
    'this.#onEvent(message, receipt.age())',
    'this.#onEvent(message, receipt.age() ?? 0)',
  ),
  controller(
    'old-is-live',
    'shows what is older than 60 s as live',
    ['session.fresh.live'],
    'controller/controller',
    'this.#onEvent(message, receipt.age())',
    'this.#onEvent(message, receipt.age() && 1)',
  ),
]
