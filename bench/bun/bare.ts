// The least that forwards with Bun's own server: the two connections that dial the same path are a pair.

import { answerUsage } from '../usage.ts'

const waiting = new Map<string, Bun.ServerWebSocket<End>>()

interface End {
  readonly path: string
  peer: Bun.ServerWebSocket<End> | undefined
}

const { port } = Bun.serve<End>({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, server) {
    const data: End = { path: new URL(request.url).pathname, peer: undefined }
    return server.upgrade(request, { data }) ? undefined : new Response('no WebSocket handshake', { status: 400 })
  },
  websocket: {
    idleTimeout: 0,
    perMessageDeflate: false,
    open(socket) {
      const { path } = socket.data
      const other = waiting.get(path)
      if (!other) {
        waiting.set(path, socket)
        return
      }
      waiting.delete(path)
      socket.data.peer = other
      other.data.peer = socket
    },
    message(socket, data) {
      socket.data.peer?.send(data)
    },
  },
})
answerUsage(`ws://127.0.0.1:${port}`)
