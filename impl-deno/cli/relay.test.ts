import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { startRelay, type TlsFiles } from '../relay/server.ts'
import { selfSigned, shows } from '../relay/testing/certificate.ts'
import { Client, newRoute, within } from '../relay/testing/client.ts'
import { type CommandIo, EXIT_FAILED, EXIT_OK, EXIT_USAGE, runCommand } from './command.ts'
import { relayCommand } from './relay.ts'

const SECRET = 'YW5vdGhlciB0ZXN0IG9mIG91cnM'

/** Runs the command in a world of its own. */
async function run(args: string, environment: Record<string, string> = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const io: CommandIo = {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    env: (name) => environment[name],
  }
  const code = await within(runCommand(relayCommand, args === '' ? [] : args.split(' '), io), args)
  return { code, out: out.join('\n'), err: err.join('\n') }
}

const configOf = async (args: string, environment?: Record<string, string>) => {
  const { code, out } = await run(`${args} --print-config`.trim(), environment)
  equal(code, EXIT_OK)
  return JSON.parse(out)
}

Deno.test('--help names every option and variable', async () => {
  const { code, out, err } = await run('--help')
  deepEqual([code, err], [EXIT_OK, ''])
  for (const name of [
    'host',
    'port',
    'origin',
    'prefix',
    'secret-file',
    'tls-cert',
    'tls-key',
    'redis',
    'max-frame',
    'trust-proxy',
    'proxy-header',
    'limit',
    'log-level',
  ]) {
    ok(out.includes(`--${name} <`), name)
    ok(out.includes(`HAPPY_RELAY_${name.toUpperCase().replaceAll('-', '_')}`), name)
  }
})

Deno.test('--print-config shows the defaults', async () => {
  const { limits, ...rest } = await configOf('')
  deepEqual(rest, {
    host: '127.0.0.1',
    port: 8080,
    origins: null,
    prefix: '',
    secret: null,
    secretFile: null,
    trustProxy: [],
    proxyHeader: 'x-forwarded-for',
    adminHost: '127.0.0.1',
    adminPort: null,
    logLevel: 'warn',
    json: false,
  })
  deepEqual([limits.maxFrame, limits.relayBuffer, limits.relayRoutes], [262_400, 4_194_304, 64])
})

Deno.test('an option overrides its environment variable, and both the default', async () => {
  const environment = {
    HAPPY_RELAY_HOST: '::1',
    HAPPY_RELAY_PORT: '1234',
    HAPPY_RELAY_ORIGIN: 'wss://a.example,ws://10.0.0.1:8080/team',
    HAPPY_RELAY_PREFIX: '/team',
    HAPPY_RELAY_SECRET: SECRET,
    HAPPY_RELAY_TRUST_PROXY: '127.0.0.1, fd00::/8',
    HAPPY_RELAY_PROXY_HEADER: 'Forwarded',
    HAPPY_RELAY_ADMIN_HOST: '::1',
    HAPPY_RELAY_ADMIN_PORT: '9090',
    HAPPY_RELAY_TLS_CERT: 'cert.pem',
    HAPPY_RELAY_TLS_KEY: 'key.pem',
    HAPPY_RELAY_REDIS: 'rediss://user:secret@redis.example:6380',
    HAPPY_RELAY_MAX_FRAME: '300000',
    HAPPY_RELAY_LIMIT: 'drainTime=5,relayRoutes=6',
    HAPPY_RELAY_LOG_LEVEL: 'debug',
  }
  const set = await configOf('--json', environment)
  deepEqual([set.limits.maxFrame, set.limits.drainTime, set.limits.relayRoutes], [300_000, 5, 6])
  const { limits: _, ...rest } = set
  deepEqual(rest, {
    host: '::1',
    port: 1_234,
    origins: ['wss://a.example:443', 'ws://10.0.0.1:8080/team'],
    prefix: '/team',
    secret: '(set)',
    secretFile: null,
    tls: { cert: 'cert.pem', key: 'key.pem' },
    // Without the credentials
    redis: 'rediss://redis.example:6380',
    trustProxy: ['127.0.0.1', 'fd00::/8'],
    proxyHeader: 'forwarded',
    adminHost: '::1',
    adminPort: 9090,
    logLevel: 'debug',
    json: true,
  })
  const given = await configOf('--port 5 --origin wss://b.example --limit drainTime=7 --log-level silent', environment)
  deepEqual(
    [given.port, given.origins, given.limits.drainTime, given.limits.relayRoutes, given.logLevel],
    [5, ['wss://b.example:443'], 7, 64, 'silent'],
  )
  equal((await configOf('', { HAPPY_RELAY_PORT: '' })).port, 8080)
})

for (const [given, origin] of [
  ['wss://Relay.Example.COM', 'wss://relay.example.com:443'],
  ['ws://localhost', 'ws://localhost:80'],
  ['WSS://[::1]:8080/Team/x', 'wss://[::1]:8080/Team/x'],
  ['wss://xn--bcher-kva.example:444', 'wss://xn--bcher-kva.example:444'],
] as const) {
  Deno.test(`--origin ${given} is what clients sign as ${origin}`, async () => {
    deepEqual((await configOf(`--origin ${given}`)).origins, [origin])
  })
}

const wrong: [string, RegExp][] = [
  ['--bogus', /bogus/],
  ['extra', /extra/],
  ['--port', /port/],
  ['--port abc', /The port is "abc": a whole number from 0 to 65535 is needed/],
  ['--port 65536', /The port is "65536"/],
  ['--port 0x10', /The port/],
  ['--origin http://a.example', /does not start with ws:\/\/ or wss:\/\//],
  ['--origin wss://a.example/v1', /leave out the \/v1/],
  ['--origin wss://a.example/', /no scheme:\/\/host:port\/path/],
  ['--origin wss://a.example.', /no scheme/],
  ['--origin wss://user@a.example', /no scheme/],
  ['--origin wss://a.example?x=1', /no scheme/],
  ['--origin wss://a.example:0', /no scheme/],
  ['--origin wss://', /no scheme/],
  ['--prefix team', /--prefix is a path/],
  ['--prefix /', /--prefix is a path/],
  ['--prefix /team/', /--prefix is a path/],
  ['--prefix /a/../b', /--prefix is a path/],
  ['--tls-cert cert.pem', /belong together/],
  ['--tls-key key.pem', /belong together/],
  ['--redis http://user:secret@host', /^(?!.*secret).*Cannot use the address of Redis: it is no redis:/],
  ['--redis redis://user:secret@host/1', /^(?!.*secret).*something behind host and port/],
  ['--trust-proxy all', /--trust-proxy is an address or a range/],
  ['--admin-port 65536', /The admin port is "65536"/],
  ['--proxy-header x-real-ip', /--proxy-header is one of/],
  ['--max-frame 262399', /Cannot use 262399 as maxFrame/],
  ['--max-frame many', /The largest frame is "many"/],
  ['--limit nothing=1', /There is no limit "nothing"/],
  ['--limit relayBind', /The limit relayBind is ""/],
  ['--limit relayBind=-1', /The limit relayBind is "-1"/],
  ['--limit toString=1', /There is no limit/],
  ['--log-level loud', /--log-level is one of/],
]
for (const [args, reason] of wrong) {
  Deno.test(`wrong use: ${args}`, async () => {
    const { code, out, err } = await run(args)
    deepEqual([code, out], [EXIT_USAGE, ''])
    match(err, reason)
    match(err, /\. See happy-remote relay --help\.$/)
  })
}

Deno.test('a secret that cannot be used is wrong use, and is not repeated', async () => {
  for (const secret of ['short', 'a/slash-is-not-a-character-of-it', 'x'.repeat(63)]) {
    const { code, err } = await run('--print-config', { HAPPY_RELAY_SECRET: secret })
    deepEqual([code, err.includes(secret)], [EXIT_USAGE, false])
  }
  const both = { HAPPY_RELAY_SECRET: SECRET, HAPPY_RELAY_SECRET_FILE: '/nowhere' }
  equal((await run('--print-config', both)).code, EXIT_USAGE)
  equal((await run('--port 0 --secret-file /dev/null')).code, EXIT_USAGE)
  match((await run('--port 0', { HAPPY_RELAY_SECRET_FILE: '/nowhere' })).err, /^Cannot read the secret \/nowhere/)
})

Deno.test('a relay with a secret admits by it, and shows it nowhere', async () => {
  const { child, line, ended } = await spawn(['--port', '0', '--json', '--limit', 'drainTime=1'], {
    HAPPY_RELAY_SECRET: SECRET,
  })
  const said = await line()
  const { port, origins, secret } = JSON.parse(said)
  deepEqual([secret, said.includes(SECRET)], [true, false])
  equal((await Client.dial(port)).status, 404)
  const client = await Client.open(port, { path: `/${SECRET}/v1` })
  await client.bind(await newRoute(), null, `${origins[0]}/${SECRET}`)
  child.kill('SIGTERM')
  await client.ended()
  equal((await line()).includes('stopped'), true)
  deepEqual(await ended(), { rest: '', code: EXIT_OK })
})

Deno.test('with --json a failure is a JSON object, too', async () => {
  const { code, err } = await run('--json --port x')
  equal(code, EXIT_USAGE)
  const { event, code: name } = JSON.parse(err)
  deepEqual([event, name], ['error', 'usage'])
})

Deno.test('what cannot be listened at or read is said in a sentence, with exit code 1', async () => {
  const other = await startRelay()
  const failures: [string, RegExp][] = [
    [`--port ${other.port}`, /^Cannot listen at 127\.0\.0\.1:[0-9]+: another program does\.$/],
    [
      `--port 0 --admin-port ${other.port}`,
      /^Cannot listen for the operator at 127\.0\.0\.1:\d+: another program does\.$/,
    ],
    ['--host 192.0.2.77 --port 0', /^Cannot listen at 192\.0\.2\.77:0: this machine has no such address\.$/],
    ['--tls-cert /nowhere --tls-key /nowhere', /^Cannot read the certificate \/nowhere: there is no such file\.$/],
    ['--port 0 --tls-cert /dev/null --tls-key /dev/null', /^Cannot use the certificate \/dev\/null with the key/],
  ]
  for (const [args, reason] of failures) {
    const { code, out, err } = await run(args)
    deepEqual([code, out], [EXIT_FAILED, ''])
    match(err, reason)
  }
  await other.close()
})

/** The command as a process with no more permissions than it says that it needs. */
async function spawn(args: string[], env: Record<string, string> = {}, permissions: readonly string[] = []) {
  const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
  const program = `import { runCommand } from ${here('command.ts')}
import { relayCommand } from ${here('relay.ts')}
Deno.exit(await runCommand(relayCommand, Deno.args))`
  const child = new Deno.Command(Deno.execPath(), {
    args: ['run', '--no-prompt', '--allow-net', '--allow-env=HAPPY_RELAY_*', ...permissions, '--ext=ts', '-', ...args],
    env,
    stdin: 'piped',
    stdout: 'piped',
    stderr: 'inherit',
  }).spawn()
  const input = child.stdin.getWriter()
  await input.write(new TextEncoder().encode(program))
  await input.close()
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const line = async () => {
    while (!text.includes('\n')) {
      const { value, done } = await within(reader.read(), 'a line of the relay')
      if (done) throw new Error('The relay said no more')
      text += value
    }
    const end = text.indexOf('\n')
    const [first, rest] = [text.slice(0, end), text.slice(end + 1)]
    text = rest
    return first
  }
  const ended = async () => {
    const rest = text
    equal((await reader.read()).done, true)
    return { rest, code: (await child.status).code }
  }
  return { child, line, ended }
}

Deno.test('the operator has a port of its own, and a hang-up ends nothing', async () => {
  const { child, line, ended } = await spawn(['--port', '0', '--admin-port', '0', '--json', '--limit', 'drainTime=1'])
  const { adminPort } = JSON.parse(await line())
  for (const path of ['/readyz', '/metrics', '/healthz']) {
    const response = await within(fetch(`http://127.0.0.1:${adminPort}${path}`), path)
    equal(response.status, 200)
    await response.body?.cancel()
    child.kill('SIGHUP')
  }
  child.kill('SIGTERM')
  deepEqual(JSON.parse(await line()), { event: 'stopped' })
  deepEqual(await ended(), { rest: '', code: EXIT_OK })
})

Deno.test('SIGHUP reads the certificate again, and keeps the old one where that is of no use', async () => {
  const folder = await Deno.makeTempDir()
  const files = [`${folder}/cert.pem`, `${folder}/key.pem`] as const
  const put = ({ cert, key }: TlsFiles) =>
    Promise.all([Deno.writeTextFile(files[0], cert), Deno.writeTextFile(files[1], key)])
  const [first, second] = [await selfSigned(), await selfSigned()]
  await put(first)
  const options = ['--port', '0', '--json', '--limit', 'drainTime=1', '--tls-cert', files[0], '--tls-key', files[1]]
  const { child, line, ended } = await spawn(options, {}, [`--allow-read=${folder}`])
  const { port } = JSON.parse(await line())
  equal(await shows(port, first), true)
  await put({ ...first, cert: 'nonsense' })
  child.kill('SIGHUP')
  equal(await shows(port, first), true)
  await put(second)
  const isRenewed = async () => {
    while (!(await shows(port, second))) child.kill('SIGHUP')
  }
  await within(isRenewed(), 'the other certificate')
  equal(await shows(port, first), false)
  child.kill('SIGTERM')
  deepEqual(JSON.parse(await line()), { event: 'stopped' })
  deepEqual(await ended(), { rest: '', code: EXIT_OK })
  await Deno.remove(folder, { recursive: true })
})

Deno.test('SIGTERM tells the clients, lets them go, and ends with 0', async () => {
  const { child, line, ended } = await spawn(['--port', '0', '--json', '--limit', 'drainTime=100'])
  const { event, url, port, origins } = JSON.parse(await line())
  deepEqual([event, url], ['listening', `ws://127.0.0.1:${port}`])
  const client = await Client.open(port)
  await client.bind(await newRoute(), null, origins[0])
  child.kill('SIGTERM')
  equal((await client.take('draining')).reconnectAfter, 1_000)
  equal((await client.ended()).code, 1001)
  deepEqual(JSON.parse(await line()), { event: 'stopped' })
  deepEqual(await ended(), { rest: '', code: EXIT_OK })
})

Deno.test('a second signal stops at once', async () => {
  const { child, line, ended } = await spawn(['--port', '0', '--limit', 'drainTime=3600000'])
  const port = Number(/at ws:\/\/127\.0\.0\.1:([0-9]+),/.exec(await line())?.[1])
  const client = await Client.open(port)
  child.kill('SIGINT')
  await client.take('draining')
  child.kill('SIGTERM')
  equal((await client.ended()).code, 1001)
  equal(await line(), 'Relay stopped')
  deepEqual(await ended(), { rest: '', code: EXIT_OK })
})
