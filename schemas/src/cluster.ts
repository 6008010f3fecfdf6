// What the nodes of a cluster tell each other through Redis: spec/cluster.md.

import { Bytes, Const, type Decoded, layout, U8, U64 } from './layout.ts'

/** First byte of an envelope. A routed frame is one as it stands: ROUTED_TYPE is its kind. */
export const CLAIM_KIND = 0x02
export const NACK_KIND = 0x03
export const PRESENCE_KIND = 0x04

export const ClusterClaim = layout('ClusterClaim', {
  kind: Const(CLAIM_KIND, 'claim', 'type'),
  token: U64('token of the route, microseconds since 1970'),
  nodeId: Bytes(16, 'node on which the route is bound'),
})
export type ClusterClaim = Decoded<typeof ClusterClaim>

export const ClusterNack = layout('ClusterNack', {
  kind: Const(NACK_KIND, 'nack', 'type'),
  from: Bytes(16, 'as in the frame'),
  to: Bytes(16, 'as in the frame'),
})
export type ClusterNack = Decoded<typeof ClusterNack>

export const ClusterPresence = layout('ClusterPresence', {
  kind: Const(PRESENCE_KIND, 'presence', 'type'),
  route: Bytes(16, 'route that is spoken of'),
  peer: Bytes(16, 'peer with which it is, or was, bound'),
  nodeId: Bytes(16, 'node that says so'),
  online: U8('1: bound there with that peer; 0: no more', { max: 1 }),
  wantAnswer: U8('1: tell me of yours', { max: 1 }),
})
export type ClusterPresence = Decoded<typeof ClusterPresence>
