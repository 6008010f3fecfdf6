// The release, built once a test file and served with the headers that it wants.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { HEADER_POLICY, PERMISSIONS } from '../../relay/policy.ts'
import { release } from '../build.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
}

export interface Site {
  readonly url: string
  /** By the paths under which they are served; a test may change them. */
  readonly files: Map<string, Uint8Array>
  /** Answers nobody, as where there is no network, until `start`. */
  stop(): Promise<void>
  start(): Promise<void>
  close(): void
}

let built: Promise<ReadonlyMap<string, Uint8Array>> | undefined

/** By the paths under which they are served. */
async function build(): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-site-'))
  try {
    const written = await release(folder)
    return new Map(written.map(({ path }) => [`/${path}`, readFileSync(join(folder, path))]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function startSite(): Promise<Site> {
  built ??= build()
  const files = new Map(await built)
  const server = createServer(({ url = '/' }, response) => {
    const path = url === '/' || url === '/pair' ? '/index.html' : url
    const file = files.get(path)
    response.writeHead(file ? 200 : 404, {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'content-security-policy': HEADER_POLICY,
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      'permissions-policy': PERMISSIONS,
    })
    response.end(file)
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    ...{ url: `http://127.0.0.1:${port}/`, files },
    start: () => listen(port),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
