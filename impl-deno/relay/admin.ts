// A port for the operator: whether the relay lives, whether it takes more, and what it has counted.

import { relayMetrics } from './metrics.ts'
import type { Relay } from './server.ts'

export interface Admin {
  readonly port: number
  close(): Promise<void>
}

const plain = (status: number, text: string, type = 'text/plain'): Response =>
  new Response(text, { status, headers: { 'content-type': type } })

/** Throws the system's error where the address cannot be listened at. */
export function startAdmin(relay: Relay, hostname: string, port: number): Admin {
  const metrics = relayMetrics(relay)
  const answer = async (request: Request): Promise<Response> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET\n')
    const { state } = relay
    switch (new URL(request.url).pathname) {
      case '/healthz':
        return plain(state === 'draining' ? 503 : 200, `${state}\n`)
      case '/readyz':
        return plain(state === 'ready' ? 200 : 503, `${state}\n`)
      case '/metrics':
        return plain(200, await metrics.text(), metrics.type)
      default:
        return plain(404, 'not found\n')
    }
  }
  const server = Deno.serve({ hostname, port, onListen: () => {} }, answer)
  return { port: server.addr.port, close: () => server.shutdown() }
}
