// node .ci/thorough.ts: what continuous integration runs beyond the everyday tests, and nothing where CI is not set.
// Every part runs, whatever becomes of the others.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

type Part = readonly string[]

/** One after the other: they start programs that have to answer in time, on a machine with two processors. */
const parts: readonly Part[] = [
  ['conformance'],
  ['mutants', '--', '--part', 'auto', '--check'],
  ['web:tours'],
  ['soak', '--', '--seconds', '60', '--at-once'],
]
/** Beside them, because it mostly waits for the registry. What it says comes whole when it has ended. */
const aside: Part = ['spec']

if (!process.env.CI) {
  const names = [aside, ...parts].map(([name]) => name).join(', ')
  console.log(`Only with CI=true, because it takes minutes: npm run ${names}`)
  process.exit()
}

async function passes(part: Part, isAside = false): Promise<boolean> {
  const began = performance.now()
  const output = isAside ? 'pipe' : 'inherit'
  const child = spawn('npm', ['run', '--silent', ...part], { stdio: ['ignore', output, output] })
  const said = [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : ''))
  const status = await new Promise((resolve) => child.once('error', resolve).once('close', resolve))
  for (const each of await Promise.all(said)) process.stdout.write(each)
  const seconds = Math.round((performance.now() - began) / 1_000)
  console.log(`npm run ${part.join(' ')}: ${status === 0 ? 'passed' : 'FAILED'}, ${seconds} s`)
  return status === 0
}

const waiting = passes(aside, true)
const all: boolean[] = []
for (const part of parts) all.push(await passes(part))
all.push(await waiting)
process.exitCode = all.every(Boolean) ? 0 : 1
