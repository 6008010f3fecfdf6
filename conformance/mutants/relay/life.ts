// Faults of presence, of time, of closing, of limits and of stopping.

import { CLOSE_GOING_AWAY } from '@happy-remote/schemas/constants.ts'
import type { RelayErrorCode } from '@happy-remote/schemas/errors.ts'
import { type Peer, ScriptedRelay } from '../../peers/scripted-relay.ts'
import type { RelayMutant } from '../mutant.ts'

export const life: readonly RelayMutant[] = [
  {
    name: 'presence-one-side',
    does: 'tells only the one that binds second',
    breaks: ['relay.presence.online'],
    relay: class extends ScriptedRelay {
      override afterBind(...[peer, route, only, lost]: Parameters<ScriptedRelay['afterBind']>) {
        super.afterBind(peer, route, only, only)
        if (lost !== null && lost !== only) this.tellOffline(lost, route)
      }
    },
  },
  {
    name: 'presence-once',
    does: 'does not repeat presence when a mutual route is bound again',
    breaks: ['relay.presence.rebind'],
    relay: class extends ScriptedRelay {
      override afterBind(...[peer, route, only, lost]: Parameters<ScriptedRelay['afterBind']>) {
        if (lost === null || lost !== only) super.afterBind(peer, route, only, lost)
      }
    },
  },
  {
    name: 'no-offline',
    does: 'does not tell that a peer has gone',
    breaks: ['relay.presence.offline'],
    relay: class extends ScriptedRelay {
      override gone(peer: Peer) {
        for (const route of peer.routes) this.bound.delete(route)
        super.gone(peer)
      }
    },
  },
  {
    name: 'offline-by-unbind-only',
    does: 'does not tell that a peer has turned to another',
    breaks: ['relay.presence.offline'],
    relay: class extends ScriptedRelay {
      override afterBind(...[peer, route, only, lost]: Parameters<ScriptedRelay['afterBind']>) {
        super.afterBind(peer, route, only, lost === only ? lost : null)
      }
    },
  },
  {
    name: 'presence-one-sided',
    does: 'tells a stranger about any route that it names',
    breaks: ['relay.presence.mutual', 'relay.presence.silent'],
    relay: class extends ScriptedRelay {
      override afterBind(...[peer, route, only, lost]: Parameters<ScriptedRelay['afterBind']>) {
        super.afterBind(peer, route, only, lost)
        if (only !== null && this.bound.has(only) && !this.isMutual(route, only)) this.tell(peer, route, only, 'online')
      }
    },
  },
  {
    name: 'presence-of-itself',
    does: 'takes a route that names itself for a pair',
    breaks: ['relay.presence.mutual'],
    relay: class extends ScriptedRelay {
      override isMutual(a: string, b: string) {
        return this.bound.get(a)?.only === b && this.bound.get(b)?.only === a
      }
    },
  },
  {
    name: 'presence-to-all',
    does: 'tells everybody that a route has gone',
    breaks: ['relay.presence.mutual'],
    relay: class extends ScriptedRelay {
      override release(peer: Peer, route: string) {
        super.release(peer, route)
        for (const [other, binding] of this.bound) this.tell(binding.peer, other, route, 'offline')
      }
    },
  },
  {
    name: 'offline-at-bind',
    does: 'answers a bind whose peer is away with offline',
    breaks: ['relay.presence.silent'],
    relay: class extends ScriptedRelay {
      override afterBind(...[peer, route, only, lost]: Parameters<ScriptedRelay['afterBind']>) {
        super.afterBind(peer, route, only, lost)
        if (only !== null && !this.isMutual(route, only)) this.tell(peer, route, only, 'offline')
      }
    },
  },
  {
    name: 'pong-with-own-time',
    does: 'answers a ping with its own time',
    breaks: ['relay.ping'],
    relay: class extends ScriptedRelay {
      override onPing(peer: Peer) {
        super.onPing(peer, Date.now())
      }
    },
  },
  {
    name: 'no-pong-before-bind',
    does: 'does not answer a ping before the first bind',
    breaks: ['relay.ping'],
    relay: class extends ScriptedRelay {
      override onPing(peer: Peer, timestamp: number) {
        if (peer.hasBound) super.onPing(peer, timestamp)
      }
    },
  },
  {
    name: 'never-silent',
    does: 'never closes a silent connection',
    breaks: ['relay.silence'],
    relay: class extends ScriptedRelay {
      override heard() {}
    },
  },
  {
    name: 'waits-for-bind',
    does: 'waits for a bind for ever',
    breaks: ['relay.bind.time'],
    relay: class extends ScriptedRelay {
      override onTooLate() {}
    },
  },
  {
    name: 'ping-delays-bind',
    does: 'begins the time for a bind anew with every message',
    breaks: ['relay.bind.time'],
    relay: class extends ScriptedRelay {
      override heard(peer: Peer) {
        super.heard(peer)
        peer.bindTimer?.refresh()
      }
    },
  },
  {
    name: 'closes-unbound',
    does: 'closes a connection that has given its only route up',
    breaks: ['relay.bind.time'],
    relay: class extends ScriptedRelay {
      override onTooLate(peer: Peer) {
        if (peer.routes.size === 0) this.end(peer, 'timeout')
      }
    },
  },
  {
    name: 'closes-without-error',
    does: 'closes without saying why',
    breaks: ['relay.error.first'],
    relay: class extends ScriptedRelay {
      override end(peer: Peer, code: RelayErrorCode) {
        if (!peer.isClosing) this.hangUp(peer, this.closeCode(code))
      }
    },
  },
  {
    name: 'close-1008',
    does: 'closes with 1008 whatever the error',
    breaks: ['relay.close.code'],
    relay: class extends ScriptedRelay {
      override closeCode() {
        return 1008
      }
    },
  },
  {
    name: 'waits-for-close',
    does: 'waits for ever for a client to complete a close',
    breaks: ['relay.close.bounded', 'relay.drain.close'],
    relay: class extends ScriptedRelay {
      override hangUp(peer: Peer, close: number) {
        peer.isClosing = true
        peer.socket.close(close)
        // The library has a timer of its own, which this relay does not.
        clearTimeout((peer.socket as unknown as { _closeTimer: NodeJS.Timeout })._closeTimer)
        this.releaseAll(peer)
      }
    },
  },
  {
    name: 'unknown-code',
    does: 'calls what it cannot read "bad-request"',
    breaks: ['errors.code.registry'],
    relay: class extends ScriptedRelay {
      override complain(...[peer, code, route]: Parameters<ScriptedRelay['complain']>) {
        super.complain(peer, code === 'malformed' ? ('bad-request' as RelayErrorCode) : code, route)
      }
    },
  },
  {
    name: 'error-to-all',
    does: 'closes everybody that shares a peer with a client that went wrong',
    breaks: ['relay.isolation'],
    relay: class extends ScriptedRelay {
      override end(peer: Peer, code: RelayErrorCode, route?: string) {
        super.end(peer, code, route)
        for (const other of this.peers) super.end(other, code)
      }
    },
  },
  {
    name: 'any-rate',
    does: 'has no limit on connections and binds',
    breaks: ['relay.bind.rate'],
    relay: class extends ScriptedRelay {
      override isWithin() {
        return true
      }
    },
  },
  {
    name: 'any-messages',
    does: 'has a limit on messages and does not keep it',
    breaks: ['relay.rate'],
    relay: class extends ScriptedRelay {
      override isWithin(times: number[], limit: number) {
        return super.isWithin(times, limit) || limit === this.limits.messagesPerSecond
      }
    },
  },
  {
    name: 'logs-routes',
    does: 'writes whole routes to its log',
    breaks: ['relay.privacy.log', 'security.secret.quiet'],
    relay: class extends ScriptedRelay {
      override claim(peer: Peer, route: string, only: string | null) {
        process.stderr.write(`bound ${route}\n`)
        super.claim(peer, route, only)
      }
    },
  },
  {
    name: 'logs-payloads',
    does: 'writes the payloads that it could not deliver to its log',
    breaks: ['relay.privacy.log', 'security.secret.quiet'],
    relay: class extends ScriptedRelay {
      override onFrame(peer: Peer, bytes: Uint8Array) {
        process.stderr.write(`frame ${Buffer.from(bytes.slice(33)).toString('hex')}\n`)
        super.onFrame(peer, bytes)
      }
    },
  },
  {
    name: 'no-draining',
    does: 'stops without a word',
    breaks: ['relay.drain'],
    relay: class extends ScriptedRelay {
      override async stop() {
        this.isDraining = true
        for (const peer of this.peers) this.hangUp(peer, CLOSE_GOING_AWAY)
      }
    },
  },
  {
    name: 'drain-cuts',
    does: 'cuts connections instead of closing them with 1001',
    breaks: ['relay.drain.close'],
    relay: class extends ScriptedRelay {
      override hangUp(peer: Peer, close: number) {
        if (close === CLOSE_GOING_AWAY) peer.socket.terminate()
        else super.hangUp(peer, close)
      }
    },
  },
  {
    name: 'takes-while-draining',
    does: 'takes new clients while it drains',
    breaks: ['relay.drain.new'],
    relay: class extends ScriptedRelay {
      override admit(...[request]: Parameters<ScriptedRelay['admit']>) {
        const status = super.admit(request)
        return status === 503 ? 101 : status
      }
    },
  },
  {
    name: 'always-healthy',
    does: 'says that it is healthy while it drains',
    breaks: ['relay.health.ok'],
    relay: class extends ScriptedRelay {
      override health() {
        return 200
      }
    },
  },
]
