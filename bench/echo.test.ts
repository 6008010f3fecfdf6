import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { echoTimes } from './echo.ts'
import type { Pair } from './pair.ts'
import { RawClient } from './raw-client.ts'

/** Two clients of a server that gives each what the other sends, after an upgrade; and its ends of their connections. */
async function connected(): Promise<{ pair: Pair; ends: Socket[]; stop: () => void }> {
  const ends: Socket[] = []
  const server = createServer((socket) => {
    ends.push(socket)
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      socket.on('data', (chunk) => ends.find((end) => end !== socket)?.write(chunk))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `ws://127.0.0.1:${(server.address() as { port: number }).port}`
  const [a, b] = [await RawClient.connect(url, '/'), await RawClient.connect(url, '/')]
  const stop = () => {
    for (const end of ends) end.destroy()
    server.close()
  }
  return { pair: { a, b, aToB: Buffer.alloc(300), bToA: Buffer.alloc(300), arriving: 300 }, ends, stop }
}

test('each frame and its echo are one time, one after the other, and the clients can be read from again', async () => {
  const { pair, ends, stop } = await connected()
  try {
    const times = await echoTimes(pair, 20)
    assert.equal(times.length, 20)
    assert.ok(times.every((time) => time > 0))
    ends[0]?.write(Buffer.from([0x81, 2, 0x7b, 0x7d]))
    assert.equal(await pair.a.text(), '{}')
  } finally {
    stop()
  }
})

test('a connection that ends, before or meanwhile, ends the measurement', async () => {
  const { pair, ends, stop } = await connected()
  try {
    const measuring = echoTimes(pair, 1_000_000)
    ends[1]?.destroy()
    await assert.rejects(measuring, /a connection has ended/)
    await assert.rejects(echoTimes(pair, 1), /a connection has ended/)
  } finally {
    stop()
  }
})

test('who reads is told with what code the relay closes, and reads over a ping', async () => {
  const { pair, ends, stop } = await connected()
  try {
    ends[0]?.write(Buffer.concat([Buffer.from([0x89, 0, 0x81, 2]), Buffer.from('{}')]))
    assert.equal(await pair.a.text(), '{}')
    ends[0]?.write(Buffer.from([0x88, 2, 0x03, 0xe9]))
    await assert.rejects(pair.a.text(), /it closes with 1001$/)
    ends[0]?.destroy()
    await assert.rejects(pair.a.text(), /Cannot read from ws:.*: the connection has ended/)
  } finally {
    stop()
  }
})
