// The least that forwards with Deno's own server: the two connections that dial the same path are a pair.

import { answerUsage } from '../usage.ts'

const waiting = new Map<string, WebSocket>()

const { addr } = Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: () => {} }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 })
  const path = new URL(request.url).pathname
  const other = waiting.get(path)
  if (other) {
    waiting.delete(path)
    other.onmessage = ({ data }) => socket.send(data)
    socket.onmessage = ({ data }) => other.send(data)
  } else waiting.set(path, socket)
  return response
})
answerUsage(`ws://127.0.0.1:${addr.port}`)
