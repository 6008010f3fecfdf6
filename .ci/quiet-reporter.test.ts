import assert from 'node:assert/strict'
import { test } from 'node:test'
import quiet, { type TestEvent } from './quiet-reporter.ts'

async function report(...events: TestEvent[]): Promise<string> {
  async function* source() {
    yield* events
  }
  return (await Array.fromAsync(quiet(source()))).join('')
}

const pass = (name: string, file: string): TestEvent => ({ type: 'test:pass', data: { name, file } })
const stderr = (message: string, file: string): TestEvent => ({ type: 'test:stderr', data: { message, file } })
const summary = ['tests 3', 'pass 2', 'fail 1', 'lines 97'].map(
  (message): TestEvent => ({ type: 'test:diagnostic', data: { message, nesting: 0 } }),
)
const failure = (error: Error & { failureType?: string }): TestEvent => ({
  type: 'test:fail',
  data: { name: 'c', file: `${process.cwd()}/b.test.ts`, line: 7, details: { error } },
})

test('the reporter shows a dot a file, and the closing summary of the runner', async () => {
  assert.equal(
    await report(pass('a', 'a.test.ts'), pass('b', 'a.test.ts'), stderr('noise', 'a.test.ts'), ...summary),
    '.\n\nℹ tests 3\nℹ pass 2\nℹ fail 1\n',
  )
})

test('the reporter shows each test that fails before the summary, with what its file wrote to standard error', async () => {
  const suite = Object.assign(new Error('1 subtest failed'), { failureType: 'subtestsFailed' })
  const text = await report(
    stderr('why', 'b.test.ts'),
    failure(new Error('it broke', { cause: new Error('the cause') })),
    failure(suite),
    ...summary,
  )
  assert.match(text, /^X\n\n✖ c \(b\.test\.ts:7\)\n {2}Error: the cause[\s\S]*b\.test\.ts:\nwhy\nℹ tests 3/)
  assert.doesNotMatch(text, /subtest/)
})
