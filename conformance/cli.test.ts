// The runner as a person runs it: exit codes and reports, on programs of a few lines.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
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
function implementation(program: string[], known?: string, role = 'relay'): string {
  const file = join(folder, `implementation-${++files}.json`)
  const knownFailures = known === undefined ? {} : { knownFailures: `known-${files}.yaml` }
  if (known !== undefined) writeFileSync(join(folder, `known-${files}.yaml`), known)
  writeFileSync(
    file,
    JSON.stringify({ name: 'fake', roles: { [role]: { command: [...node, ...program] } }, ...knownFailures }),
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

  test('a program is built once before it is started, and one that cannot be built is not judged: exit 3', async () => {
    const build = (script: string) => {
      const file = scripted('none')
      const declared = JSON.parse(readFileSync(file, 'utf8')) as object
      writeFileSync(file, JSON.stringify({ ...declared, build: [process.execPath, '-e', script] }))
      return file
    }
    const script = "require('node:fs').appendFileSync('built', 'x')"
    const built = await cli('run', build(script), '--filter', 'relay.hello.first', '--out', 'built-report')
    assert.deepEqual([built.code, readFileSync(join(folder, 'built'), 'utf8')], [0, 'x'])
    const failed = await cli('run', build('process.exit(9)'), '--out', 'unbuilt-report')
    assert.equal(failed.code, 3)
    assert.match(failed.out, /The build .* ended with exit code 9/)
  })

  test('a right relay passes what was asked of it: exit 0', async () => {
    const done = await cli(
      'run',
      scripted('none'),
      '--filter',
      'relay/presence/bound-again-on-*',
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

  test('a relay that was broken on purpose and started separately is found by its address', async (t) => {
    const relay = spawn(process.execPath, [...node.slice(1), here('mutants/shim.ts'), 'pong-with-own-time'])
    t.after(() => relay.stdin.end())
    relay.stdin.write('{"id":1,"do":"start","with":{"host":"127.0.0.1","port":0}}\n')
    const [line] = (await once(relay.stdout, 'data')) as [Buffer]
    const { url } = JSON.parse(line.toString()).ok as { url: string }
    const filter = ['--filter', 'relay/liveness/after-a-bind', '--workers', '1']
    const { code, out, error } = await cli('run', '--relay', url, ...filter, '--out', 'broken')
    assert.equal(code, 1, error)
    assert.match(out, /fail +relay\/liveness\/after-a-bind\n {4}The "pong" has the timestamp \d+, expected 42\n/)
  })

  test('an address at which nothing listens: exit 3', async () => {
    const { code, out } = await cli('run', '--relay', 'ws://127.0.0.1:1', '--out', 'nothing')
    assert.equal(code, 3)
    assert.match(out, /Nothing listens/)
  })

  const oracle = (fault: string, known?: string) => implementation([here('testing/oracle.ts'), fault], known, 'agent')
  const PADDING = ['--filter', 'vectors/agent/padding-00', '--json']
  const failing = ({ out }: { out: string }) => reportOf({ out }).scenarios.filter(({ verdict }) => verdict !== 'pass')

  test('vectors: a program that answers as the files say passes all cases of its role: exit 0', async () => {
    const done = await cli('vectors', oracle('none'), '--json', '--out', 'vectors-right')
    assert.equal(done.code, 0, done.error)
    const { command, scenarios, requirements } = reportOf(done)
    assert.equal(command, 'vectors')
    assert.ok(scenarios.length > 800)
    assert.ok(scenarios.every(({ verdict }) => verdict === 'pass'))
    assert.ok(requirements.some(({ id, verdict }) => id === 'pairing.identity.device-id' && verdict === 'pass'))
  })

  const faults: [fault: string, says: RegExp][] = [
    ['lies', /padded is 1 instead of 256/],
    ['is-silent', /padded is missing/],
    ['refuses', /refused with "internal"/],
    ['dies', /ended with exit code 7/],
  ]
  for (const [fault, says] of faults) {
    test(`vectors: a program that ${fault} in one case fails in that one: exit 1`, async () => {
      const done = await cli('vectors', oracle(fault), ...PADDING, '--out', `vectors-${fault}`)
      assert.equal(done.code, 1, done.error)
      const [failed, ...more] = failing(done)
      assert.deepEqual([failed?.id, failed?.verdict, more], ['vectors/agent/padding-003', 'fail', []])
      assert.match(failed?.message ?? '', says)
      assert.match(readFileSync(join(folder, `vectors-${fault}`, 'report.html'), 'utf8'), /padding-003/)
    })
  }

  test('vectors: a program that accepts everything fails every invalid case: exit 1', async () => {
    const done = await cli('vectors', oracle('accepts'), '--filter', 'confirm-0', '--json', '--out', 'vectors-accepts')
    assert.equal(done.code, 1)
    const { scenarios } = reportOf(done)
    for (const { text, verdict } of scenarios) {
      assert.equal(verdict, text.some((line) => line.startsWith('To be refused')) ? 'fail' : 'pass')
    }
    assert.match(failing(done)[0]?.message ?? '', /accepted, and not refused with "confirm"/)
  })

  test('vectors: a program without the verb is never green: exit 1', async () => {
    const { code, out } = await cli('vectors', oracle('without'), '--out', 'vectors-without')
    assert.equal(code, 1)
    assert.match(out, /unimplemented +vectors\/agent\/\S+\n/)
    assert.match(out, /unimplemented +and \d+ more\n +vector: there is no vector\n/)
  })

  test('vectors: a known failure is excused by the id of its case, and one that passes fails the run', async () => {
    const known = 'padding-003: not built yet\n'
    const excused = await cli('vectors', oracle('lies', known), ...PADDING, '--out', 'vectors-known')
    assert.equal(excused.code, 0, excused.error)
    const stale = await cli('vectors', oracle('none', known), ...PADDING, '--out', 'vectors-stale')
    assert.equal(stale.code, 1)
    assert.deepEqual(reportOf(stale).outcome.staleKnownFailures, ['vectors/*/padding-003'])
  })

  test('vectors: a program that answers everything with ok: exit 3', async () => {
    const { code, out } = await cli('vectors', implementation([here('testing/yes-man.ts')]), '--out', 'vectors-yes')
    assert.equal(code, 3)
    assert.match(out, /which does not exist/)
  })

  // Puppets answer as if they had met: enough for the scenarios H and R, in a tenth of the time.
  const puppets = (name: string, { fault = 'none', roles = ['relay', 'agent', 'controller'], known = '' } = {}) => {
    const file = join(folder, `${name}.json`)
    const program = (role: string) => [...node, here('testing/puppet.ts'), role, fault]
    writeFileSync(join(folder, `${name}.yaml`), known)
    writeFileSync(
      file,
      JSON.stringify({
        name,
        roles: Object.fromEntries(roles.map((role) => [role, { command: program(role) }])),
        knownFailures: `${name}.yaml`,
      }),
    )
    return file
  }
  // Each worker would load all steps for itself.
  const HELLO = ['--filter', 'H', '--json', '--workers', '1']

  test('matrix: two implementations make a cube of eight cells: exit 0', async () => {
    const done = await cli('matrix', puppets('one'), puppets('two'), ...HELLO, '--out', 'matrix-right')
    assert.equal(done.code, 0, done.out + done.error)
    const { matrix, scenarios, command } = reportOf(done)
    assert.equal(command, 'matrix')
    const cells = matrix?.cells.map(({ relay, agent, controller }) => `${relay}+${agent}+${controller}`)
    const all = ['one', 'two']
    const cube = all.flatMap((relay) => all.flatMap((agent) => all.map((each) => `${relay}+${agent}+${each}`)))
    assert.deepEqual(cells, cube)
    assert.deepEqual(new Set(scenarios.map(({ verdict }) => verdict)), new Set(['pass']))
    assert.deepEqual(matrix?.findings, [])
    assert.match(done.error, /8 of 8: .*: ✓ H\n$/)
    const [first] = scenarios
    assert.equal(first?.id, 'matrix/one+one+one/H')
    const transcript = readFileSync(join(folder, 'matrix-right', first.transcript ?? ''), 'utf8')
    assert.match(transcript, /"from":"controller","to":"suite"/)
  })

  test('matrix: a third one is a star: it takes one place at a time', async () => {
    const third = puppets('three', { roles: ['agent'] })
    const done = await cli('matrix', puppets('one'), puppets('two'), third, ...HELLO, '--out', 'matrix-star')
    assert.equal(done.code, 0, done.error)
    const cells = reportOf(done).matrix?.cells ?? []
    assert.equal(cells.length, 12)
    assert.equal(cells.filter(({ agent }) => agent === 'three').length, 4)
  })

  test('matrix: a program that lies fails in its cells alone: exit 1', async () => {
    const liar = puppets('liar', { fault: 'lies', roles: ['controller'] })
    const done = await cli('matrix', puppets('one'), liar, '--filter', 'R', '--json', '--out', 'matrix-liar')
    assert.equal(done.code, 1)
    const failed = reportOf(done).scenarios.filter(({ verdict }) => verdict !== 'pass')
    assert.deepEqual(
      failed.map(({ id, verdict }) => [id, verdict]),
      [['matrix/one+one+liar/R', 'fail']],
    )
    assert.match(failed[0]?.message ?? '', /agent\.info is answered with \{\}/)
  })

  test('matrix: relays that give the same tables share one', async () => {
    const same = await cli(
      'matrix',
      puppets('one'),
      puppets('two', { roles: ['relay'] }),
      '--filter',
      'H',
      '--out',
      'm1',
    )
    assert.match(same.out, /relay one, and the same with two\n +controller one\n +agent one +✓ H\n/)
  })

  test('matrix: a program without a verb is never green, and its failure may be known', async () => {
    const without = { fault: 'without', roles: ['controller'] }
    const done = await cli('matrix', puppets('one'), puppets('poor', without), ...HELLO, '--out', 'matrix-poor')
    assert.equal(done.code, 1)
    assert.deepEqual(reportOf(done).outcome.counts.unimplemented, 1)
    const known = puppets('poor', { ...without, known: 'matrix/*+poor/*: no pairing yet\n' })
    const excused = await cli('matrix', puppets('one'), known, ...HELLO, '--out', 'matrix-known')
    assert.equal(excused.code, 0, excused.error)
  })

  test('matrix: a known failure that passes fails the run', async () => {
    const stale = puppets('stale', { known: 'matrix/stale+stale+stale/H: not built yet\n' })
    const done = await cli('matrix', stale, '--filter', 'H', '--out', 'matrix-stale')
    assert.equal(done.code, 1)
    assert.match(done.out, /stale known failure: matrix\/stale\+stale\+stale\/H/)
  })

  test('matrix: a program that answers everything with ok: exit 3', async () => {
    const { code, out } = await cli(
      'matrix',
      puppets('one'),
      implementation([here('testing/yes-man.ts')]),
      '--out',
      'm3',
    )
    assert.equal(code, 3)
    assert.match(out, /fake: Asked for the verb .* which does not exist/)
  })

  const wrong: [what: string, args: string[], says: RegExp][] = [
    ['no command', [], /A command is wanted/],
    ['an unknown command', ['judge'], /There is no command judge/],
    ['run without a subject', ['run'], /run wants/],
    ['a file that is not there', ['run', 'nothing.json'], /There is no file/],
    ['an address of another kind', ['run', '--relay', 'https://relay.example.com'], /--relay wants/],
    ['vectors of nothing', ['vectors'], /vectors wants one implementation/],
    ['vectors of a file that is not there', ['vectors', 'nothing.json'], /There is no file/],
    ['a matrix of nothing', ['matrix'], /matrix wants implementation files/],
    ['a matrix of a file that is not there', ['matrix', 'nothing.json'], /There is no file/],
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
