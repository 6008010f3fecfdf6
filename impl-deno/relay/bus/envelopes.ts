// What nodes write to a channel, and what they take from one (spec/cluster.md, Envelopes).

import {
  CLAIM_KIND,
  ClusterClaim,
  ClusterNack,
  ClusterPresence,
  NACK_KIND,
  PRESENCE_KIND,
} from '@happy-remote/schemas/cluster.ts'
import { ROUTED_HEADER, ROUTED_TYPE } from '@happy-remote/schemas/relay.ts'
import { routeKeyAt } from '../table.ts'

/** Routes and nodes as keys: one character for each of their 16 bytes. */
export type Envelope =
  | { readonly kind: 'frame'; readonly from: string; readonly to: string }
  | { readonly kind: 'claim'; readonly token: number; readonly node: string }
  | { readonly kind: 'nack'; readonly from: string; readonly to: string }
  | {
      readonly kind: 'presence'
      readonly route: string
      readonly peer: string
      readonly node: string
      readonly online: boolean
      readonly wantAnswer: boolean
    }

const keyOf = (bytes: Uint8Array): string => routeKeyAt(bytes, 0)

/** Undefined for what is none (cluster.envelope.malformed). */
export function readEnvelope(message: Uint8Array): Envelope | undefined {
  try {
    switch (message[0]) {
      case ROUTED_TYPE:
        if (message.length < ROUTED_HEADER) return undefined
        return { kind: 'frame', from: routeKeyAt(message, 1), to: routeKeyAt(message, 17) }
      case CLAIM_KIND: {
        const { token, nodeId } = ClusterClaim.decode(message)
        return { kind: 'claim', token, node: keyOf(nodeId) }
      }
      case NACK_KIND: {
        const { from, to } = ClusterNack.decode(message)
        return { kind: 'nack', from: keyOf(from), to: keyOf(to) }
      }
      case PRESENCE_KIND: {
        const { route, peer, nodeId, online, wantAnswer } = ClusterPresence.decode(message)
        return {
          kind: 'presence',
          route: keyOf(route),
          peer: keyOf(peer),
          node: keyOf(nodeId),
          online: online === 1,
          wantAnswer: wantAnswer === 1,
        }
      }
      default:
        return undefined
    }
  } catch {
    return undefined
  }
}

/** The route to whose channel an envelope goes; a claim does not say (cluster.envelope.channel). */
export function goesTo(envelope: Envelope): string | undefined {
  if (envelope.kind === 'frame') return envelope.to
  if (envelope.kind === 'nack') return envelope.from
  return envelope.kind === 'presence' ? envelope.peer : undefined
}

/** The bytes of a key. */
export const bytesOf = (key: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(key, (character) => character.charCodeAt(0))

export const channelOf = (route: string): string => `hrc1:{${bytesOf(route).toHex()}}`
export const tokenKeyOf = (route: string): string => `${channelOf(route)}:token`
export const leaseOf = (node: string): string => `hrc1:node:${bytesOf(node).toHex()}`

export const claimOf = (token: number, node: string) => ClusterClaim.encode({ token, nodeId: bytesOf(node) })

export const nackOf = (from: string, to: string) => ClusterNack.encode({ from: bytesOf(from), to: bytesOf(to) })

export const presenceOf = (route: string, peer: string, node: string, online: boolean, wantAnswer: boolean) =>
  ClusterPresence.encode({
    route: bytesOf(route),
    peer: bytesOf(peer),
    nodeId: bytesOf(node),
    online: online ? 1 : 0,
    wantAnswer: wantAnswer ? 1 : 0,
  })
