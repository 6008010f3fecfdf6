// A child process that sends malformed frames to a relay, from as many connections as it takes. It is told
// {url, frames} in messages, and answers each with how many connections that were.

import { connect } from 'node:net'

export interface Wave {
  readonly url: string
  readonly frames: number
}

/** Frames that one connection writes at once, behind its upgrade. */
const EACH = 100
const AT_ONCE = 32
/** New connections: below what a relay allows one address, so that what is measured is what they send. */
const PER_SECOND = 150

/** A masked frame (RFC 6455, section 5.2); its mask is zero, so the payload is as it is. */
function framed(opcode: number, payload: Buffer): Buffer {
  const head = payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 0xff]
  return Buffer.concat([Buffer.from([0x80 | opcode, ...head]), Buffer.alloc(4), payload])
}
const text = (content: string) => framed(1, Buffer.from(content))
const bytes = (...content: number[]) => framed(2, Buffer.from(content))

/** What the relay cannot parse, and what the WebSocket library cannot. */
const KINDS: readonly Buffer[] = [
  text('no JSON'),
  text('{"type":"subscribe"}'),
  text('{"type":"ping"}'),
  text(`{"type":"bind","routeKey":"${'A'.repeat(43)}","peer":null}`),
  text('{"type":"ping","timestamp":1}'.padEnd(4_097)),
  text('['.repeat(4_000)),
  bytes(),
  framed(2, Buffer.alloc(32, 1)),
  framed(2, Buffer.alloc(200, 7)),
  framed(1, Buffer.from([0x7b, 0xff, 0x7d])),
  Buffer.from('838100000000', 'hex'),
  Buffer.from('c28100000000', 'hex'),
]

/** Starts with another kind on each connection: what follows the first mistake is hardly looked at. */
function load(which: number, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => KINDS[(which + i) % KINDS.length] as Buffer))
}

async function one(url: string, which: number, count: number): Promise<void> {
  const { hostname, port, pathname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.resume()
  // Not `once` of node:events, which a connection that is reset would reject.
  const until = (event: 'data' | 'close') => new Promise<void>((resolve) => socket.once(event, () => resolve()))
  const closed = until('close')
  const head = [`GET ${pathname} HTTP/1.1`, 'Host: relay', 'Connection: Upgrade', 'Upgrade: websocket']
  const rest = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']
  socket.write(`${[...head, ...rest, 'Sec-WebSocket-Protocol: happy-relay.v1'].join('\r\n')}\r\n\r\n`)
  // The frames come behind the answer, as those of a client would; and the answer to them is not waited for.
  await Promise.race([until('data'), closed])
  socket.end(load(which, count))
  await closed
}

let connections = 0
async function wave({ url, frames }: Wave): Promise<number> {
  let left = frames
  const before = connections
  const began = performance.now()
  const worker = async () => {
    while (left > 0) {
      const count = Math.min(EACH, left)
      left -= count
      const which = connections++
      const due = began + ((which - before) * 1_000) / PER_SECOND - performance.now()
      if (due > 0) await new Promise((resolve) => setTimeout(resolve, due))
      await one(url, which, count)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return connections - before
}

process.on('message', async (asked: Wave) => {
  process.send?.(await wave(asked))
})
process.on('disconnect', () => process.exit())
