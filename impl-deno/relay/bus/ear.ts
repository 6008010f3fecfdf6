// What a node hears on the channels of its routes.

import { ROUTED_HEADER, ROUTED_TYPE } from '@happy-remote/schemas/relay.ts'
import { type Route, routeKeyAt } from '../table.ts'
import { type Envelope, goesTo, readEnvelope } from './envelopes.ts'
import type { NodeParts } from './parts.ts'
import { isNewer, type Seat } from './seat.ts'

export class Ear {
  readonly #node: NodeParts
  readonly counts = { nacksReceived: 0, malformed: 0 }
  readonly #giveUp: (seat: Seat, route: Route) => void

  /** `giveUp` leaves a route to the node that has a newer claim. */
  constructor(node: NodeParts, giveUp: (seat: Seat, route: Route) => void) {
    this.#node = node
    this.#giveUp = giveUp
  }

  hear(seat: Seat, message: Uint8Array): void {
    if (message[0] === ROUTED_TYPE) {
      this.#hearFrame(seat, message)
      return
    }
    const envelope = readEnvelope(message)
    const place = envelope && goesTo(envelope)
    // cluster.envelope.malformed, cluster.envelope.channel
    if (!envelope || (place !== undefined && place !== seat.key)) {
      this.counts.malformed++
      return
    }
    if (envelope.kind === 'claim') this.#hearClaim(seat, envelope)
    else if (envelope.kind === 'presence') this.#hearPresence(seat, envelope)
    else this.#hearNack(seat, message)
  }

  /** cluster.nack.answer */
  #hearNack(seat: Seat, message: Uint8Array): void {
    const route = this.#node.table.get(seat.key)
    if (!route) return
    this.counts.nacksReceived++
    route.holder.notDelivered(message)
  }

  #hearFrame(seat: Seat, message: Uint8Array): void {
    // cluster.envelope.malformed, cluster.envelope.channel
    if (message.length < ROUTED_HEADER || routeKeyAt(message, 17) !== seat.key) {
      this.counts.malformed++
      return
    }
    const isBound = this.#node.table.get(seat.key) !== undefined
    // The node that has taken the route forwards it.
    if (!isBound && !seat.pending && seat.isYielded) return
    // What Redis gives is a part of something larger, and a Buffer, whose slice() is no copy.
    const frame = new Uint8Array(message).buffer
    if (frame.byteLength <= this.#node.limits.maxFrame) {
      if (!isBound && seat.pending?.keep({ frame, sender: undefined })) return
      // cluster.frame.deliver
      if (isBound && this.#node.table.deliverFromElsewhere(frame)) {
        this.#node.courier.counts.received++
        return
      }
    }
    this.#node.courier.undelivered(undefined, frame)
  }

  #hearClaim(seat: Seat, { token, node }: Extract<Envelope, { kind: 'claim' }>): void {
    if (node === this.#node.id) {
      seat.pending?.hearOwnClaim(token)
      return
    }
    const claim = { token, node }
    seat.pending?.hearClaim(claim)
    const route = this.#node.table.get(seat.key)
    // A route that was bound without Redis gets its token first, which decides.
    if (!route || seat.token === undefined) return
    // cluster.claim.newer
    if (isNewer(claim, { token: seat.token, node: this.#node.id })) this.#giveUp(seat, route)
    else if (!seat.pending) this.#node.voice.claimAgain(seat.key, seat.token)
  }

  #hearPresence(seat: Seat, { route: peer, node, online, wantAnswer }: Extract<Envelope, { kind: 'presence' }>): void {
    const { pending } = seat
    // Nobody is mutual with itself.
    if (peer === seat.key) return
    const isOwn = node === this.#node.id
    if (pending?.peer === peer) {
      if (online) pending.elsewhere = isOwn ? undefined : node
      else if (pending.elsewhere === node) pending.elsewhere = undefined
      pending.wantsAnswer ||= wantAnswer && !isOwn
    }
    const route = this.#node.table.get(seat.key)
    // cluster.presence.stranger
    if (route?.peer !== peer) return
    if (isOwn) {
      // The newest place of the peer is here, where the table knows of it.
      if (online) route.elsewhere = undefined
      return
    }
    if (online) {
      this.#node.lease.heardOf(node)
      // cluster.presence.online
      this.#node.table.hearOnline(route, node)
    } else if (route.elsewhere === node) {
      // cluster.presence.offline, cluster.presence.old
      this.#node.table.forgetElsewhere(route)
    }
    // cluster.presence.answer
    if (wantAnswer && pending?.peer !== peer) this.#node.voice.answer(seat.key, peer)
  }
}
