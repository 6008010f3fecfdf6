import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Shim } from './driver.ts'
import { REQUEST_MAX } from './lines.ts'
import { Failed, ShimBroken, SuiteError, Unimplemented } from './trouble.ts'

const program = (...args: string[]) => ({
  command: [process.execPath, '--disable-warning=ExperimentalWarning', ...args],
  cwd: fileURLToPath(new URL('..', import.meta.url)),
})

const breaks: [fault: string, error: new (message: string) => Error, message: RegExp][] = [
  ['not-json', ShimBroken, /not JSON: "ready"/],
  ['both-answers', ShimBroken, /no answer and no event/],
  ['unknown-code', ShimBroken, /no answer and no event/],
  ['other-id', ShimBroken, /which nobody made/],
  ['wrong-hello', ShimBroken, /answers hello with an "ok" that does not fit/],
  ['endless-line', ShimBroken, /more than 1 MiB|not JSON/],
  ['dies', Failed, /ended with exit code 7/],
]

describe('Shim', () => {
  for (const [fault, error, message] of breaks) {
    test(`rejects a program with the fault ${fault}`, async () => {
      const shim = new Shim(program('testing/broken.ts', fault))
      try {
        await assert.rejects(shim.hello('test'), (thrown) => thrown instanceof error && message.test(thrown.message))
        await assert.rejects(shim.ask('state', {}), 'after that it asks nothing more')
      } finally {
        await shim.kill()
      }
    })
  }

  test('ask() rejects with Unimplemented what the program does not have', async () => {
    const shim = new Shim(program('mutants/shim.ts', 'none'))
    try {
      await assert.rejects(shim.ask('drop', {}), (error) => error instanceof Unimplemented)
      assert.equal(shim.trouble, undefined)
    } finally {
      await shim.end()
    }
    assert.equal(shim.exitCode, 0)
  })

  test('ask() refuses to send what its own schema rejects', async () => {
    const shim = new Shim(program('testing/yes-man.ts'))
    try {
      await assert.rejects(shim.ask('confirm', { digits: '12' }), (error) => error instanceof SuiteError)
    } finally {
      await shim.end()
    }
  })

  test('ask() refuses to send a line that is longer than a program has to take', async () => {
    const shim = new Shim(program('testing/yes-man.ts'))
    try {
      const ask = (size: number) => shim.ask('backend', { script: 'x'.repeat(size) })
      await assert.rejects(ask(REQUEST_MAX), (error) => error instanceof SuiteError)
      const around = JSON.stringify({ id: 2, do: 'backend', with: { script: '' } }).length
      await ask(REQUEST_MAX - around)
    } finally {
      await shim.end()
    }
  })

  test('a program has a temporary folder of its own, which is gone with it, also where it was killed', async () => {
    const script = `process.stdin.resume()
      process.stderr.write(require('node:fs').mkdtempSync(require('node:os').tmpdir() + '/x-') + '\\n')`
    const shim = new Shim({ command: [process.execPath, '-e', script], cwd: '/' })
    const deadline = Date.now() + 30_000
    while (!shim.stderr.endsWith('\n') && Date.now() < deadline) await new Promise(setImmediate)
    const made = shim.stderr.trim()
    assert.ok(existsSync(made))
    assert.notEqual(dirname(made), tmpdir())
    await shim.kill()
    assert.ok(!existsSync(dirname(made)))
  })

  test('a command that does not exist is a failure with the reason of the system', async () => {
    const shim = new Shim({ command: ['/nonexistent/relay'], cwd: '/' })
    await assert.rejects(shim.hello('test'), /could not be run: .*ENOENT/)
  })
})
