// node conformance/all.ts [--out folder] [--only part …] [implementation.json …]: everything that the suite can tell of the
// implementations: each by itself with all of its roles, its vectors, and the matrix of all. Every part runs,
// whatever becomes of the others, each with a report in its own folder; the exit code is the gravest. The parts of
// a.json and b.json are a, a-vectors, b, b-vectors, cluster, in which their relays are two nodes, and matrix. Only where
// they are named: a-cluster and b-cluster, two nodes of one kind, and nodes, the matrix through two nodes.

import { spawn } from 'node:child_process'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { EXIT } from './runner/verdict.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const { values, positionals } = parseArgs({
  options: { out: { type: 'string', default: here('report/out') }, only: { type: 'string', multiple: true } },
  allowPositionals: true,
})
const files = (
  positionals.length > 0 ? positionals : [here('implementations/node.json'), here('implementations/deno.json')]
).map((file) => resolve(file))

interface Part {
  readonly name: string
  readonly args: readonly string[]
  /** It runs only where it is named: what it adds to the others is seldom worth its minutes. */
  readonly isExtra?: boolean
}

const all: Part[] = [
  ...files.flatMap((file) => {
    const name = basename(file, '.json')
    return [
      { name, args: ['run', file] },
      { name: `${name}-vectors`, args: ['vectors', file] },
    ]
  }),
  { name: 'cluster', args: ['cluster', ...files.slice(0, 2)] },
  { name: 'matrix', args: ['matrix', ...files] },
  ...files.map((file) => ({ name: `${basename(file, '.json')}-cluster`, args: ['cluster', file], isExtra: true })),
  { name: 'nodes', args: ['matrix', '--nodes', ...files], isExtra: true },
]
const strange = values.only?.find((name) => !all.some((part) => part.name === name))
if (strange !== undefined) {
  process.stderr.write(`There is no part ${strange}; there are ${all.map(({ name }) => name).join(', ')}\n`)
  process.exit(EXIT.usage)
}
const parts = all.filter(({ name, isExtra }) => values.only?.includes(name) ?? !isExtra)

function run({ name, args }: Part): Promise<number> {
  return new Promise((done) => {
    const out = join(resolve(values.out), name)
    const child = spawn(process.execPath, [...process.execArgv, here('cli.ts'), ...args, '--again', '--out', out], {
      stdio: 'inherit',
    })
    child.once('close', (code) => done(code ?? EXIT.suiteError))
  })
}

const ends: [name: string, code: number, seconds: number][] = []
for (const part of parts) {
  process.stdout.write(`\n${part.name}\n`)
  const began = performance.now()
  ends.push([part.name, await run(part), (performance.now() - began) / 1_000])
}
const MEANING = ['passed', 'failed', 'wrong use', 'could not be tested', 'a mistake of the suite'] as const
process.stdout.write('\n')
for (const [name, code, seconds] of ends) {
  process.stdout.write(
    `${name.padEnd(16)} ${(MEANING[code] ?? `ended with ${code}`).padEnd(24)} ${seconds.toFixed(1)} s\n`,
  )
}
process.exitCode = Math.max(...ends.map(([, code]) => code))
