// Two clients of a server that forwards, and the frames that they send each other.

import { generateRouteKey, type RouteKey } from '../impl-node/crypto/route.ts'
import { frameSize, maskedFrame, OPCODE, RawClient } from './raw-client.ts'

export interface Pair {
  readonly a: RawClient
  readonly b: RawClient
  /** One frame as it is written, with its mask. */
  readonly aToB: Buffer
  readonly bToA: Buffer
  /** Bytes of the frame as it arrives. */
  readonly arriving: number
}

/** Where each of the two connects: the same server, or two of a cluster. */
export type Places = readonly [a: string, b: string]

/** How clients become the pair `name`, for frames of `size` bytes. */
type Dialect = (places: Places, name: string, size: number) => Promise<Pair>

const connectBoth = ([a, b]: Places, path: string) =>
  Promise.all([RawClient.connect(a, path), RawClient.connect(b, path)])

const routedFrame = (from: RouteKey, to: RouteKey, size: number) =>
  Buffer.concat([Buffer.of(1), from.routeId, to.routeId, Buffer.alloc(size - 33, 0x55)])

export const DIALECTS = {
  /** spec/relay.md: a route each, bound for the other. */
  async relay(places, _, size) {
    const [a, b] = await connectBoth(places, '/v1')
    const [aKey, bKey] = [generateRouteKey(), generateRouteKey()]
    await a.bind(places[0], aKey, bKey.routeId)
    await b.bind(places[1], bKey, aKey.routeId)
    await Promise.all([a.message(), b.message()]) // presence
    const frame = (from: RouteKey, to: RouteKey) => maskedFrame(routedFrame(from, to, size), OPCODE.binary)
    return { a, b, aToB: frame(aKey, bKey), bToA: frame(bKey, aKey), arriving: frameSize(size) }
  },
  /** The same path. */
  async paths(places, name, size) {
    const [a, b] = await connectBoth(places, `/${name}`)
    const frame = maskedFrame(Buffer.alloc(size, 0x55), OPCODE.binary)
    return { a, b, aToB: frame, bToA: frame, arriving: frameSize(size) }
  },
  /** Engine.IO 4 on WebSocket alone, Socket.IO 5 in it: a binary event is a text that announces it, and its bytes. */
  async socketIo(places, name, size) {
    const [a, b] = await connectBoth(places, `/socket.io/?EIO=4&transport=websocket&pair=${name}`)
    for (const client of [a, b]) {
      expectText(await client.text(), '0{') // open
      client.socket.write(maskedFrame(Buffer.from('40'), OPCODE.text)) // to the default namespace
      expectText(await client.text(), '40{')
    }
    const event = Buffer.from('451-["frame",{"_placeholder":true,"num":0}]')
    const frame = Buffer.concat([maskedFrame(event, OPCODE.text), maskedFrame(Buffer.alloc(size, 0x55), OPCODE.binary)])
    return { a, b, aToB: frame, bToA: frame, arriving: frameSize(event.length) + frameSize(size) }
  },
} satisfies Record<string, Dialect>

function expectText(text: string, beginning: string): void {
  if (!text.startsWith(beginning)) throw new Error(`Cannot speak Socket.IO: ${text} does not begin with ${beginning}`)
}
