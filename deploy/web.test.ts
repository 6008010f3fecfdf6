// Caddy with the configuration for the web controller: the page with its headers, and nothing beside its folder.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HEADER_POLICY, PERMISSIONS } from '../impl-deno/relay/policy.ts'
import { changed, freePort, LONG, run } from './meeting.ts'
import { missing } from './programs.ts'

const ask = (port: number, path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume()
      resolve(response)
    }).on('error', reject)
  })

async function answering(t: TestContext, port: number): Promise<IncomingMessage> {
  for (;;) {
    const answer = await ask(port, '/').catch(() => undefined)
    if (answer) return answer
    t.signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('Caddy serves the web controller with its policy', {
  skip: missing('caddy') ?? false,
  timeout: LONG,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-caddy-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'site/assets'), { recursive: true })
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(folder, 'site/index.html'), '<!doctype html>')
  writeFileSync(join(folder, 'site/assets/a-1.js'), 'export {}')
  writeFileSync(join(folder, 'site/service-worker.js'), '// worker')
  const port = await freePort()
  const config = changed('Caddyfile.web', [
    ['control.example.com {', `http://127.0.0.1:${port} {`],
    ['/srv/happy-remote\n', `${join(folder, 'site')}\n`],
  ])
  const file = join(folder, 'Caddyfile')
  writeFileSync(file, `{\n\tadmin off\n}\n${config}`)
  run(t, ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'], {
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  })
  const { headers, statusCode } = await answering(t, port)
  assert.equal(statusCode, 200)
  assert.equal(headers['content-security-policy'], HEADER_POLICY)
  assert.equal(headers['permissions-policy'], PERMISSIONS)
  assert.equal(headers['cache-control'], 'no-cache')
  assert.equal((await ask(port, '/pair')).statusCode, 200)
  assert.match(String((await ask(port, '/assets/a-1.js')).headers['cache-control']), /immutable/)
  const worker = (await ask(port, '/service-worker.js')).headers
  assert.equal(worker['cache-control'], 'no-cache')
  assert.match(String(worker['content-type']), /^text\/javascript/)
  for (const path of ['/secret.txt', '/../secret.txt', '/%2e%2e/secret.txt', '/v1']) {
    assert.equal((await ask(port, path)).statusCode, 404, path)
  }
})
