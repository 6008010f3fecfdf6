import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallFailure } from '../../../controller/failure.ts'
import { texts } from '../../texts.ts'
import { gitTrouble } from './failure.ts'

const { failures } = texts.git
const of = (stderr: string, exitCode: number | null = 1) =>
  gitTrouble(new CallFailure('git-failed', 'x', { stderr, exitCode }), '')

test('what git says has a sentence, and stands below it', () => {
  const rejected = ' ! [rejected]        main -> main (fetch first)\nerror: failed to push some refs'
  assert.deepEqual(of(rejected), { text: failures.behind, said: rejected })
  assert.equal(of(' ! [remote rejected] main -> main (pre-receive hook declined)').text, failures.refused)
  assert.equal(of("fatal: could not read Username for 'https://x': terminal prompts disabled").text, failures.access)
  assert.equal(of("fatal: '/x' does not appear to be a git repository").text, failures.unreachable)
  assert.equal(of('*** Please tell me who you are.').text, failures.identity)
  assert.equal(of('something else').text, failures.git)
  assert.equal(of('', null).text, failures.time)
})

test('other failures have one, too', () => {
  const text = (code: string) => gitTrouble(new CallFailure(code, 'x'), 'missing').text
  assert.equal(text('not-found'), 'missing')
  assert.equal(text('forbidden'), failures.right)
  assert.equal(text('uncertain'), failures.uncertain)
  assert.equal(text('paused'), texts.git.failed(texts.errors.paused ?? ''))
  assert.deepEqual(gitTrouble(new CallFailure('git-failed', 'x', null), ''), { text: failures.git, said: '' })
})
