// The release as both relays serve it: the same headers, only its own files, and the way of the clients as before.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { HEADER_POLICY, PERMISSIONS } from '../relay/policy.ts'
import { Program, type Runtime } from './testing/program.ts'

const PAGE = '<!doctype html><title>page</title>'

function makeSite(): string {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-served-'))
  mkdirSync(join(folder, 'site/assets'), { recursive: true })
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(folder, 'site/index.html'), PAGE)
  writeFileSync(join(folder, 'site/.env'), 'secret')
  writeFileSync(join(folder, 'site/service-worker.js'), '// worker')
  writeFileSync(join(folder, 'site/assets/index-1.js'), 'export {}\n'.repeat(100))
  symlinkSync('../secret.txt', join(folder, 'site/link.txt'))
  symlinkSync('..', join(folder, 'site/up'))
  return folder
}

/** Without a client that would tidy the path. */
function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('latin1')
      response.on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    asking.on('error', reject)
    asking.end()
  })
}

const told = ({ date: _, connection: _1, 'keep-alive': _2, ...headers }: Record<string, unknown>) => headers

async function withRelay<T>(
  runtime: Runtime,
  folder: string,
  act: (port: number) => Promise<T>,
  more: readonly string[] = [],
): Promise<T> {
  const relay = new Program('relay', ['--port', '0', '--web', join(folder, 'site'), ...more], [], runtime)
  try {
    return await act(Number((await relay.line('listening')).port))
  } finally {
    await relay.stop()
  }
}

test('both relays serve the page with the same headers, and nothing beside its folder', {
  timeout: 120_000,
}, async () => {
  const folder = makeSite()
  try {
    const served: object[] = []
    for (const runtime of ['node', 'deno'] as const) {
      await withRelay(runtime, folder, async (port) => {
        const page = await ask(port, '/')
        assert.equal(page.status, 200)
        assert.equal(page.body, PAGE)
        assert.equal(page.headers['content-security-policy'], HEADER_POLICY)
        assert.equal(page.headers['permissions-policy'], PERMISSIONS)
        assert.deepEqual(await ask(port, '/pair').then(({ status, body }) => [status, body]), [200, PAGE])
        const script = await ask(port, '/assets/index-1.js', { 'accept-encoding': 'gzip, br' })
        assert.equal(script.headers['content-encoding'], 'gzip')
        assert.match(String(script.headers['cache-control']), /immutable/)
        // Its scope is the folder that it lies in, and each opening of the page looks whether there is another one.
        const worker = await ask(port, '/service-worker.js')
        assert.equal(worker.headers['cache-control'], 'no-cache')
        assert.match(String(worker.headers['content-type']), /^text\/javascript/)
        assert.equal(worker.headers['content-security-policy'], HEADER_POLICY)
        served.push([told(page.headers), told(worker.headers), { ...told(script.headers), 'content-length': 0 }])

        const { etag } = page.headers
        assert.equal((await ask(port, '/', { 'if-none-match': String(etag) })).status, 304)
        assert.equal((await ask(port, '/', {}, 'POST')).status, 405)
        assert.deepEqual(await ask(port, '/', {}, 'HEAD').then(({ status, body }) => [status, body]), [200, ''])
        for (const path of [
          ...['/secret.txt', '/../secret.txt', '/assets/../../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt'],
          ...['/link.txt', '/up/secret.txt', '/.env', '/assets', '/assets/', '//index.html', '/constructor'],
        ]) {
          assert.equal((await ask(port, path)).status, 404, path)
        }
        // The way of the clients is what it was.
        assert.equal((await ask(port, '/v1')).status, 426)
        assert.equal((await ask(port, '/healthz')).body, 'ok\n')
        const upgrade = {
          ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
          ...{ 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'sec-websocket-protocol': 'happy-relay.v1' },
        }
        assert.equal((await ask(port, '/', upgrade)).status, 404)
      })
    }
    assert.deepEqual(served[0], served[1])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a folder without a page is refused with its sentence', { timeout: 60_000 }, async () => {
  const folder = makeSite()
  try {
    for (const runtime of ['node', 'deno'] as const) {
      for (const [name, sentence] of [
        ['site/assets', /holds no index\.html; npm run web:build makes one/],
        ['nothing', /Cannot read the folder/],
      ] as const) {
        const relay = new Program('relay', ['--port', '0', '--web', join(folder, name)], [], runtime)
        await assert.rejects(relay.line('listening'), sentence)
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('whoever asks for the page too often is refused, and what is not the page is answered', {
  timeout: 60_000,
}, async () => {
  const folder = makeSite()
  try {
    for (const runtime of ['node', 'deno'] as const) {
      await withRelay(
        runtime,
        folder,
        async (port) => {
          const answers = await Promise.all(Array.from({ length: 100 }, () => ask(port, '/')))
          const statuses = answers.map(({ status }) => status)
          assert.deepEqual([...new Set(statuses)].toSorted(), [200, 429], runtime)
          const refused = answers.find(({ status }) => status === 429)
          assert.equal(refused?.headers['retry-after'], '1')
          assert.equal((await ask(port, '/healthz')).status, 200)
          // It is forgiven with time, and one at a time is never too many.
          let again = 429
          while (again === 429) again = (await ask(port, '/')).status
          assert.equal(again, 200)
        },
        ['--limit', 'connectionsPerSecond=3'],
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
