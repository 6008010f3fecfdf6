// `npm run web:build`: the release in `dist/`, each file with its compressed size and its hash, which its page demands
// of the scripts and styles that it loads, and its service worker of everything.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'
import { build } from 'vite'

const ROOT = import.meta.dirname
const PAGE = 'index.html'
const WORKER = 'service-worker.js'

const integrityOf = (bytes: Uint8Array): string => `sha384-${createHash('sha384').update(bytes).digest('base64')}`

/** Adds `integrity` to what the page loads of its own. */
const pinned = (page: string, hashOf: (path: string) => string): string =>
  page.replaceAll(/<(script|link)\b[^>]*?\b(?:src|href)="\.\/([^"]+\.(?:js|css))"/g, (tag, _name, path: string) => {
    return `${tag} integrity="${hashOf(path)}"`
  })

/** Of all files in the folder, in the order of their paths below it. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort()

/** The service worker, which knows each file of the release by its hash. */
function writeWorker(folder: string): void {
  const files = filesIn(folder).map((path) => [path, integrityOf(readFileSync(join(folder, path)))] as const)
  const name = createHash('sha256').update(JSON.stringify(files)).digest('base64url').slice(0, 22)
  buildSync({
    entryPoints: [join(ROOT, 'worker/service-worker.ts')],
    outfile: join(folder, WORKER),
    define: { RELEASE: JSON.stringify({ name, files }) },
    ...{ bundle: true, format: 'iife', target: 'es2022', minify: true, legalComments: 'none' },
  })
}

/** Builds into `folder`. Resolves with what was written: path, bytes after gzip, hash. */
export async function release(folder: string) {
  await build({ configFile: join(ROOT, 'vite.config.ts'), logLevel: 'warn', build: { outDir: folder } })
  const page = readFileSync(join(folder, PAGE), 'utf8')
  writeFileSync(
    join(folder, PAGE),
    pinned(page, (path) => integrityOf(readFileSync(join(folder, path)))),
  )
  writeWorker(folder)
  return filesIn(folder).map((path) => {
    const bytes = readFileSync(join(folder, path))
    return { path, gzip: gzipSync(bytes).length, integrity: integrityOf(bytes) }
  })
}

if (import.meta.main) {
  const written = await release(join(ROOT, 'dist'))
  for (const { path, gzip, integrity } of written) {
    console.log(`${(gzip / 1_024).toFixed(1).padStart(7)} KiB  ${path.padEnd(36)}  ${integrity}`)
  }
  const all = written.reduce((sum, { gzip }) => sum + gzip, 0)
  console.log(`${(all / 1_024).toFixed(1).padStart(7)} KiB  all of it, compressed with gzip`)
}
