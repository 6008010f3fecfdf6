// Faults of routed frames, of open routes and of what a sender is told.

import { base64url } from '../../peers/route.ts'
import { type Binding, type Peer, ScriptedRelay } from '../../peers/scripted-relay.ts'
import type { RelayMutant } from '../mutant.ts'

export const frames: readonly RelayMutant[] = [
  {
    name: 'rewrites-byte',
    does: 'changes the last byte of a payload',
    breaks: ['relay.frame.verbatim'],
    relay: class extends ScriptedRelay {
      override deliver(target: Binding, bytes: Uint8Array) {
        const changed = bytes.slice()
        changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
        super.deliver(target, bytes.length > 33 ? changed : bytes)
      }
    },
  },
  {
    name: 'rewrites-large',
    does: 'changes the last byte of a payload of more than 4,096 bytes',
    breaks: ['relay.frame.verbatim'],
    relay: class extends ScriptedRelay {
      override deliver(target: Binding, bytes: Uint8Array) {
        const changed = bytes.slice()
        changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
        super.deliver(target, bytes.length > 33 + 4_096 ? changed : bytes)
      }
    },
  },
  {
    name: 'needs-payload',
    does: 'does not forward an empty payload',
    breaks: ['relay.frame.verbatim'],
    relay: class extends ScriptedRelay {
      override deliver(target: Binding, bytes: Uint8Array) {
        if (bytes.length > 33) super.deliver(target, bytes)
      }
    },
  },
  {
    name: 'delivers-twice',
    does: 'forwards every 50th frame twice',
    breaks: ['relay.frame.order'],
    relay: class extends ScriptedRelay {
      #count = 0
      override deliver(target: Binding, bytes: Uint8Array) {
        super.deliver(target, bytes)
        if (++this.#count % 50 === 0) super.deliver(target, bytes)
      }
    },
  },
  {
    name: 'small-first',
    does: 'lets small frames overtake large ones',
    breaks: ['relay.frame.order'],
    relay: class extends ScriptedRelay {
      override deliver(target: Binding, bytes: Uint8Array) {
        if (bytes.length > 10_000) setTimeout(() => super.deliver(target, bytes), 10)
        else super.deliver(target, bytes)
      }
    },
  },
  {
    name: 'short-frame-ignored',
    does: 'ignores a binary frame that is too short',
    breaks: ['relay.frame.type', 'security.parse.strict'],
    relay: class extends ScriptedRelay {
      override onFrame(peer: Peer, bytes: Uint8Array) {
        if (bytes.length >= 33) super.onFrame(peer, bytes)
      }
    },
  },
  {
    name: 'any-type-byte',
    does: 'does not look at the type byte of a frame',
    breaks: ['relay.frame.type', 'security.parse.strict'],
    relay: class extends ScriptedRelay {
      override isFrame(bytes: Uint8Array) {
        return bytes.length >= 33
      }
    },
  },
  {
    name: 'larger-frames',
    does: 'takes frames one byte larger than it says',
    breaks: ['relay.frame.size'],
    relay: class extends ScriptedRelay {
      override greet(peer: Peer) {
        this.limits.maxFrame -= 1
        super.greet(peer)
        this.limits.maxFrame += 1
      }
    },
  },
  {
    name: 'sender-not-checked',
    does: 'lets a client send in the name of any route',
    breaks: ['relay.frame.from'],
    relay: class extends ScriptedRelay {
      override isFrom() {
        return true
      }
    },
  },
  {
    name: 'no-permission',
    does: 'forwards to a route whoever sends',
    breaks: ['relay.frame.permission'],
    relay: class extends ScriptedRelay {
      override isPermitted() {
        return true
      }
    },
  },
  {
    name: 'connection-permission',
    does: 'lets the peer of one route send to all routes of the connection',
    breaks: ['relay.frame.permission'],
    relay: class extends ScriptedRelay {
      override isPermitted(...[target, from, to, bytes]: Parameters<ScriptedRelay['isPermitted']>) {
        const anywhere = [...target.peer.routes].some((route) => this.bound.get(route)?.only === from)
        return anywhere || super.isPermitted(target, from, to, bytes)
      }
    },
  },
  {
    name: 'sender-peer-compared',
    does: "compares the sender's own peer with the recipient",
    breaks: ['relay.frame.peer'],
    relay: class extends ScriptedRelay {
      override isPermitted(...[target, from, to, bytes]: Parameters<ScriptedRelay['isPermitted']>) {
        return this.bound.get(from)?.only === to && super.isPermitted(target, from, to, bytes)
      }
    },
  },
  {
    name: 'silent-when-offline',
    does: 'tells a sender nothing when the recipient is away',
    breaks: ['relay.frame.offline', 'relay.failed.answer'],
    relay: class extends ScriptedRelay {
      override notDelivered(peer: Peer, from: string, to: string) {
        if (this.bound.has(to)) super.notDelivered(peer, from, to)
      }
    },
  },
  {
    name: 'stores',
    does: 'keeps a frame for a recipient that is away, and delivers it later',
    breaks: ['relay.storage.none'],
    relay: class extends ScriptedRelay {
      readonly #kept = new Map<string, Uint8Array>()
      override onFrame(peer: Peer, bytes: Uint8Array) {
        this.#kept.set(base64url(bytes.slice(17, 33)), bytes)
        super.onFrame(peer, bytes)
      }
      override afterBind(...[peer, route, only, lost]: Parameters<ScriptedRelay['afterBind']>) {
        super.afterBind(peer, route, only, lost)
        const kept = this.#kept.get(route)
        if (kept) this.deliver({ peer, only }, kept)
      }
    },
  },
  {
    name: 'open-21',
    does: 'forwards 21 frames to an open route',
    breaks: ['relay.open.count', 'relay.open.exceeded'],
    relay: class extends ScriptedRelay {
      constructor() {
        super()
        this.limits.openFrames = 21
      }
    },
  },
  {
    name: 'open-19',
    does: 'forwards 19 frames to an open route',
    breaks: ['relay.open.count'],
    relay: class extends ScriptedRelay {
      constructor() {
        super()
        this.limits.openFrames = 19
      }
    },
  },
  {
    name: 'open-exceeded-silent',
    does: 'drops the frames beyond the 20 without a word',
    breaks: ['relay.open.exceeded'],
    relay: class extends ScriptedRelay {
      override notDelivered(peer: Peer, from: string, to: string) {
        if ((this.openCounts.get(to) ?? 0) < 20) super.notDelivered(peer, from, to)
      }
    },
  },
  {
    name: 'open-any-size',
    does: 'forwards large frames to an open route',
    breaks: ['relay.open.size'],
    relay: class extends ScriptedRelay {
      constructor() {
        super()
        this.limits.openSize = 100_000
      }
    },
  },
  {
    name: 'open-counts-large',
    does: 'counts the frames that are too large for an open route',
    breaks: ['relay.open.size'],
    relay: class extends ScriptedRelay {
      override countOpen(route: string, size: number) {
        if (size > this.limits.openSize) this.openCounts.set(route, (this.openCounts.get(route) ?? 0) + 1)
        return super.countOpen(route, size)
      }
    },
  },
  {
    name: 'open-count-per-bind',
    does: 'begins a new count with every bind',
    breaks: ['relay.open.memory'],
    relay: class extends ScriptedRelay {
      override claim(peer: Peer, route: string, only: string | null) {
        this.forgetCount(route)
        super.claim(peer, route, only)
      }
    },
  },
  {
    name: 'open-count-per-connection',
    does: 'forgets the count when the connection is lost',
    breaks: ['relay.open.memory'],
    relay: class extends ScriptedRelay {
      override gone(peer: Peer) {
        for (const route of peer.routes) this.forgetCount(route)
        super.gone(peer)
      }
    },
  },
  {
    name: 'failure-swapped',
    does: 'swaps from and to in delivery-failed',
    breaks: ['relay.failed.answer'],
    relay: class extends ScriptedRelay {
      override notDelivered(peer: Peer, from: string, to: string) {
        super.notDelivered(peer, to, from)
      }
    },
  },
  {
    name: 'failure-tells-why',
    does: 'adds to delivery-failed whether the recipient is bound',
    breaks: ['relay.failed.uniform'],
    relay: class extends ScriptedRelay {
      override send(...[peer, message]: Parameters<ScriptedRelay['send']>) {
        if (message.type !== 'delivery-failed') return super.send(peer, message)
        super.send(peer, Object.assign({ known: this.bound.has(message.to) }, message))
      }
    },
  },
  {
    name: 'every-failure',
    does: 'answers every frame that it drops',
    breaks: ['relay.failed.rate'],
    relay: class extends ScriptedRelay {
      constructor() {
        super()
        this.limits.failedEvery = 0
      }
    },
  },
  {
    name: 'failure-rate-per-sender',
    does: 'answers a sender once a second, whatever the recipients',
    breaks: ['relay.failed.answer'],
    relay: class extends ScriptedRelay {
      #last = 0
      override notDelivered(peer: Peer, from: string, to: string) {
        if (performance.now() - this.#last < 1_000) return
        this.#last = performance.now()
        super.notDelivered(peer, from, to)
      }
    },
  },
  {
    name: 'buffers-without-end',
    does: 'holds whatever a slow client does not read',
    breaks: ['relay.slow'],
    relay: class extends ScriptedRelay {
      constructor() {
        super()
        this.limits.unsent = Number.POSITIVE_INFINITY
      }
    },
  },
  {
    name: 'waits-for-slow-client',
    does: 'reads nothing from a sender while its peer does not read',
    breaks: ['relay.slow'],
    relay: class extends ScriptedRelay {
      override isPermitted(target: Binding, from: string, to: string, bytes: Uint8Array) {
        const { socket } = target.peer
        const sender = this.bound.get(from)?.peer.socket
        if (sender && socket.bufferedAmount > this.limits.unsent) {
          sender.pause()
          socket.ping('', false, () => sender.resume())
          return true
        }
        return super.isPermitted(target, from, to, bytes)
      }
    },
  },
]
