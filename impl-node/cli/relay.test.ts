import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { generateRouteKey } from '../crypto/route.ts'
import { TestRedis } from '../relay/bus/test-redis.ts'
import { defaultLimits } from '../relay/limits.ts'
import { testCertificate } from '../relay/test-certificate.ts'
import { TestClient, withRelay } from '../relay/test-client.ts'
import { UsageError } from './command.ts'
import { relayCommand } from './relay.ts'
import { relayConfig, shownConfig } from './relay-config.ts'

const SECRET = 'dGhpcyBpcyBvbmx5IGEgdGVzdA'
const folder = mkdtempSync(join(tmpdir(), 'relay-'))
after(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: string | Buffer) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** Runs the command in a process of its own. */
function start(...args: string[]) {
  const module = JSON.stringify(new URL('./relay.ts', import.meta.url).href)
  const code = `import { relayCommand } from ${module}
process.exitCode = await relayCommand.run(${JSON.stringify(args)}).catch((e) => (console.error(e.name, e.message), 2))`
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  })
  const { stdout, stderr } = child
  assert.ok(stdout && stderr)
  let lines: AsyncIterator<string> | undefined
  const complaint = text(stderr)
  const exit = once(child, 'exit').then(([code]) => code as number)
  return {
    child,
    exit,
    complaint,
    line: async (): Promise<string> => {
      lines ??= createInterface({ input: stdout })[Symbol.asyncIterator]()
      const { value, done } = await lines.next()
      if (done) throw new Error(`ended with: ${await complaint}`)
      return value
    },
  }
}

test('relay --json tells where it listens, serves, and drains on SIGTERM', async () => {
  const { child, line, exit, complaint } = start('--port', '0', '--json', '--limit', 'drainTime=5000')
  const { event, url, port, origins } = JSON.parse(await line())
  assert.equal(event, 'listening')
  assert.equal(url, `ws://127.0.0.1:${port}`)
  assert.ok(origins.includes(`ws://localhost:${port}`))
  const client = await TestClient.connect(url)
  await client.bind(generateRouteKey(), null)
  child.kill('SIGTERM')
  await client.take('draining')
  await client.leave()
  assert.deepEqual(JSON.parse(await line()), { event: 'stopped' })
  assert.equal(await exit, 0)
  assert.equal(await complaint, '')
})

test('a second signal stops the relay at once', async () => {
  const { child, line, exit } = start('--port', '0', '--json', '--limit', 'drainTime=3600000')
  const client = await TestClient.connect(JSON.parse(await line()).url)
  child.kill('SIGINT')
  await client.take('draining')
  child.kill('SIGINT')
  assert.equal(await client.closeCode(), 1001)
  assert.equal(await exit, 0)
})

test('relay speaks TLS with a certificate, and says in one line for whom', async () => {
  const { cert, key } = testCertificate()
  const files = ['--tls-cert', file('cert.pem', cert), '--tls-key', file('key.pem', key)]
  const { child, line, exit } = start('--port', '0', '--origin', 'wss://relay.example.com', ...files)
  const said = await line()
  const [, url] = /^Relay listening at (wss:\S+), for clients that dial wss:\/\/relay.example.com:443$/.exec(said) ?? []
  assert.ok(url, said)
  const client = await TestClient.connect(url, 'wss://relay.example.com:443', { rejectUnauthorized: false })
  await client.bind(generateRouteKey(), null)
  client.ws.terminate()
  child.kill('SIGTERM')
  assert.equal(await line(), 'Relay stopped')
  assert.equal(await exit, 0)
})

test('relay answers its operator at a port of its own, and reads its certificate again on SIGHUP', async () => {
  const certificateOf = async (port: number) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { fingerprint256 } = socket.getPeerCertificate()
    socket.destroy()
    return fingerprint256
  }
  const first = testCertificate()
  const [cert, key] = [file('renewed.pem', first.cert), file('renewed-key.pem', first.key)]
  const options = ['--port', '0', '--admin-port', '0', '--json', '--limit', 'drainTime=1', '--log-level', 'info']
  const { child, line, exit, complaint } = start(...options, '--tls-cert', cert, '--tls-key', key)
  const { url, port, adminPort } = JSON.parse(await line())
  assert.equal((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status, 200)
  const before = await certificateOf(port)
  const client = await TestClient.connect(url, url, { rejectUnauthorized: false })
  // What cannot be used changes nothing; what can is shown to whoever comes next.
  file('renewed.pem', 'nonsense')
  child.kill('SIGHUP')
  assert.equal(await certificateOf(port), before)
  const second = testCertificate()
  file('renewed-key.pem', second.key)
  file('renewed.pem', second.cert)
  while ((await certificateOf(port)) === before) child.kill('SIGHUP')
  await client.bind(generateRouteKey(), null)
  child.kill('SIGTERM')
  assert.equal(await client.closeCode(), 1001)
  assert.equal(await exit, 0)
  assert.match(await complaint, /"msg":"certificate read again"/)
})

test('a port in use, a missing file and a bad certificate get one clear sentence and exit code 1', () =>
  withRelay({}, async ({ port }) => {
    const { cert, key } = testCertificate()
    const good = file('good.pem', cert)
    const mine = file('mine.pem', key)
    const other = file('other.pem', testCertificate().key)
    const broken = file('broken.pem', 'nothing')
    const cases: [string[], RegExp][] = [
      [['--port', String(port)], /^Cannot listen at 127\.0\.0\.1:\d+: the port is in use\. Choose another\.\n$/],
      [
        ['--port', '0', '--admin-port', String(port)],
        /^Cannot listen for the operator at 127\.0\.0\.1:\d+: the port is in use\. Choose another\.\n$/,
      ],
      [['--host', '192.0.2.1'], /^Cannot listen at 192\.0\.2\.1:8080: this machine has no such address\.\n$/],
      [
        ['--tls-cert', '/nowhere', '--tls-key', mine],
        /^Cannot read the certificate \/nowhere: there is no such file\.\n$/,
      ],
      [['--tls-cert', good, '--tls-key', '/nowhere'], /^Cannot read the key \/nowhere: there is no such file\.\n$/],
      [['--tls-cert', good, '--tls-key', folder], /^Cannot read the key .*: EISDIR\.\n$/],
      [['--tls-cert', broken, '--tls-key', mine], /^Cannot use the certificate .* with the key .*\n$/],
      [['--tls-cert', good, '--tls-key', other], /^Cannot use the certificate .* with the key .*\n$/],
    ]
    await Promise.all(
      cases.map(async ([args, sentence]) => {
        const { exit, complaint } = start(...args)
        assert.match(await complaint, sentence)
        assert.equal(await exit, 1)
      }),
    )
  }))

test('origins and limits that the relay cannot use are wrong use', async () => {
  await assert.rejects(relayCommand.run(['--port', '0', '--origin', 'https://x']), UsageError)
  await assert.rejects(relayCommand.run(['--port', '0', '--max-frame', '5']), UsageError)
})

test('flags override the environment, which overrides the defaults', () => {
  assert.deepEqual(relayConfig([], {}), {
    host: '127.0.0.1',
    port: 8080,
    origins: undefined,
    prefix: '',
    secret: undefined,
    secretFile: undefined,
    tlsCert: undefined,
    tlsKey: undefined,
    redis: undefined,
    trustProxy: [],
    proxyHeader: 'x-forwarded-for',
    adminHost: '127.0.0.1',
    adminPort: undefined,
    web: undefined,
    limits: {},
    logLevel: 'warn',
    json: false,
    printConfig: false,
    help: false,
  })
  const env = {
    HAPPY_RELAY_HOST: '::',
    HAPPY_RELAY_PORT: '1',
    HAPPY_RELAY_ORIGIN: 'wss://a, wss://b',
    HAPPY_RELAY_PREFIX: '/env',
    HAPPY_RELAY_SECRET: SECRET,
    HAPPY_RELAY_TRUST_PROXY: '127.0.0.1, fd00::/8',
    HAPPY_RELAY_PROXY_HEADER: 'Forwarded',
    HAPPY_RELAY_ADMIN_HOST: '::1',
    HAPPY_RELAY_ADMIN_PORT: '9090',
    HAPPY_RELAY_TLS_CERT: 'c',
    HAPPY_RELAY_TLS_KEY: 'k',
    HAPPY_RELAY_REDIS: 'redis://a, rediss://u:p@b:1',
    HAPPY_RELAY_WEB: 'w',
    HAPPY_RELAY_LIMIT: 'connections=7,drainTime=8',
    HAPPY_RELAY_MAX_FRAME: '300000',
    HAPPY_RELAY_LOG_LEVEL: 'debug',
  }
  const fromEnv = relayConfig([], env)
  assert.deepEqual(fromEnv, {
    host: '::',
    port: 1,
    origins: ['wss://a', 'wss://b'],
    prefix: '/env',
    secret: SECRET,
    secretFile: undefined,
    tlsCert: 'c',
    tlsKey: 'k',
    redis: ['redis://a', 'rediss://u:p@b:1'],
    trustProxy: ['127.0.0.1', 'fd00::/8'],
    proxyHeader: 'forwarded',
    adminHost: '::1',
    adminPort: 9090,
    web: 'w',
    limits: { connections: 7, drainTime: 8, maxFrame: 300_000 },
    logLevel: 'debug',
    json: false,
    printConfig: false,
    help: false,
  })
  const flags =
    '--host 0.0.0.0 --port 2 --origin wss://c --prefix /flag --secret-file s --admin-host 0.0.0.0 --admin-port 0 --trust-proxy ::1 --proxy-header x-forwarded-for --tls-cert d --tls-key l --limit connections=9 --redis redis://c --web x'
  const given = relayConfig([...flags.split(' '), '--max-frame', '400000', '--log-level', 'info', '--json'], env)
  assert.deepEqual(given, {
    host: '0.0.0.0',
    port: 2,
    origins: ['wss://c'],
    prefix: '/flag',
    secret: undefined,
    secretFile: 's',
    tlsCert: 'd',
    tlsKey: 'l',
    redis: ['redis://c'],
    trustProxy: ['::1'],
    proxyHeader: 'x-forwarded-for',
    adminHost: '0.0.0.0',
    adminPort: 0,
    web: 'x',
    limits: { connections: 9, maxFrame: 400_000 },
    logLevel: 'info',
    json: true,
    printConfig: false,
    help: false,
  })
})

const WRONG = [
  ['--nonsense'],
  ['positional'],
  ['--port'],
  ['--port', 'x'],
  ['--port', '65536'],
  ['--port', '-1'],
  ['--admin-port', '65536'],
  ['--limit', 'connections'],
  ['--limit', 'nonsense=1'],
  ['--limit', 'toString=1'],
  ['--max-frame', '1e9'],
  ['--prefix', 'team'],
  ['--trust-proxy', 'all'],
  ['--proxy-header', 'x-real-ip'],
  ['--prefix', '/team/'],
  ['--log-level', 'loud'],
  ['--redis', 'http://s3cret@h'],
  ['--redis', 'redis://u:s3cret@h:x'],
  ['--tls-cert', 'c'],
  ['--tls-key', 'k'],
]
for (const args of WRONG) {
  test(`relay ${args.join(' ')} is wrong use`, () => {
    const isSaid = (error: Error) => error instanceof UsageError && !error.stack?.includes('s3cret')
    assert.throws(() => relayConfig(args, {}), isSaid)
  })
}

test('a secret that cannot be used is wrong use, and is not repeated', () => {
  for (const secret of ['too-short-a-secret', 'a/slash-is-not-a-character-of-it', 'x'.repeat(63)]) {
    assert.throws(
      () => relayConfig([], { HAPPY_RELAY_SECRET: secret }),
      (error) => error instanceof UsageError && !error.message.includes(secret),
    )
  }
  assert.throws(() => relayConfig([], { HAPPY_RELAY_SECRET: SECRET, HAPPY_RELAY_SECRET_FILE: 'f' }), UsageError)
})

test('a relay with a secret admits by it, and shows it nowhere', async () => {
  const secretFile = file('secret', `${SECRET}\n`)
  const { child, line, exit, complaint } = start('--port', '0', '--secret-file', secretFile, '--log-level', 'debug')
  const said = await line()
  const [, url] = /^Relay listening at (\S+), for .*, each followed by a slash and the secret$/.exec(said) ?? []
  const client = await TestClient.connect(`${url}/${SECRET}`)
  await client.bind(generateRouteKey(), null)
  await assert.rejects(TestClient.connect(`${url}`))
  child.kill('SIGTERM')
  await client.closeCode()
  assert.equal(await exit, 0)
  for (const shown of [said, await complaint, await printed('--secret-file', secretFile, '--print-config')]) {
    assert.ok(!shown.includes(SECRET))
  }
})

/** What a run prints that needs no server. */
async function printed(...args: string[]): Promise<string> {
  const { exit, child } = start(...args)
  assert.ok(child.stdout)
  const [output, code] = await Promise.all([text(child.stdout), exit])
  assert.equal(code, 0)
  return output
}

test('--help tells every option', async () => {
  const help = await printed('--help')
  assert.equal(help, relayCommand.help)
  for (const option of ['host', 'port', 'origin', 'tls-cert', 'tls-key', 'redis', 'limit', 'json']) {
    assert.ok(help.includes(`--${option}`))
  }
})

test('--print-config shows what would be used, as JSON', async () => {
  const { port, limits, origins, redis } = JSON.parse(
    await printed('--port', '5', '--limit', 'connections=6', '--print-config'),
  )
  assert.equal(port, 5)
  assert.equal(origins, null)
  assert.equal(redis, null)
  assert.deepEqual(limits, { ...defaultLimits, connections: 6 })
  const shown = shownConfig(relayConfig([], { HAPPY_RELAY_SECRET: SECRET }))
  assert.equal(shown.secret, '(set)')
  assert.ok(!JSON.stringify(shown).includes(SECRET))
})

test('no password of Redis is shown: not by --print-config, not where Redis is not there', async () => {
  const url = 'redis://relay:s3cret@127.0.0.1:1'
  const shown = await printed('--redis', url, '--print-config')
  assert.deepEqual(JSON.parse(shown).redis, ['redis://127.0.0.1:1'])
  const { child, line, exit, complaint } = start('--port', '0', '--redis', url)
  const [, relayUrl = ''] = /^Relay listening at (\S+),/.exec(await line()) ?? []
  const client = await TestClient.connect(relayUrl)
  child.kill('SIGTERM')
  await client.take('draining')
  await client.leave()
  assert.equal(await exit, 0)
  assert.match(await complaint, /Redis is not there/)
  assert.ok(!`${shown}${await complaint}`.includes('s3cret'))
})

test('a Redis that wants a password gets one clear sentence and exit code 1', async () => {
  const redis = await TestRedis.start('--requirepass', 's3cret')
  try {
    const { exit, complaint } = start('--port', '0', '--redis', redis.url)
    assert.match(await complaint, /^Cannot use the Redis at redis:\/\/127\.0\.0\.1:\d+: it wants a password\.\n$/)
    assert.equal(await exit, 1)
  } finally {
    await redis.stop()
  }
})
