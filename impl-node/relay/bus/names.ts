// What things are called in Redis (spec/cluster.md, "Names in Redis").

import type { RouteId } from '../frame.ts'

const hex = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('hex')

/** The braces keep channel and keys of a route in one slot. */
export const channelOf = (route: RouteId): string => `hrc1:{${hex(route)}}`
export const tokenKeyOf = (channel: string): string => `${channel}:token`
/** `nodeId`: 16 bytes as a latin1 string, as routes are. */
export const leaseKeyOf = (nodeId: string): string => `hrc1:node:${hex(nodeId)}`

/** The slot of a Redis Cluster in which a name lives: CRC-16/XMODEM of what the braces hold, or of all. */
export function slotOf(name: string): number {
  const open = name.indexOf('{')
  const close = open < 0 ? -1 : name.indexOf('}', open + 1)
  const part = close > open + 1 ? name.slice(open + 1, close) : name
  let crc = 0
  for (let i = 0; i < part.length; i++) {
    crc ^= part.charCodeAt(i) << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc % SLOTS
}

export const SLOTS = 16_384
