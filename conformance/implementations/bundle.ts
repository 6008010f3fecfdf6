// node bundle.ts program.ts file [program.ts file …]: each program in few files. Where the file ends in `.cjs`, for Node, it is
// one, and another that starts it with what Node has compiled of it before; where it ends in `.mjs`, for Deno, one for each part
// that is loaded by itself. A program under test is started for every scenario, and its assistant too; they take half of the
// time or less where they do not load and compile hundreds of modules.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
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

/** What a package in CommonJS asks for is found from the file itself. */
const REQUIRE = "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);"

/** Rejects as `bundle`. The other parts are named by what is in them, so that another run may go on reading. */
export async function bundleModules(program: string, file: string): Promise<void> {
  const { outputFiles } = await build({
    ...{ entryPoints: { [basename(file, '.mjs')]: program }, outdir: dirname(file), outExtension: { '.js': '.mjs' } },
    ...{ bundle: true, splitting: true, platform: 'node', format: 'esm', write: false, banner: { js: REQUIRE } },
    // A native part; and a package in CommonJS that is imported when it is wanted: in a bundle it would have no names to import.
    external: ['@lydell/node-pty', '@redis/client'],
    plugins: [sources(resolve(program), (_, text) => text)],
    logLevel: 'silent',
  })
  await mkdir(dirname(file), { recursive: true })
  // Last the one that names the others.
  for (const { path, contents } of outputFiles.sort((a, b) => Number(a.path === file) - Number(b.path === file))) {
    await writeFile(`${path}.${process.pid}`, contents)
    await rename(`${path}.${process.pid}`, path)
  }
}

if (import.meta.main) {
  const pairs = process.argv.slice(2)
  if (pairs.length === 0 || pairs.length % 2 !== 0) {
    process.stderr.write('Usage: node bundle.ts program.ts file.cjs|file.mjs [program.ts file …]\n')
    process.exit(2)
  }
  for (let at = 0; at < pairs.length; at += 2) {
    const [program, file] = pairs.slice(at, at + 2).map((path) => resolve(path)) as [string, string]
    if (file.endsWith('.mjs')) {
      await bundleModules(program, file)
      continue
    }
    const whole = file.replace(/\.cjs$/, '-whole.cjs')
    await bundle(program, whole)
    await writeFile(`${file}.${process.pid}`, starter(whole), { mode: 0o755 })
    await rename(`${file}.${process.pid}`, file)
  }
}
