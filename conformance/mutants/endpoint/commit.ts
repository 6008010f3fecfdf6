// Faults of an agent around the commit of a pairing: what it stores, says and tells, when, and how it forgets again.

import type { EndpointMutant } from '../mutant.ts'

const attempt = { role: 'agent', file: 'impl-node/link/pairing-agent.ts' } as const
const agent = { role: 'agent', file: 'impl-node/agent/agent.ts' } as const
const link = { role: 'agent', file: 'impl-node/link/link.ts' } as const

export const commit: readonly EndpointMutant[] = [
  {
    name: 'code-logged',
    does: 'writes its pairing code to its log',
    breaks: ['pairing.qr.no-log'],
    ...attempt,
    find: '    this.uri = formatPairingCode(payload)\n',
    replace: `    this.uri = formatPairingCode(payload)
    process.stderr.write(\`\${this.uri}\\n\`)
`,
  },
  {
    name: 'digits-logged',
    does: 'writes the digits that it expects to its log',
    breaks: ['pairing.sas.hidden'],
    ...attempt,
    find: '    this.#options.events.onDigits(this.#tries, this.#until)\n',
    replace: `    process.stderr.write(\`\${this.#completed.digits}\\n\`)
    this.#options.events.onDigits(this.#tries, this.#until)
`,
  },
  {
    name: 'stored-with-m1',
    does: 'stores a device as soon as its M1 has come',
    breaks: ['pairing.agent.nothing-before'],
    ...agent,
    find: '      known: (identityKey) => store.pinOf(identityKey),\n',
    replace: `      known: (identityKey) => {
        const pinned = store.pinOf(identityKey)
        const [key, peer] = [new Uint8Array(32), { identityKey, dhKey: identityKey, epoch: 1 }]
        const stored = { role: 'agent', state: 'stored', pairingKey: key, suite: 1, peer, routeSeed: key } as const
        const rest = { peerName: '', peerRoute: key.slice(16), relay: relay.origin, capabilities: [], createdAt: 0 }
        store.savePairing({ pairingId: identityKey.slice(16), ...stored, ...rest })
        return pinned
      },
`,
  },
  {
    name: 'early-request-kept',
    does: 'keeps what came before the digits were typed, and looks at it afterwards',
    breaks: ['pairing.agent.control-only'],
    role: 'agent',
    file: 'impl-node/link/socket.ts',
    find: '    const route: Route = { key, handlers, peer, bound: false, blocked: false }\n',
    replace: `    const early = ((globalThis as { early?: [Uint8Array, Uint8Array][] }).early ??= [])
    const { onBound, onFrame } = handlers
    handlers = {
      ...handlers,
      onBound: () => {
        onBound()
        for (const [from, frame] of early.splice(0)) onFrame(from, frame)
      },
      onFrame: (from, frame) => {
        early.push([new Uint8Array(from), new Uint8Array(frame)])
        onFrame(from, frame)
      },
    }
    const route: Route = { key, handlers, peer, bound: false, blocked: false }
`,
  },
  {
    name: 'stored-late',
    does: 'stores a pairing five seconds after it has said that it is complete',
    breaks: ['pairing.agent.commit'],
    ...agent,
    find: '    this.#options.store.adoptPairing(record)\n',
    replace: '    setTimeout(() => this.#options.store.adoptPairing(record), 5_000)\n',
  },
  {
    name: 'complete-rarely',
    does: 'says "pair.complete" every 4 s',
    breaks: ['pairing.agent.complete'],
    ...link,
    file: 'impl-node/link/pair-complete.ts',
    find: 'now - this.#saidAt >= limits.completeRepeat',
    replace: 'now - this.#saidAt >= 2 * limits.completeRepeat',
  },
  {
    name: 'paired-beside',
    does: 'keeps an older pairing beside the new one of the same device',
    breaks: ['pairing.agent.replace'],
    ...agent,
    find: 'if (other !== deviceId) continue',
    replace: "if (other !== '') continue",
  },
  {
    name: 'revoked-in-silence',
    does: 'revokes a device without a word to it',
    breaks: ['pairing.revoke.notify'],
    ...link,
    find: "    if (this.#sessions.current) this.#channel.control({ type: 'pairing.revoked' })\n",
    replace: '',
  },
  {
    name: 'revoked-not-erased',
    does: 'denies a device that it revokes, and keeps its record',
    breaks: ['pairing.revoke.erase'],
    ...agent,
    find: '    this.#options.store.revokePairing(link.record)\n',
    replace: '    this.#options.store.deny(deviceIdOf(link.record.peer.identityKey))\n',
  },
]
