// Upgrades made by hand: to see the relay's very answer, and to hold a connection that no WebSocket
// library would hold.

import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import type { Duplex } from 'node:stream'
import { Failed } from '../shim/trouble.ts'
import { atOnce } from './patience.ts'

export interface UpgradeAnswer {
  /** HTTP status; 101 where the relay upgraded. Null: it could not be reached. */
  readonly status: number | null
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The raw connection, where it was upgraded; the caller ends it. */
  readonly socket?: Duplex
  /** What had arrived with the answer. */
  readonly head?: Buffer
}

/** Asks for an upgrade with the subprotocols and headers given. */
export function upgrade(
  url: string,
  { subprotocols, headers = {} }: { subprotocols: readonly string[]; headers?: Readonly<Record<string, string>> },
): Promise<UpgradeAnswer> {
  const { protocol, href } = new URL(url)
  const secure = protocol === 'wss:'
  const asked = (secure ? requestTls : request)(href.replace(/^ws/, 'http'), {
    agent: false,
    timeout: atOnce(),
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...(subprotocols.length > 0 && { 'Sec-WebSocket-Protocol': subprotocols.join(', ') }),
      ...headers,
    },
  })
  return new Promise((resolve, reject) => {
    asked.on('upgrade', (response, socket, head) => {
      socket.on('error', () => {})
      resolve({ status: response.statusCode ?? null, headers: response.headers, socket, head })
    })
    asked.on('response', (response) => {
      response.resume()
      resolve({ status: response.statusCode ?? null, headers: response.headers })
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') resolve({ status: null, headers: {} })
      else reject(new Failed(`The relay does not answer the upgrade: ${error.message}`))
    })
    asked.end()
  })
}

export interface PlainAnswer {
  readonly status: number
  readonly headers: UpgradeAnswer['headers']
  readonly body: string
}

/** A request that is no upgrade, for the very `path`, by a client that does not tidy it. `root`: `ws://host:port`. */
export function ask(root: string, path = '/', method = 'GET'): Promise<PlainAnswer> {
  const make = root.startsWith('wss:') ? requestTls : request
  const asked = make(root.replace(/^ws/, 'http'), { path, method, agent: false, timeout: atOnce() })
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(new Failed(`The relay does not answer ${method} ${path}: ${error.message}`))
    asked.on('response', (response) => {
      response.on('error', failed)
      response.toArray().then((parts) => {
        const body = Buffer.concat(parts).toString()
        resolve({ status: response.statusCode as number, headers: response.headers, body })
      }, failed)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', failed)
    asked.end()
  })
}

/** A plain GET; null where the relay cannot be reached. */
export async function get(url: string): Promise<number | null> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(atOnce()) })
    await response.body?.cancel()
    return response.status
  } catch (error) {
    if (error instanceof TypeError) return null
    throw new Failed(`The relay does not answer GET ${new URL(url).pathname}: ${(error as Error).message}`)
  }
}

/** One masked WebSocket text frame of at most 125 bytes: RFC 6455, section 5.2. */
export function maskedText(text: string): Buffer {
  const payload = Buffer.from(text)
  const mask = randomBytes(4)
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] as number))
  return Buffer.concat([Buffer.of(0x81, 0x80 | payload.length), mask, masked])
}
