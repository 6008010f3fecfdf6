// A Socket.IO server that forwards binary: the two connections that name the same pair are one. As it is installed, with
// WebSocket only and no pings, which would be counted as frames.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server, type Socket } from 'socket.io'
import { answerUsage } from '../usage.ts'

const server = createServer()
const sockets = new Server(server, { transports: ['websocket'], pingInterval: 3_600_000 })
const waiting = new Map<unknown, Socket>()
const forward = (from: Socket, to: Socket) => from.on('frame', (data) => to.emit('frame', data))
sockets.on('connection', (socket) => {
  const { pair } = socket.handshake.query
  const other = waiting.get(pair)
  if (!other) {
    waiting.set(pair, socket)
    return
  }
  waiting.delete(pair)
  forward(socket, other)
  forward(other, socket)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
answerUsage(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
