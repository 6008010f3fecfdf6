// The runner as a person runs it: exit codes and reports, on programs of a few lines.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ScriptedRelay } from './peers/scripted-relay.ts'
import type { Report } from './report/report.ts'

const folder = mkdtempSync(join(tmpdir(), 'conformance-cli-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
// Most of the time of so short a run is the compiling of the same files.
const CACHE = here('../node_modules/.cache/conformance')
const node = [process.execPath, '--disable-warning=ExperimentalWarning']

function cli(...args: string[]): Promise<{ code: number | null; out: string; error: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...node.slice(1), here('cli.ts'), ...args], {
      cwd: folder,
      env: { ...process.env, NODE_COMPILE_CACHE: CACHE },
    })
    let out = ''
    let error = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    child.stderr.on('data', (data) => {
      error += data
    })
    child.once('close', (code) => resolve({ code, out, error }))
  })
}

let files = 0
function implementation(program: string[], known?: string): string {
  const file = join(folder, `implementation-${++files}.json`)
  const knownFailures = known === undefined ? {} : { knownFailures: `known-${files}.yaml` }
  if (known !== undefined) writeFileSync(join(folder, `known-${files}.yaml`), known)
  writeFileSync(
    file,
    JSON.stringify({ name: 'fake', roles: { relay: { command: [...node, ...program] } }, ...knownFailures }),
  )
  return file
}

const scripted = (mutant: string, known?: string) => implementation([here('mutants/shim.ts'), mutant], known)
const reportOf = ({ out }: { out: string }) => JSON.parse(out) as Report

// They wait more than they compute.
describe('happy-remote-conformance', { concurrency: 3 }, () => {
  test('a program that answers everything with ok cannot say no: exit 3', async () => {
    const { code, out } = await cli('run', implementation([here('testing/yes-man.ts')]), '--out', 'yes')
    assert.equal(code, 3)
    assert.match(out, /which does not exist, the program answers with "ok"/)
  })

  test('a program that dies at once: exit 3, and the report says why', async () => {
    const done = await cli('run', implementation([here('testing/broken.ts'), 'dies']), '--json', '--out', 'dies')
    assert.equal(done.code, 3)
    const { outcome, scenarios } = reportOf(done)
    assert.match(outcome.trouble ?? '', /exit code 7/)
    assert.deepEqual([outcome.requiredSet, scenarios.length], ['not-run', 0])
  })

  test('a right relay passes what was asked of it: exit 0', async () => {
    const done = await cli(
      'run',
      scripted('none'),
      '--filter',
      'relay.presence.rebind',
      '--workers',
      '1',
      '--json',
      '--out',
      'right',
    )
    assert.equal(done.code, 0, done.error)
    const { scenarios, outcome } = reportOf(done)
    assert.deepEqual(
      scenarios.map(({ verdict }) => verdict),
      ['pass', 'pass'],
    )
    assert.equal(outcome.requiredSet, 'passed')
    const [first] = scenarios
    const transcript = readFileSync(join(folder, 'right', first?.transcript ?? ''), 'utf8')
      .trimEnd()
      .split('\n')
    assert.ok(transcript.map((line) => JSON.parse(line)).some(({ decoded }) => decoded.type === 'presence'))
    assert.match(readFileSync(join(folder, 'right', 'junit.xml'), 'utf8'), /tests="2" failures="0"/)
  })

  test('a faulty relay fails: exit 1, and 0 where the failure is known', async () => {
    const filter = ['--filter', 'relay/liveness/after-a-bind', '--workers', '1', '--json', '--out', 'faulty']
    const failed = await cli('run', scripted('pong-with-own-time'), ...filter)
    assert.equal(failed.code, 1)
    assert.equal(reportOf(failed).outcome.counts.fail, 1)
    const excused = await cli(
      'run',
      scripted('pong-with-own-time', 'relay/liveness/after-*: not built yet\n'),
      ...filter,
    )
    assert.equal(excused.code, 0)
    assert.equal(reportOf(excused).scenarios[0]?.knownFailure, 'not built yet')
  })

  test('a known failure that passes fails the run', async () => {
    const known = 'relay/presence/bound-again-on-a-new-connection: not built yet\n'
    const done = await cli(
      'run',
      scripted('none', known),
      '--filter',
      'relay.presence.rebind',
      '--workers',
      '1',
      '--out',
      'stale',
    )
    assert.equal(done.code, 1)
    assert.match(done.out, /stale known failure: relay\/presence\/bound-again-on-a-new-connection/)
  })

  test('a relay by its address: what needs process control is listed, and a fault is found', async (t) => {
    const relay = new ScriptedRelay()
    const url = await relay.start('127.0.0.1', 0)
    t.after(() => relay.stop())
    const done = await cli(
      'run',
      '--relay',
      url,
      '--filter',
      'relay/draining/*',
      '--workers',
      '1',
      '--json',
      '--out',
      'url-1',
    )
    assert.equal(done.code, 0, done.error)
    const { scenarios } = reportOf(done)
    const waiting = scenarios.filter(({ verdict }) => verdict === 'not-applicable')
    assert.deepEqual(new Set(waiting.map(({ message }) => message)), new Set(['needs process control']))
    assert.deepEqual(
      scenarios.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id),
      ['relay/draining/a-relay-that-accepts-connections-is-healthy'],
    )
    relay.limits.maxFrame = 65_536
    const faulty = await cli(
      'run',
      '--relay',
      url.replace('/v1', ''),
      '--filter',
      'relay.hello.max-frame',
      '--out',
      'url-2',
    )
    assert.equal(faulty.code, 1)
  })

  test('an address at which nothing listens: exit 3', async () => {
    const { code, out } = await cli('run', '--relay', 'ws://127.0.0.1:1', '--out', 'nothing')
    assert.equal(code, 3)
    assert.match(out, /Nothing listens/)
  })

  const wrong: [what: string, args: string[], says: RegExp][] = [
    ['no command', [], /A command is wanted/],
    ['an unknown command', ['judge'], /There is no command judge/],
    ['run without a subject', ['run'], /run wants/],
    ['a file that is not there', ['run', 'nothing.json'], /There is no file/],
    ['an address of another kind', ['run', '--relay', 'https://relay.example.com'], /--relay wants/],
    ['vectors, which this version does not have', ['vectors', 'a.json'], /vectors is not in this version/],
    ['matrix, which this version does not have', ['matrix', 'a.json', 'b.json'], /matrix is not in this version/],
    [
      'a requirement that the spec does not have',
      ['list', '--requirement', 'no.such.requirement'],
      /no requirement no\.such/,
    ],
    ['an unknown option', ['run', '--fast'], /--fast/],
  ]
  for (const [what, args, says] of wrong) {
    test(`${what}: exit 2`, async () => {
      const { code, error } = await cli(...args)
      assert.equal(code, 2)
      assert.match(error, says)
    })
  }

  test('list names the scenarios of a requirement', async () => {
    const { code, out } = await cli('list', '--requirement', 'relay.bind.routes')
    assert.equal(code, 0)
    assert.match(out, /relay\/bind\/the-65th-route-is-refused-and-the-64-stay/)
    assert.match(out, /\n2 scenarios\n$/)
  })
})
