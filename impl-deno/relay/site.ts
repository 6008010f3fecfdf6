// The web controller beside the relay: a folder is read when the relay starts, and requests are looked up in what was read.

import { gzipSync } from 'node:zlib'
import { toBase64url } from '../crypto/base64url.ts'
import { hash } from '../crypto/primitives.ts'
import { HEADER_POLICY, PERMISSIONS } from './policy.ts'

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  webmanifest: 'application/manifest+json',
}

const ALWAYS = {
  'content-security-policy': HEADER_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': PERMISSIONS,
  vary: 'accept-encoding',
}

/** Bytes of all files. */
const MOST = 32 * 1_048_576

interface File {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly zipped: Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}

/** By the path under which it is asked for. */
export type Site = ReadonlyMap<string, File>

/** What cannot be served; its message is for people. */
export class UnusableSite extends Error {}

/** Neither hidden files nor links: a link may lead out of the folder. */
function* filesBelow(folder: string, path = ''): Generator<string> {
  for (const { name, isFile, isDirectory } of Deno.readDirSync(folder + path)) {
    if (name.startsWith('.')) continue
    if (isFile) yield `${path}/${name}`
    if (isDirectory) yield* filesBelow(folder, `${path}/${name}`)
  }
}

function prepare(path: string, bytes: Uint8Array<ArrayBuffer>): File {
  const headers = {
    ...ALWAYS,
    'content-type': TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
    // What is below assets/ is named by its content.
    'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: `"${toBase64url(hash(bytes)).slice(0, 22)}"`,
  }
  return { bytes, zipped: new Uint8Array(gzipSync(bytes)), headers }
}

/** Throws UnusableSite where there is no page in it or it is too large, and Deno's error where it cannot be read. */
export function readSite(folder: string): Site {
  const site = new Map<string, File>()
  let size = 0
  for (const path of filesBelow(folder)) {
    const bytes = Deno.readFileSync(folder + path)
    size += bytes.length
    if (size > MOST) throw new UnusableSite(`Cannot serve ${folder}: it holds more than ${MOST} bytes`)
    site.set(path, prepare(path, bytes))
  }
  const page = site.get('/index.html')
  if (!page) throw new UnusableSite(`Cannot serve ${folder}: it holds no index.html; npm run web:build makes one`)
  // Links to pair lead to /pair, with the code behind the #.
  return site.set('/', page).set('/pair', page)
}

/** What a request for the file gets. */
export function send(file: File, { method, headers }: Request): Response {
  if (method !== 'GET' && method !== 'HEAD') {
    return new Response('Method Not Allowed\n', { status: 405, headers: { allow: 'GET, HEAD' } })
  }
  if (headers.get('if-none-match') === file.headers.etag) {
    return new Response(null, { status: 304, headers: file.headers })
  }
  const isZipped = /\bgzip\b/.test(headers.get('accept-encoding') ?? '')
  const body = isZipped ? file.zipped : file.bytes
  const size = { 'content-length': String(body.length), ...(isZipped && { 'content-encoding': 'gzip' }) }
  return new Response(method === 'GET' ? body : null, { headers: { ...file.headers, ...size } })
}
