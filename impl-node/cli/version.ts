import { readFileSync } from 'node:fs'

const read = (): string => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return String(version)
}

/** Of the package, as in `0.1.0`. */
export const VERSION = read()
/** What we call ourselves to a peer. */
export const SOFTWARE = `happy-remote/${VERSION} node/${process.versions.node}`
