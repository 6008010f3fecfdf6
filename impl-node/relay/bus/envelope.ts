// What nodes tell each other (spec/cluster.md, "Envelopes"). Frames are not here: they travel as they are.

import {
  CLAIM_KIND,
  ClusterClaim,
  ClusterNack,
  ClusterPresence,
  NACK_KIND,
  PRESENCE_KIND,
} from '@happy-remote/schemas/cluster.ts'
import type { Layout } from '@happy-remote/schemas/layout.ts'
import { type RouteId, routeIdFrom } from '../frame.ts'

/** Routes and node ids are latin1 strings of 16 bytes here, as everywhere in the relay. */
export interface Claim {
  readonly kind: 'claim'
  readonly token: number
  readonly nodeId: string
}
export interface Nack {
  readonly kind: 'nack'
  readonly from: RouteId
  readonly to: RouteId
}
export interface Presence {
  readonly kind: 'presence'
  readonly route: RouteId
  readonly peer: RouteId
  readonly nodeId: string
  readonly isOnline: boolean
  readonly wantsAnswer: boolean
}
export type Envelope = Claim | Nack | Presence

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const encode = <T>(layout: Layout<T>, value: T): Buffer => Buffer.from(layout.encode(value).buffer)

export const claim = (token: number, nodeId: string): Buffer => encode(ClusterClaim, { token, nodeId: bytes(nodeId) })

export const nack = (from: RouteId, to: RouteId): Buffer => encode(ClusterNack, { from: bytes(from), to: bytes(to) })

export const presence = ({ route, peer, nodeId, isOnline, wantsAnswer }: Omit<Presence, 'kind'>): Buffer =>
  encode(ClusterPresence, {
    route: bytes(route),
    peer: bytes(peer),
    nodeId: bytes(nodeId),
    online: Number(isOnline),
    wantAnswer: Number(wantsAnswer),
  })

function decode(message: Buffer): Envelope | undefined {
  switch (message[0]) {
    case CLAIM_KIND: {
      const { token, nodeId } = ClusterClaim.decode(message)
      return { kind: 'claim', token, nodeId: routeIdFrom(nodeId) }
    }
    case NACK_KIND: {
      const { from, to } = ClusterNack.decode(message)
      return { kind: 'nack', from: routeIdFrom(from), to: routeIdFrom(to) }
    }
    case PRESENCE_KIND: {
      const { route, peer, nodeId, online, wantAnswer } = ClusterPresence.decode(message)
      return {
        kind: 'presence',
        route: routeIdFrom(route),
        peer: routeIdFrom(peer),
        nodeId: routeIdFrom(nodeId),
        isOnline: online === 1,
        wantsAnswer: wantAnswer === 1,
      }
    }
    default:
      return undefined
  }
}

/** Undefined for whatever is none (cluster.envelope.malformed). */
export function readEnvelope(message: Buffer): Envelope | undefined {
  try {
    return decode(message)
  } catch {
    return undefined
  }
}
