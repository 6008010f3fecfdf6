import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { forPeople } from './process.ts'
import { processes } from './testkit.ts'

test('an assistant does not outlive an agent that exits without closing it', async () => {
  const program = `process.on('SIGHUP', () => {}); setInterval(() => {}, 60_000); console.log(process.pid)`
  const agent = `
    import { spawnAssistant } from ${JSON.stringify(import.meta.resolve('./process.ts'))}
    const command = [process.execPath, '-e', ${JSON.stringify(program)}]
    const { stdout } = await spawnAssistant({ command, cwd: '/' })
    stdout.once('data', (pid) => process.stdout.write(pid, () => process.exit(0)))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', agent])
  const pid = Number(stdout)
  assert.ok(pid > 1)
  // The kernel takes a moment to bury it.
  while (processes().some((process) => process.pid === pid)) await sleep(5)
})

test('forPeople() leaves one plain line of bounded length', () => {
  assert.equal(forPeople('\x1b[31mred\x1b[0m\tand\r\n\x07bell '), 'red and bell')
  assert.equal(forPeople('abcdef', 3), 'abc…')
})
