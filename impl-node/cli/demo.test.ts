import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCli, temporaryFolder } from './testing/cli.ts'
import { ENTER_ALTERNATE, startPty } from './testing/pty.ts'

test('the demo does the main job, prints every time, leaves nothing and ends with 0', async (t) => {
  const folder = temporaryFolder(t)
  const demo = startCli(t, ['demo'], { folder, env: { TMPDIR: folder, INIT_CWD: folder, NO_COLOR: '1' } })
  assert.equal(await demo.exit(), 0, demo.stderr)
  assert.equal(demo.stderr, '')
  for (const step of [
    /Relay listening at ws:\/\/127\.0\.0\.1:\d+ +\d+\.\d$/m,
    /Paired; the demo typed the digits \d{3} \d{3} itself +\d+\.\d$/m,
    /answered by the demo: Allow once$/m,
    /First prompt completed +\d+\.\d$/m,
    /First shell command in a real terminal: exit code 0 +\d+\.\d$/m,
    /of which computing: both sides, and the relay +\d+\.\d$/m,
  ]) {
    assert.match(demo.stdout, step)
  }
  assert.ok(demo.stdout.includes(`in ${folder} `), 'it works on the folder of the person')
  assert.ok(!demo.stdout.includes('HAPPY://'), 'no secret without a terminal')
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('happy-remote-demo')),
    [],
  )
})

test('the demo tells its times as JSON', async (t) => {
  const folder = temporaryFolder(t)
  const demo = startCli(t, ['demo', '--json'], { folder })
  assert.equal(await demo.exit(), 0, demo.stderr)
  const names = demo.events.map(({ event, name }) => name ?? event)
  assert.deepEqual(names, ['relay', 'agent', 'scan', 'pairing', 'info', 'assistant', 'prompt', 'shell', 'times'])
  const times = demo.events.at(-1) as Record<string, unknown>
  for (const name of ['pairing', 'pairingCompute', 'prompt', 'shell']) assert.ok(Number(times[name]) > 0, name)
})

test('a terminal that is closed takes the demo with it, and no folder stays behind', async (t) => {
  const folder = temporaryFolder(t)
  const demo = startPty(t, ['demo'], folder, { TMPDIR: folder })
  await demo.shown(
    /Press Enter for a pairing code.+a\s+prompt\. For a terminal of another device: npm start -- --host/s,
  )
  await demo.shown(/demo +· heard|heard \d s ago · idle/)
  assert.ok(!demo.output.includes(ENTER_ALTERNATE), 'the results stay to be read')
  for (const line of demo.text.split(/[\r\n]+/)) assert.ok([...line].length <= 80, line)
  demo.type('\r')
  await demo.shown(/Esc goes on without another device/)
  assert.ok(demo.output.includes(ENTER_ALTERNATE))
  assert.equal(readdirSync(folder).length, 1)
  demo.hangUp()
  const late = Date.now() + 20_000
  while (readdirSync(folder).length > 0 && Date.now() < late) await sleep(20)
  assert.deepEqual(readdirSync(folder), [])
})

test('SIGTERM in the middle of the demo leaves no folder behind', async (t) => {
  const folder = temporaryFolder(t)
  const demo = startCli(t, ['demo', '--json'], { folder, env: { TMPDIR: folder } })
  await demo.event('step')
  demo.child.kill('SIGTERM')
  assert.equal(await demo.exit(), 130)
  assert.deepEqual(readdirSync(folder), [])
  assert.notEqual(folder, tmpdir())
})
