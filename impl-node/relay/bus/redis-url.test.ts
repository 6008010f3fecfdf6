import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redisAddress, shownRedis } from './redis-url.ts'

test('redisAddress() reads host, port, TLS and credentials, and shows no credentials', () => {
  const cases: [string, ReturnType<typeof redisAddress>, string][] = [
    ['redis://localhost', { host: 'localhost', port: 6379, isTls: false }, 'redis://localhost:6379'],
    ['redis://10.0.0.1:7000/', { host: '10.0.0.1', port: 7000, isTls: false }, 'redis://10.0.0.1:7000'],
    ['rediss://[::1]:1/0', { host: '::1', port: 1, isTls: true }, 'rediss://[::1]:1'],
    [
      'redis://relay:s%2Fcret@redis.example.com',
      { host: 'redis.example.com', port: 6379, isTls: false, username: 'relay', password: 's/cret' },
      'redis://redis.example.com:6379',
    ],
    ['redis://:only@h:2', { host: 'h', port: 2, isTls: false, password: 'only' }, 'redis://h:2'],
  ]
  for (const [text, address, shown] of cases) {
    assert.deepEqual(redisAddress(text), address)
    assert.equal(shownRedis(address), shown)
  }
})

for (const text of [
  'secret@host',
  'http://u:secret@h',
  'redis://',
  'redis:secret',
  'redis://h/3?secret',
  'redis://h/secret',
  'redis://h#secret',
  'redis://u:secret%@h',
  'redis://u:secret@h:x',
]) {
  test(`redisAddress() refuses ${text.replace('secret', '...')} without repeating it`, () => {
    assert.throws(
      () => redisAddress(text),
      (error: Error) => {
        assert.ok(error instanceof TypeError)
        const all = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`
        return !all.includes('secret')
      },
    )
  })
}
