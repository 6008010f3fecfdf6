// node .ci/thorough.ts: what continuous integration runs beyond the everyday tests, and nothing where CI is not set.
// Every part runs, whatever becomes of the others.

import { spawnSync } from 'node:child_process'

const parts: readonly (readonly string[])[] = [
  ['spec'],
  ['conformance'],
  ['mutants', '--', '--part', 'auto', '--check'],
  ['soak', '--', '--seconds', '60', '--at-once'],
]

if (!process.env.CI) {
  const names = parts.map(([name]) => name).join(', ')
  console.log(`Only with CI=true, because it takes minutes: npm run ${names}`)
  process.exit()
}

const failed = parts.filter((part) => {
  const began = performance.now()
  const { status } = spawnSync('npm', ['run', '--silent', ...part], { stdio: 'inherit' })
  console.log(
    `npm run ${part.join(' ')}: ${status === 0 ? 'passed' : 'FAILED'}, ${Math.round((performance.now() - began) / 1_000)} s`,
  )
  return status !== 0
})
process.exitCode = failed.length > 0 ? 1 : 0
