// `happy-remote relay`

import { type Admin, startAdmin } from '../relay/admin.ts'
import { redisAddress, shownRedis } from '../relay/bus/redis-url.ts'
import { UnusableRedis } from '../relay/bus/servers.ts'
import type { Log } from '../relay/context.ts'
import { isUsableSecret } from '../relay/path.ts'
import { type Relay, startRelay, type TlsFiles } from '../relay/server.ts'
import { readSite, type Site, UnusableSite } from '../relay/site.ts'
import { type Command, CommandFailure, type CommandIo, EXIT_OK, UsageError } from './command.ts'
import { type LogThreshold, type RelayConfig, readProxies, readRelayArguments } from './relay-config.ts'

const USAGE = `happy-remote relay: runs a relay, which joins agents and controllers and can
read nothing

Usage: happy-remote relay [options]

  --host <address>      address to listen at; 0.0.0.0 for all, default
                        127.0.0.1
  --port <number>       port to listen at, 0 for a free one, default
                        8080
  --origin <url>        how clients dial this relay, such as
                        wss://relay.example.com; may be repeated. Needed behind
                        a proxy or a name. Default: localhost, the loopback
                        addresses and the address listened at
  --prefix <path>       path before /v1, such as /team
  --secret-file <file>  file with a secret of 22 to 62 letters, digits, . _ ~ -
                        that admits to this relay as the last part of the path
                        before /v1, also of each origin. It is never shown
  --tls-cert <file>     certificate chain (PEM); with --tls-key, the relay
                        speaks TLS only
  --tls-key <file>      its private key (PEM)
  --redis <url>         redis://host:port, or rediss:// for TLS: joins all
                        relays that use this Redis (7 or newer, also a Redis
                        Cluster); a client may connect to any of them. A user
                        and a password (redis://user:password@host:port) belong
                        in the variable: others on this machine see options
  --web <folder>        serves the web controller at /, as npm run web:build
                        has written it there; for you and your own devices
  --max-frame <bytes>   largest frame, at least and by default
                        262400
  --trust-proxy <range> address or range, such as 10.0.0.0/8, of a proxy that
                        tells whose connection it is; may be repeated. Without
                        it all who come through a proxy are limited as one
  --proxy-header <name> x-forwarded-for or forwarded, whichever the proxies
                        set; default x-forwarded-for
  --admin-port <number> port of its own for /healthz, /readyz and /metrics
                        (Prometheus), 0 for a free one; default none
  --admin-host <address>
                        address of that port, default 127.0.0.1
  --limit <name=value>  changes one limit; may be repeated. --print-config
                        shows them all
  --log-level <level>   debug, info, warn, error, silent; default warn,
                        to standard error
  --json                one JSON object a line on standard output
  --print-config        shows the configuration as JSON and exits
  --help                this text

Every option has an environment variable, which the option overrides:
HAPPY_RELAY_HOST, HAPPY_RELAY_PORT, HAPPY_RELAY_ORIGIN, HAPPY_RELAY_TRUST_PROXY
and HAPPY_RELAY_LIMIT (separated by commas), HAPPY_RELAY_PREFIX,
HAPPY_RELAY_SECRET_FILE, HAPPY_RELAY_TLS_CERT, HAPPY_RELAY_TLS_KEY,
HAPPY_RELAY_REDIS, HAPPY_RELAY_MAX_FRAME, HAPPY_RELAY_PROXY_HEADER,
HAPPY_RELAY_ADMIN_PORT, HAPPY_RELAY_ADMIN_HOST, HAPPY_RELAY_WEB,
HAPPY_RELAY_LOG_LEVEL.
HAPPY_RELAY_SECRET holds the secret itself.

SIGTERM or SIGINT tells the clients, waits a moment and stops; a second one
stops at once. SIGHUP reads certificate and key again. Deno takes no other
certificate while it serves, so the clients are told and sent away as before a
stop, and find the new one when they come back.

Deno needs --allow-net, --allow-env='HAPPY_RELAY_*' for the variables,
--allow-read for certificate, secret and page, and
--allow-sys=networkInterfaces to name its own addresses with --host 0.0.0.0.

Exit codes: 0 stopped, 1 could not run, 2 wrong use.`

export const relayCommand: Command = {
  name: 'relay',
  summary: 'runs a relay, which joins agents and controllers and can read nothing',
  usage: USAGE,
  async run(args, io) {
    const { printConfig, config } = readRelayArguments(args, io.env)
    if (printConfig) {
      const redis = config.redis && shownRedis(redisAddress(config.redis))
      const shown = { ...config, ...(redis && { redis }), secret: config.secret && '(set)' }
      io.out(JSON.stringify(shown, null, 2))
      return EXIT_OK
    }
    await serve(await start(config, io), config, io)
    return EXIT_OK
  },
}

async function start(config: RelayConfig, io: CommandIo): Promise<Relay> {
  const { host, port, origins, prefix, redis, web, limits, logLevel } = config
  const tls = config.tls && (await readTls(config.tls))
  const secret = config.secretFile === null ? config.secret : (await read('secret', config.secretFile)).trim()
  if (secret !== null && !isUsableSecret(secret)) {
    throw new UsageError(
      `The secret in ${config.secretFile} is not 22 to 62 characters, of letters, digits and . _ ~ -`,
    )
  }
  const site = web === undefined ? undefined : siteIn(web)
  try {
    const log = logTo(io, logLevel)
    const proxies = config.trustProxy.length > 0 ? readProxies(config) : undefined
    const optional = {
      ...(proxies && { proxies }),
      ...(origins && { origins }),
      ...(tls && { tls }),
      ...(site && { site }),
      ...(redis !== undefined && { redis }),
      ...(secret !== null && { secret }),
    }
    return await startRelay({ host, port, prefix, limits, log, ...optional })
  } catch (error) {
    throw new CommandFailure(reasonOf(error, config))
  }
}

/** Until a signal ends it. */
async function serve(relay: Relay, { json, ...config }: RelayConfig, io: CommandIo): Promise<void> {
  const { adminHost, adminPort } = config
  let admin: Admin | undefined
  try {
    if (adminPort !== null) admin = startAdmin(relay, adminHost, adminPort)
  } catch (error) {
    await relay.close()
    throw new CommandFailure(`Cannot listen for the operator at ${adminHost}:${adminPort}: ${why(error)}`)
  }
  const log = logTo(io, config.logLevel)
  const signals = ['SIGTERM', 'SIGINT'] as const
  let stopped: Promise<void> | undefined
  let begin = (_: Promise<void>) => {}
  const stopping = new Promise<Promise<void>>((resolve) => {
    begin = resolve
  })
  const hangUp = () => void renew(relay, config, log).catch((error) => begin(Promise.reject(error)))
  Deno.addSignalListener('SIGHUP', hangUp)
  const stop = () => {
    stopped = stopped ? relay.close() : relay.drain()
    begin(stopped)
  }
  for (const signal of signals) Deno.addSignalListener(signal, stop)
  const { url, port, origins } = relay
  const secret = config.secret !== null || config.secretFile !== null
  const admission = secret ? ', each followed by a slash and the secret' : ''
  if (json)
    io.out(JSON.stringify({ event: 'listening', url, port, origins, secret, ...(admin && { adminPort: admin.port }) }))
  else io.out(`Relay listening at ${url}, for clients that dial ${origins.join(', ')}${admission}`)
  await await stopping
  for (const signal of signals) Deno.removeSignalListener(signal, stop)
  Deno.removeSignalListener('SIGHUP', hangUp)
  await admin?.close()
  io.out(json ? JSON.stringify({ event: 'stopped' }) : 'Relay stopped')
}

async function readTls({ cert, key }: TlsFiles): Promise<TlsFiles> {
  return { cert: await read('certificate', cert), key: await read('key', key) }
}

/** Reads the certificate again. What cannot be used is said, and the old one stays. Throws where the relay serves no more. */
async function renew(relay: Relay, { host, tls }: Pick<RelayConfig, 'host' | 'tls'>, log: Log): Promise<void> {
  if (!tls) {
    log('warn', 'there is no certificate to read again')
    return
  }
  try {
    await relay.renew(await readTls(tls))
    log('info', 'certificate read again')
  } catch (error) {
    const reason = error instanceof CommandFailure ? error.message : why(error)
    if (relay.state === 'draining') throw new CommandFailure(`Cannot listen again at ${host}:${relay.port}: ${reason}`)
    log('error', 'the certificate cannot be read again', { reason })
  }
}

async function read(what: 'certificate' | 'key' | 'secret', path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path)
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound ? 'there is no such file' : (error as Error).message
    throw new CommandFailure(`Cannot read the ${what} ${path}: ${reason}`)
  }
}

/** Throws CommandFailure. */
function siteIn(folder: string): Site {
  try {
    return readSite(folder)
  } catch (error) {
    if (error instanceof UnusableSite) throw new CommandFailure(error.message)
    const reason = error instanceof Deno.errors.NotFound ? 'there is no such folder' : why(error)
    throw new CommandFailure(`Cannot read the folder ${folder}: ${reason}`)
  }
}

function why(error: unknown): string {
  const { AddrInUse, AddrNotAvailable, NotCapable, PermissionDenied } = Deno.errors
  if (error instanceof AddrInUse) return 'another program does'
  if (error instanceof AddrNotAvailable) return 'this machine has no such address'
  if (error instanceof NotCapable || error instanceof PermissionDenied) return 'it is not permitted'
  return (error as Error).message
}

function reasonOf(error: unknown, { host, port, tls }: RelayConfig): string {
  if (error instanceof UnusableRedis) return error.message
  const reason = why(error)
  if (!tls || reason !== (error as Error).message) return `Cannot listen at ${host}:${port}: ${reason}`
  return `Cannot use the certificate ${tls.cert} with the key ${tls.key}: ${reason}`
}

const RANK = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 }

/** One JSON object a line, for tools that gather logs. */
const logTo =
  (io: CommandIo, threshold: LogThreshold): Log =>
  (level, event, details) => {
    if (RANK[level] < RANK[threshold]) return
    io.err(JSON.stringify({ level, time: Date.now(), name: 'relay', msg: event, ...details }))
  }
