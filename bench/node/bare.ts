// The least that forwards with `ws`: the two connections that dial the same path are a pair. No checks at all.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { answerUsage } from '../usage.ts'

const server = createServer()
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false })
const waiting = new Map<string, WebSocket>()
const forward = (from: WebSocket, to: WebSocket) =>
  from.on('message', (data: Buffer) => to.send(data, { binary: true }))
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (ws) => {
    const path = request.url ?? ''
    const other = waiting.get(path)
    if (!other) {
      waiting.set(path, ws)
      return
    }
    waiting.delete(path)
    forward(ws, other)
    forward(other, ws)
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
answerUsage(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
