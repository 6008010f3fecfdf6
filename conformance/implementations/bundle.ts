// node bundle.ts program.ts file.cjs [program.ts file.cjs …]: each program in one file, and one that starts it with what Node
// has compiled of it before. A program under test is started for every scenario, and its assistant too; they take a quarter
// of the time where they do not load and compile hundreds of modules.

import { readFile, rename, writeFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

/** What stands in a source file instead of its text. */
export type Change = (path: string, text: string) => string

/** In a bundle every module would be at the same address, by which programs find files beside their sources, and none would be the main one. */
const sources = (program: string, change: Change): Plugin => ({
  name: 'sources',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = change(path, await readFile(path, 'utf8'))
      const contents = text
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.main', String(path === program))
      return { contents, loader: 'ts' }
    }),
})

/** The cache is not named in the environment, which a program hands on to what it starts itself. An assistant may be run by an older Node. */
const starter = (program: string) => `#!/usr/bin/env node
const { enableCompileCache } = require('node:module')
enableCompileCache?.(require('node:path').join(__dirname, 'compiled'))
require('./${basename(program)}')
`

/** Rejects where a module does not compile or cannot be found. CommonJS, because named imports of Node's `http` load far more than is used. */
export async function bundle(program: string, file: string, change: Change = (_, text) => text): Promise<void> {
  // Another run may be reading the file.
  const unfinished = `${file}.${process.pid}`
  await build({
    ...{ entryPoints: [program], outfile: unfinished, bundle: true, platform: 'node', format: 'cjs' },
    // It has a native part, which it finds beside itself.
    external: ['@lydell/node-pty'],
    plugins: [sources(resolve(program), change)],
    logLevel: 'silent',
  })
  await rename(unfinished, file)
}

if (import.meta.main) {
  const pairs = process.argv.slice(2)
  if (pairs.length === 0 || pairs.length % 2 !== 0) {
    process.stderr.write('Usage: node bundle.ts program.ts file.cjs [program.ts file.cjs …]\n')
    process.exit(2)
  }
  for (let at = 0; at < pairs.length; at += 2) {
    const [program, file] = pairs.slice(at, at + 2).map((path) => resolve(path)) as [string, string]
    const whole = file.replace(/\.cjs$/, '-whole.cjs')
    await bundle(program, whole)
    await writeFile(`${file}.${process.pid}`, starter(whole), { mode: 0o755 })
    await rename(`${file}.${process.pid}`, file)
  }
}
