// A small repository, the same each time, for what the pictures show.

import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const HOUR = 3_600_000

const TIDES = `import { harmonics } from './harmonics.ts'
import { placeOf } from './places.ts'

const HOUR = 3_600_000

export interface Tide {
  readonly at: Date
  /** Metres above chart datum. */
  readonly height: number
}

/** High and low water of one day, earliest first. */
export function tidesOf(name: string, day: Date): Tide[] {
  const place = placeOf(name)
  return harmonics(place, day).map(({ at, height }) => ({
    at: new Date(at + place.offset * HOUR),
    height: Math.round(height * 10) / 10,
  }))
}

/** The next turn of the water. */
export const nextTide = (name: string, now = new Date()) =>
  tidesOf(name, now).find(({ at }) => at > now)
`

const FILES: Readonly<Record<string, string>> = {
  'README.md': `# Tidepool

When the water comes and goes, for the places you love.

    npx tidepool roscoff
`,
  'package.json': `{
  "name": "tidepool",
  "version": "2.3.0",
  "type": "module",
  "license": "MIT",
  "scripts": {
    "test": "node test/run.js"
  }
}
`,
  'src/tides.ts': TIDES,
  'src/places.ts': `export interface Place {
  readonly name: string
  readonly zone: string
  readonly offset: number
}
`,
  'src/harmonics.ts': `/** The pull of moon and sun, as a sum of waves. */
export const WAVES = ['M2', 'S2', 'N2', 'K1', 'O1']
`,
  'test/tides.test.ts': `test('high water at Roscoff', () => {
  assert.equal(at('roscoff', '2026-03-28'), '05:12')
})
`,
  'test/run.js': `const green = (text) => \`\\x1b[32m\${text}\\x1b[0m\`
const quiet = (text) => \`\\x1b[90m\${text}\\x1b[0m\`

for (const [file, count] of [['harmonics', 6], ['places', 3], ['tides', 5]]) {
  console.log(\`\${green('pass')}  \${file}.test.ts  \${quiet(\`\${count} tests\`)}\`)
}
console.log(\`\\n\${green('14 passed')}, 0 failed\`)
`,
  'data/roscoff.json': '{ "M2": [2.687, 141.2], "S2": [1.021, 186.8] }\n',
  'notes.txt': 'ask Jeanne about the gauge\n',
  '.gitignore': 'node_modules\n',
}

/** What the assistant has done to it when the person looks at what has changed. */
const CHANGED: Readonly<Record<string, string>> = {
  'src/tides.ts': TIDES.replace(
    "import { placeOf } from './places.ts'\n",
    "import { placeOf } from './places.ts'\nimport { offsetAt } from './zones.ts'\n",
  ).replace('place.offset * HOUR', 'offsetAt(place.zone, at) * HOUR'),
  'src/zones.ts': `/** Hours between UTC and the clocks of a zone, at a moment. */
export function offsetAt(zone: string, at: number): number {
  const there = new Date(at).toLocaleString('sv', { timeZone: zone })
  return (Date.parse(\`\${there}Z\`) - at) / 3_600_000
}
`,
  'test/tides.test.ts': `test('high water at Roscoff', () => {
  assert.equal(at('roscoff', '2026-03-28'), '05:12')
})

test('high water at Roscoff, on summer time', () => {
  assert.equal(at('roscoff', '2026-03-30'), '07:41')
})
`,
}

/** All of one folder are of different ages, told in whole hours and days: a minute more changes nothing that is shown. */
function put(folder: string, files: Readonly<Record<string, string>>, age: number): void {
  for (const [i, [path, text]] of Object.entries(files).entries()) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    const when = new Date(Date.now() - age - i * 7.5 * HOUR)
    utimesSync(file, when, when)
    if (dirname(path) !== '.') utimesSync(dirname(file), when, when)
  }
}

const gitIn =
  (folder: string, ageInHours = 50) =>
  (...args: readonly string[]): void => {
    const when = new Date(Date.now() - (ageInHours + 0.5) * HOUR).toISOString()
    const dates = { GIT_AUTHOR_DATE: when, GIT_COMMITTER_DATE: when }
    execFileSync('git', args, { cwd: folder, env: { ...process.env, ...dates }, stdio: 'ignore' })
  }

const HISTORY = [
  'Begin with one harbour and one moon',
  'Read the constants of a harbour from its file',
  'Round heights to what a gauge can tell',
  'Say which way the water goes right now',
  'Take the waves of shallow water into account',
]

/** Fills `folder`; it has commits, of which the last one is not pushed to its remote `origin`, a folder at `remote`. */
export function makeTidepool(folder: string, remote: string): void {
  mkdirSync(folder, { recursive: true })
  const git = gitIn(folder)
  git('init', '-b', 'main')
  git('config', 'user.name', 'Ada Moreau')
  git('config', 'user.email', 'ada@example.org')
  git('config', 'commit.gpgsign', 'false')
  for (const [i, message] of HISTORY.entries()) {
    gitIn(folder, 24 * (HISTORY.length - i) * 3)('commit', '--allow-empty', '-m', message)
  }
  git('init', '--bare', '-b', 'main', remote)
  git('remote', 'add', 'origin', remote)
  git('push', '-u', 'origin', 'main')
  put(folder, FILES, 5.5 * HOUR)
  git('add', '.')
  gitIn(folder, 20)('commit', '-m', 'Name the harbours as sailors do')
}

export function changeTidepool(folder: string): void {
  put(folder, CHANGED, 0.5 * HOUR)
  rmSync(join(folder, 'notes.txt'))
}

/** Somebody at the computer writes to a file that is being edited. */
export function writeMeanwhile(folder: string): void {
  writeFileSync(join(folder, 'README.md'), (FILES['README.md'] ?? '').replace('roscoff', 'roscoff --week'))
}
