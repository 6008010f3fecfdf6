// The web controller, served beside the relay: the files of one folder, read once, so that no path leads anywhere else.

import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
}

/** What the page may do; impl-deno/relay/policy.ts says why. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self' ws: wss:",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types service-worker',
  "frame-ancestors 'none'",
].join('; ')

const none = (feature: string): string => `${feature}=()`
/** The camera reads pairing codes; nothing else of the device is of use. */
const PERMISSIONS = [
  'camera=(self)',
  ...['accelerometer', 'display-capture', 'geolocation', 'gyroscope', 'hid', 'magnetometer'].map(none),
  ...['microphone', 'midi', 'payment', 'serial', 'usb'].map(none),
].join(', ')

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': PERMISSIONS,
  vary: 'accept-encoding',
}

const PAGE = '/index.html'
/** Paths at which the page itself is; behind the # of the second one stands a pairing code. */
const PAGE_PATHS = ['/', '/pair']
/** The build names these by their content. */
const NAMED_BY_CONTENT = '/assets/'
const MOST_BYTES = 32 * 1_048_576

export interface File {
  readonly bytes: Buffer
  readonly gzip: Buffer
  readonly headers: Readonly<Record<string, string>>
}

export type Site = ReadonlyMap<string, File>

function fileOf(path: string, bytes: Buffer): File {
  const cache = path.startsWith(NAMED_BY_CONTENT) ? 'public, max-age=31536000, immutable' : 'no-cache'
  const type = TYPES[extname(path)] ?? 'application/octet-stream'
  const etag = `"${hash('sha256', bytes, 'base64url').slice(0, 22)}"`
  return { bytes, gzip: gzipSync(bytes), headers: { ...HEADERS, 'content-type': type, 'cache-control': cache, etag } }
}

/** With a slash before each; without hidden files and links, since a link may lead anywhere. */
function pathsIn(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = `${below}/${entry.name}`
    if (entry.name.startsWith('.')) return []
    if (entry.isDirectory()) return pathsIn(folder, path)
    return entry.isFile() ? [path] : []
  })
}

/**
 * Reads a build of the web controller. Throws the system's error where the folder
 * cannot be read, and TypeError where it holds no page or more than 32 MiB.
 */
export function readSite(folder: string): Site {
  const site = new Map<string, File>()
  let size = 0
  for (const path of pathsIn(folder)) {
    const bytes = readFileSync(join(folder, path))
    size += bytes.length
    if (size > MOST_BYTES) throw new TypeError(`Cannot serve ${folder}: it holds more than ${MOST_BYTES} bytes`)
    site.set(path, fileOf(path, bytes))
  }
  const page = site.get(PAGE)
  if (!page) throw new TypeError(`Cannot serve ${folder}: it holds no index.html; npm run web:build makes one`)
  for (const path of PAGE_PATHS) site.set(path, page)
  return site
}

/** Answers a request for a file. */
export function serveFile(file: File, request: IncomingMessage, response: ServerResponse): void {
  const { method = '' } = request
  if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD', 'content-type': 'text/plain' }).end('Method Not Allowed\n')
    return
  }
  if (request.headers['if-none-match'] === file.headers.etag) {
    response.writeHead(304, file.headers).end()
    return
  }
  const isZipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  const body = isZipped ? file.gzip : file.bytes
  const encoding = isZipped ? { 'content-encoding': 'gzip' } : {}
  response.writeHead(200, { ...file.headers, ...encoding, 'content-length': body.length })
  response.end(method === 'GET' ? body : undefined)
}
