// A Redis for one test.

import assert from 'node:assert/strict'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { run } from './meeting.ts'

/** Takes connections until the test ends. */
export async function startRedis(t: TestContext, folder: string, options: readonly string[]): Promise<void> {
  const always = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const { stdout } = run(t, ['redis-server', ...always, ...options], {})
  assert.ok(stdout)
  for await (const line of createInterface({ input: stdout })) {
    if (line.includes('Ready to accept connections')) {
      stdout.resume()
      return
    }
  }
  throw new Error('redis-server has not started')
}
