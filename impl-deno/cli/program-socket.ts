// The WebSocket of the programs: that of `ws`, which sends small frames at once. Deno's own leaves Nagle's algorithm on
// and has no option for it, so that a frame right behind another waits some 40 ms for an acknowledgement of TCP.

import { limits } from '@happy-remote/schemas/limits.ts'
import type { SocketOptions } from '../link/socket.ts'

const OPTIONS = { perMessageDeflate: false, maxPayload: 2 * limits.maxFrame, handshakeTimeout: limits.relayBind }

/**
 * How an agent or a controller of this program connects. It is Deno's own way where the environment may not be read:
 * `ws` does not begin without its two settings there, `WS_NO_BUFFER_UTIL` and `WS_NO_UTF_8_VALIDATE`.
 */
export async function programSocket(): Promise<Pick<SocketOptions, 'open'>> {
  try {
    const { WebSocket: Undelayed } = await import('ws')
    // It has the events and properties of the standard that are used of one.
    return { open: (url, protocol) => new Undelayed(url, protocol, OPTIONS) as unknown as WebSocket }
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return {}
    throw error
  }
}
