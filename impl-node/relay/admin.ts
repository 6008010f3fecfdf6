// What the operator may ask, at a port of its own: nothing of it is for clients.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen, pathOf } from './http.ts'
import { relayMetrics } from './metrics.ts'
import type { Relay } from './server.ts'

export interface Admin {
  readonly port: number
  close(): Promise<void>
}

/** Rejects with the system's error, such as EADDRINUSE. */
export async function startAdmin(relay: Relay, host: string, port: number): Promise<Admin> {
  const metrics = relayMetrics(relay)
  const say = (response: ServerResponse, status: number, text: string, type = 'text/plain') =>
    void response.writeHead(status, { 'content-type': type }).end(text)
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { state } = relay
    if (request.method !== 'GET' && request.method !== 'HEAD') say(response, 405, 'Method Not Allowed\n')
    else if (pathOf(request) === '/healthz') say(response, state === 'draining' ? 503 : 200, `${state}\n`)
    else if (pathOf(request) === '/readyz') say(response, state === 'ready' ? 200 : 503, `${state}\n`)
    else if (pathOf(request) === '/metrics') say(response, 200, await metrics.metrics(), metrics.contentType)
    else say(response, 404, 'Not Found\n')
  }
  const server = createServer((request, response) => void answer(request, response))
  const address = await listen(server, host, port)
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
