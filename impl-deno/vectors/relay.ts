// Vectors of the layer relay/.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { isProven, readClaim } from '../relay/bind.ts'
import { relayLimits } from '../relay/limits.ts'
import { readControlMessage } from '../relay/messages.ts'
import { Rates } from '../relay/rates.ts'
import { type Holder, isRouted, RouteTable } from '../relay/table.ts'
import { defineVectors, hex } from './operation.ts'

/** A connection that notes what it is handed. */
function holder(): Holder & { readonly forwarded: Uint8Array[] } {
  const forwarded: Uint8Array[] = []
  const forward = (frame: Uint8Array) => forwarded.push(frame) > 0
  return {
    routes: new Map(),
    lane: undefined,
    rates: new Rates(),
    forwarded,
    forward,
    send() {},
    superseded() {},
    notDelivered() {},
    depart() {},
  }
}

defineVectors('relay-bind', {
  accept: async ({ text, nonce, origins }) => {
    const message = readControlMessage(text)
    if (message.type !== 'bind') throw new ProtocolError('malformed')
    const claim = readClaim(message)
    if (!(await isProven(claim, hex(nonce), origins))) throw new ProtocolError('unauthenticated')
    return claim
  },
  route: ({ own, bound, frame: text }) => {
    const frame = hex(text)
    if (!isRouted(frame)) throw new ProtocolError('malformed')
    const table = new RouteTable(relayLimits(), { now: 0, second: 0 })
    const [sender, others] = [holder(), holder()]
    for (const { route, peer } of bound as { route: string; peer: string | null }[]) {
      table.bind(own.includes(route) ? sender : others, hex(route), peer === null ? null : hex(peer))
    }
    const forward = table.deliver(sender, frame)
    const [handed, ...more] = [...sender.forwarded, ...others.forwarded]
    // relay.frame.verbatim
    if ((handed === frame) !== forward || more.length > 0) throw new Error('What is handed on is another frame')
    return { forward, from: frame.subarray(1, 17), to: frame.subarray(17, 33) }
  },
})
