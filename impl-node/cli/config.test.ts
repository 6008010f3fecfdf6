import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DEFAULT_CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import { UsageError } from './command.ts'
import { settingsOf } from './config.ts'
import { temporaryFolder } from './testing/cli.ts'

/** An environment whose configuration file has these members. */
function withFile(t: TestContext, members: unknown): NodeJS.ProcessEnv {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'happy-remote'))
  writeFileSync(
    join(folder, 'happy-remote', 'config.json'),
    typeof members === 'string' ? members : JSON.stringify(members),
  )
  return { XDG_CONFIG_HOME: folder }
}

test('a flag comes before the environment, that before the file, that before the default', (t) => {
  const file = withFile(t, { relay: 'wss://file', name: 'file' })
  const env = { ...file, HAPPY_REMOTE_RELAY: 'wss://env' }
  assert.equal(settingsOf({ relay: 'wss://flag' }, undefined, env).relay, 'wss://flag')
  assert.equal(settingsOf({}, undefined, env).relay, 'wss://env')
  assert.equal(settingsOf({}, undefined, file).relay, 'wss://file')
  assert.equal(settingsOf({}, undefined, file).name, 'file')
  assert.equal(settingsOf({}, undefined, {}).relay, 'ws://127.0.0.1:8080')
})

test('state goes to XDG_STATE_HOME, and to the home folder where that is not absolute', () => {
  assert.equal(settingsOf({}, undefined, { XDG_STATE_HOME: '/var/state' }).state, '/var/state/happy-remote')
  assert.match(settingsOf({}, undefined, { XDG_STATE_HOME: 'state' }).state, /\/\.local\/state\/happy-remote$/)
  assert.equal(settingsOf({ state: '/s' }, undefined, {}).state, '/s')
})

test('the assistant is a kind and its command, in words or as a list', (t) => {
  const file = withFile(t, { assistant: ['acp', 'my assistant', '--flag'] })
  assert.deepEqual(settingsOf({}, undefined, file).assistant, ['acp', 'my assistant', '--flag'])
  assert.deepEqual(settingsOf({}, undefined, { HAPPY_REMOTE_ASSISTANT: 'acp  my-assistant -x' }).assistant, [
    'acp',
    'my-assistant',
    '-x',
  ])
  assert.equal(settingsOf({}, undefined, {}).assistant, undefined)
})

test('what a new pairing may do is the default, or exactly the list', () => {
  assert.deepEqual(settingsOf({}, undefined, {}).grant, DEFAULT_CAPABILITIES)
  assert.deepEqual(settingsOf({}, undefined, { HAPPY_REMOTE_GRANT: 'observe, prompt' }).grant, ['observe', 'prompt'])
})

const wrong: [what: string, members: unknown, sentence: RegExp][] = [
  ['is not JSON', '{', /it is not JSON/],
  ['has an unknown member', { relais: 'x' }, /unknown member "relais"\. Did you mean "relay"\?/],
  ['has an unknown member like none', { colour: 'x' }, /unknown member "colour"; there are relay, state/],
  ['has a member of the wrong type', { relay: 1 }, /relay must be string/],
  ['is no object', [], /the whole must be object/],
  ['has an unknown log level', { logLevel: 'loud' }, /The log level is one of debug, info/],
  ['has a name that is too long', { name: 'x'.repeat(65) }, /A name has 1 to 64 bytes/],
]

for (const [what, members, sentence] of wrong) {
  test(`a configuration file that ${what} is wrong use, and the sentence says why`, (t) => {
    const env = withFile(t, members)
    assert.throws(
      () => settingsOf({}, undefined, env),
      (error) => {
        assert.ok(error instanceof UsageError)
        assert.match(error.message, sentence)
        return true
      },
    )
  })
}

test('a file that --config names must be there, the usual one need not', (t) => {
  const folder = temporaryFolder(t)
  assert.throws(() => settingsOf({}, join(folder, 'none.json'), {}), /there is no such file or folder/)
  assert.ok(settingsOf({}, undefined, { XDG_CONFIG_HOME: folder }))
})
