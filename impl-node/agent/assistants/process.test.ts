import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { forPeople, spawnAssistant } from './process.ts'
import { processes } from './testkit.ts'

test('an assistant does not outlive an agent that exits without closing it', async () => {
  // Where what is tested here fails, it still ends by itself.
  const program = `process.on('SIGHUP', () => {}); setTimeout(() => {}, 30_000); console.log(process.pid)`
  const agent = `
    import { spawnAssistant } from ${JSON.stringify(import.meta.resolve('./process.ts'))}
    const command = [process.execPath, '-e', ${JSON.stringify(program)}]
    const { stdout, ended } = await spawnAssistant({ command, cwd: '/' })
    ended.then((how) => console.error('the assistant', how))
    stdout.once('data', (pid) => process.stdout.write(pid))
    process.stdin.once('data', () => process.exit(0))`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', agent])
  const errors = text(child.stderr)
  let pid = 0
  for await (const line of createInterface({ input: child.stdout })) {
    pid = Number(line)
    child.stdin.write('exit\n')
  }
  assert.ok(pid > 1, `there was no pid: ${await errors}`)
  // The kernel takes a moment to bury it.
  while (processes().some((process) => process.pid === pid)) await sleep(5)
})

test('the end of an assistant is told with the error, and not with what the runtime writes below it', async () => {
  for (const [program, told] of [
    ["throw new TypeError('no key is set')", 'ended with exit code 1: TypeError: no key is set'],
    ["console.error('first'); console.error('no key'); process.exit(3)", 'ended with exit code 3: no key'],
  ] as const) {
    const { ended } = await spawnAssistant({ command: [process.execPath, '-e', program], cwd: '/' })
    assert.equal(await ended, told)
  }
})

test('forPeople() leaves one plain line of bounded length', () => {
  assert.equal(forPeople('\x1b[31mred\x1b[0m\tand\r\n\x07bell '), 'red and bell')
  assert.equal(forPeople('abcdef', 3), 'abc…')
})
