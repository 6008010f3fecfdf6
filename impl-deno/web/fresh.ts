// Before `npm start` at a terminal: the release is built where there is none, or where it is older than what it is made of.
// Without it there is no page for a browser, and nothing else is missing.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = import.meta.dirname
const DIST = join(ROOT, 'dist')
const SOURCES = [
  ...['app', 'state', 'views', 'style', 'public', 'worker', 'texts.ts', 'index.html', 'vite.config.ts', 'build.ts'],
  ...['../controller', '../link', '../session', '../crypto', '../../schemas/src', '../relay/policy.ts'],
  'indexed-db.ts',
]

/** Milliseconds since 1970. */
function changedAt(path: string): number {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(0, ...readdirSync(path).map((name) => changedAt(join(path, name))))
}

function isFresh(): boolean {
  const page = join(DIST, 'index.html')
  return existsSync(page) && statSync(page).mtimeMs > Math.max(...SOURCES.map((path) => changedAt(join(ROOT, path))))
}

if (process.stdout.isTTY && !isFresh()) {
  process.stdout.write('Building the page for a browser… ')
  const built = await import('./build.ts').then(({ release }) => release(DIST)).catch((error: Error) => error)
  process.stdout.write(built instanceof Error ? `not built: ${built.message.split('\n', 1)[0]}\n` : 'done\n')
}
