// Faults of the upgrade, of `hello` and of control messages.

import type { IncomingMessage } from 'node:http'
import { RELAY_PATH, RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { parseText } from '../../peers/frames.ts'
import { type Peer, ScriptedRelay } from '../../peers/scripted-relay.ts'
import { longPing } from '../../peers/wrong-texts.ts'
import type { RelayMutant } from '../mutant.ts'

const shared = new Uint8Array(32).fill(1)

export const connecting: readonly RelayMutant[] = [
  {
    name: 'any-subprotocol',
    does: 'takes an upgrade with any subprotocol or none',
    breaks: ['relay.subprotocol'],
    relay: class extends ScriptedRelay {
      override subprotocol(offered: readonly string[]) {
        return super.subprotocol(offered) ?? offered[0]
      }
    },
  },
  {
    name: 'next-subprotocol',
    does: 'takes the subprotocol of a later wire version for its own',
    breaks: ['versioning.wire.refuse', 'relay.subprotocol'],
    relay: class extends ScriptedRelay {
      override subprotocol(offered: readonly string[]) {
        return super.subprotocol(offered) ?? offered.find((name) => name.startsWith('happy-relay.v2'))
      }
    },
  },
  {
    name: 'first-subprotocol',
    does: 'names the first subprotocol offered instead of its own',
    breaks: ['relay.subprotocol.echo'],
    relay: class extends ScriptedRelay {
      override subprotocol(offered: readonly string[]) {
        return offered.includes(RELAY_SUBPROTOCOL) ? offered[0] : undefined
      }
    },
  },
  {
    name: 'any-path',
    does: 'takes an upgrade at any path',
    breaks: ['relay.path'],
    relay: class extends ScriptedRelay {
      override isPath() {
        return true
      }
    },
  },
  {
    name: 'secret-unasked',
    does: 'serves at /v1 as well, where its path holds a secret',
    breaks: ['relay.secret.uniform', 'relay.path'],
    relay: class extends ScriptedRelay {
      override isPath(path: string) {
        return path === RELAY_PATH || super.isPath(path)
      }
    },
  },
  {
    name: 'secret-any-case',
    does: 'compares the secret of its path without regard to case',
    breaks: ['relay.secret.uniform', 'relay.path'],
    relay: class extends ScriptedRelay {
      override isPath(path: string) {
        return path.toLowerCase() === `${this.before}${RELAY_PATH}`.toLowerCase()
      }
    },
  },
  {
    name: 'secret-beginning',
    does: 'is content with the beginning of the secret of its path',
    breaks: ['relay.secret.uniform', 'relay.path'],
    relay: class extends ScriptedRelay {
      override isPath(path: string) {
        return this.before === ''
          ? super.isPath(path)
          : path.startsWith(this.before.slice(0, -1)) && path.endsWith(RELAY_PATH)
      }
    },
  },
  {
    name: 'secret-named',
    does: 'answers a wrong secret with another status than another path',
    breaks: ['relay.secret.uniform'],
    relay: class extends ScriptedRelay {
      override admit(request: IncomingMessage) {
        const status = super.admit(request)
        return status === 404 && request.url?.endsWith(RELAY_PATH) ? 403 : status
      }
    },
  },
  {
    name: 'secret-after-subprotocol',
    does: 'looks at the subprotocol before the secret of its path',
    breaks: ['relay.secret.uniform'],
    relay: class extends ScriptedRelay {
      override admit(request: IncomingMessage) {
        const status = super.admit(request)
        return status === 404 && request.headers['sec-websocket-protocol'] === undefined ? 400 : status
      }
    },
  },
  {
    name: 'secret-health',
    does: 'tells at its public port that it is healthy, though its path holds a secret',
    breaks: ['relay.secret.hidden'],
    relay: class extends ScriptedRelay {
      override showsHealth() {
        return true
      }
    },
  },
  {
    name: 'secret-outside-origin',
    does: 'leaves the secret of its path out of its origins',
    breaks: ['relay.secret.origin'],
    relay: class extends ScriptedRelay {
      override originPath() {
        return ''
      }
    },
  },
  {
    name: 'secret-logged',
    does: 'writes the paths that it is asked for to its log',
    breaks: ['relay.secret.quiet'],
    relay: class extends ScriptedRelay {
      override admit(request: IncomingMessage) {
        process.stderr.write(`upgrade at ${request.url}\n`)
        return super.admit(request)
      }
    },
  },
  {
    name: 'forwarded-believed',
    does: 'counts whoever names another address in a header as another address',
    breaks: ['relay.address.forwarded'],
    relay: class extends ScriptedRelay {
      override isWelcome(request: IncomingMessage) {
        const { headers } = request
        const claims = headers['x-forwarded-for'] ?? headers.forwarded ?? headers['x-real-ip']
        return claims !== undefined || super.isWelcome(request)
      }
    },
  },
  {
    name: 'memory-open',
    does: 'lets new clients in however much is unsent',
    breaks: ['relay.memory.new'],
    relay: class extends ScriptedRelay {
      override isFull() {
        return false
      }
    },
  },
  {
    name: 'patient-upgrade',
    does: 'waits for ever for the end of a request',
    breaks: ['relay.upgrade.time'],
    relay: class extends ScriptedRelay {
      override serverOptions() {
        return { ...super.serverOptions(), headersTimeout: 0, requestTimeout: 0 }
      }
    },
  },
  {
    name: 'large-upgrade',
    does: 'takes a request of any size',
    breaks: ['relay.upgrade.size'],
    relay: class extends ScriptedRelay {
      override serverOptions() {
        return { ...super.serverOptions(), maxHeaderSize: 16_777_216 }
      }
    },
  },
  {
    name: 'compression',
    does: 'negotiates WebSocket compression',
    breaks: ['relay.connect.compression'],
    relay: class extends ScriptedRelay {
      override compresses() {
        return true
      }
    },
  },
  {
    name: 'late-hello',
    does: 'says hello only when it has been spoken to',
    breaks: ['relay.hello.first'],
    relay: class extends ScriptedRelay {
      override greet(peer: Peer) {
        setTimeout(() => super.greet(peer), 500)
      }
    },
  },
  {
    name: 'shared-nonce',
    does: 'gives every connection the same nonce',
    breaks: ['relay.hello.nonce', 'relay.bind.nonce'],
    relay: class extends ScriptedRelay {
      override makeNonce() {
        return shared
      }
    },
  },
  {
    name: 'small-frames',
    does: 'offers frames of 65,536 bytes at most',
    breaks: ['relay.hello.max-frame'],
    relay: class extends ScriptedRelay {
      constructor() {
        super()
        this.limits.maxFrame = 65_536
      }
    },
  },
  {
    name: 'own-feature',
    does: 'announces a feature of its own without the prefix',
    breaks: ['versioning.feature.unstable'],
    relay: class extends ScriptedRelay {
      override send(...[peer, message]: Parameters<ScriptedRelay['send']>) {
        super.send(peer, message.type === 'hello' ? Object.assign({ presenceBatch: true }, message) : message)
      }
    },
  },
  {
    name: 'loose-json',
    does: 'ignores a text frame that it cannot read',
    breaks: ['relay.text.strict'],
    relay: class extends ScriptedRelay {
      override onText(peer: Peer, bytes: Uint8Array) {
        if (this.read(bytes)) super.onText(peer, bytes)
      }
    },
  },
  {
    name: 'unknown-type-ignored',
    does: 'ignores a message of a type that it does not know',
    breaks: ['relay.text.strict'],
    relay: class extends ScriptedRelay {
      override onText(peer: Peer, bytes: Uint8Array) {
        const value = parseText(bytes) as { type?: unknown } | undefined
        if (!['bind', 'unbind', 'ping'].includes(String(value?.type ?? 'ping'))) return
        super.onText(peer, bytes)
      }
    },
  },
  {
    name: 'invalid-utf8',
    does: 'reads text that is not UTF-8 with replacement characters',
    breaks: ['relay.text.strict'],
    relay: class extends ScriptedRelay {
      override onText(peer: Peer, bytes: Uint8Array) {
        const text = Buffer.from(bytes).toString()
        const isBroken = text.includes('\ufffd')
        super.onText(peer, isBroken ? Buffer.from('{"type":"ping","timestamp":1}') : bytes)
      }
    },
  },
  {
    name: 'unknown-members',
    does: 'ignores unknown members of a message',
    breaks: ['relay.bind.strict'],
    relay: class extends ScriptedRelay {
      override read(bytes: Uint8Array) {
        const value = parseText(bytes) as Record<string, unknown> | undefined
        const { software: _a, reason: _b, sequence: _c, ...rest } = value ?? {}
        return super.read(Buffer.from(JSON.stringify(rest)))
      }
    },
  },
  {
    name: 'lenient-base64',
    does: 'takes byte strings with padding, base64 letters, spaces or stray bits',
    breaks: ['relay.bind.strict'],
    relay: class extends ScriptedRelay {
      override read(bytes: Uint8Array) {
        const value = parseText(bytes) as Record<string, unknown> | undefined
        const entries = Object.entries(value ?? {}).map(([name, text]) =>
          name !== 'type' && typeof text === 'string'
            ? [name, Buffer.from(text, 'base64').toString('base64url')]
            : [name, text],
        )
        return super.read(Buffer.from(JSON.stringify(Object.fromEntries(entries))))
      }
    },
  },
  {
    name: 'long-text',
    does: 'takes text frames of 65,536 bytes',
    breaks: ['relay.text.size'],
    relay: class extends ScriptedRelay {
      constructor() {
        super()
        this.limits.text = 65_536
      }
    },
  },
  {
    name: 'short-text',
    does: 'takes text frames of less than 4,096 bytes only',
    breaks: ['relay.text.size'],
    relay: class extends ScriptedRelay {
      constructor() {
        super()
        this.limits.text = longPing(4_096).length - 1
      }
    },
  },
]
