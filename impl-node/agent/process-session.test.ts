import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { endSession } from './process-session.ts'

/** A process in a session of its own, once it has printed a line. */
async function session(script: string) {
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  await once(child.stdout, 'data')
  return { pid: child.pid ?? 0, exited }
}

test('endSession() is content with SIGHUP where that is enough', async () => {
  const { pid, exited } = await session('echo ready; sleep 1000')
  await endSession(pid, 60_000)
  assert.deepEqual(await exited, [null, 'SIGHUP'])
})

test('endSession() kills what ignores SIGHUP and what is stopped', async () => {
  const { pid, exited } = await session("trap '' HUP; echo ready; kill -STOP $$; while :; do sleep 1000; done")
  await endSession(pid, 50)
  assert.deepEqual(await exited, [null, 'SIGKILL'])
})

test('endSession() ends a leader that has not yet made its session', async () => {
  const child = spawn('/bin/sleep', ['1000'])
  const exited = once(child, 'exit')
  await endSession(child.pid ?? 0, 60_000)
  assert.deepEqual(await exited, [null, 'SIGHUP'])
})

test('endSession() of what has ended already signals nobody', async ({ mock }) => {
  const { pid, exited } = await session('echo ready')
  await exited
  const kill = mock.method(process, 'kill')
  await endSession(pid, 60_000)
  // Signal 0 only asks.
  const signals = kill.mock.calls.map(({ arguments: [, signal] }) => signal).filter((signal) => signal !== 0)
  assert.deepEqual(signals, [])
})
