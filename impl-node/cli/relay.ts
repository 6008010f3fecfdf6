// `happy-remote relay`: runs a relay until it is told to stop.

import { readFileSync } from 'node:fs'
import pino from 'pino'
import { type Admin, startAdmin } from '../relay/admin.ts'
import { BusRefusal } from '../relay/bus/bus.ts'
import { defaultLimits } from '../relay/limits.ts'
import type { Logger } from '../relay/log.ts'
import { type Relay, type RelayOptions, startRelay } from '../relay/server.ts'
import { readSite, type Site } from '../relay/site.ts'
import { type Command, EXIT, UsageError } from './command.ts'
import { LOG_LEVELS, proxiesOf, type RelayConfig, relayConfig, shownConfig } from './relay-config.ts'

const help = `happy-remote relay: runs a relay, which joins agents and controllers and can
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
  --redis <url>         joins this relay with all others that use the same
                        Redis (7 or newer) or Valkey: redis://host:port, or
                        rediss://host:port for TLS, with user:password@ before
                        the host where they are needed. Of a Redis Cluster name
                        one server, or repeat the option for several: they are
                        tried in turn, and the others found by them. The relay
                        also serves while Redis is away, but only clients of
                        its own reach each other then. A command line can be
                        read by others: give a password in HAPPY_RELAY_REDIS
  --web <folder>        serves the web controller at /, as npm run web:build
                        has written it there; for you and your own devices
  --max-frame <bytes>   largest frame, at least and by default
                        ${defaultLimits.maxFrame}
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
  --log-level <level>   ${LOG_LEVELS.join(', ')}; default warn,
                        to standard error
  --json                one JSON object a line on standard output
  --print-config        shows the configuration as JSON and exits
  --help                this text

Every option has an environment variable, which the option overrides:
HAPPY_RELAY_HOST, HAPPY_RELAY_PORT, HAPPY_RELAY_ORIGIN, HAPPY_RELAY_REDIS,
HAPPY_RELAY_TRUST_PROXY and HAPPY_RELAY_LIMIT (separated by commas),
HAPPY_RELAY_PREFIX, HAPPY_RELAY_SECRET_FILE, HAPPY_RELAY_TLS_CERT,
HAPPY_RELAY_TLS_KEY, HAPPY_RELAY_MAX_FRAME, HAPPY_RELAY_PROXY_HEADER,
HAPPY_RELAY_ADMIN_PORT, HAPPY_RELAY_ADMIN_HOST, HAPPY_RELAY_WEB,
HAPPY_RELAY_LOG_LEVEL.
HAPPY_RELAY_SECRET holds the secret itself.

SIGTERM or SIGINT tells the clients, waits a moment and stops; a second one
stops at once. SIGHUP reads certificate and key again, and drops nobody.

Exit codes: 0 stopped, 1 could not run, 2 wrong use.
`

/** A reason that the person can do something about; exit code 1. */
class CannotStart extends Error {}

function readNamed(what: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'reading it is not allowed' : code
    throw new CannotStart(`Cannot read the ${what} ${file}: ${why}.`)
  }
}

function siteIn(folder: string): Site {
  try {
    return readSite(folder)
  } catch (error) {
    if (error instanceof TypeError) throw new CannotStart(`${error.message}.`)
    throw new CannotStart(`Cannot read the folder ${folder}: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

const LISTEN_PROBLEMS: Record<string, string> = {
  EADDRINUSE: 'the port is in use. Choose another.',
  EACCES: 'the system does not allow it. Ports below 1024 need a privilege.',
  EADDRNOTAVAIL: 'this machine has no such address.',
  ENOTFOUND: 'this machine has no such address.',
}

/** Starts the relay, with a sentence for each way in which that can fail. */
async function start(config: RelayConfig, logger: Logger): Promise<Relay> {
  const { host, port, origins, prefix, tlsCert, tlsKey, redis, limits } = config
  const secret = config.secretFile ? readNamed('secret', config.secretFile).toString('latin1').trim() : config.secret
  const tls = tlsCert && tlsKey ? { cert: readNamed('certificate', tlsCert), key: readNamed('key', tlsKey) } : undefined
  const proxies = proxiesOf(config)
  const site = config.web === undefined ? undefined : siteIn(config.web)
  const optional = {
    ...(site && { site }),
    ...(proxies && { proxies }),
    ...(origins && { origins }),
    ...(tls && { tls }),
    ...(redis && { redis }),
    ...(secret !== undefined && { secret }),
  }
  const wanted: RelayOptions = { host, port, prefix, limits, logger, ...optional }
  try {
    return await startRelay(wanted)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (error instanceof BusRefusal) throw new CannotStart(message)
    // relay/origins.ts and relay/limits.ts say which value and why; errors of the system have a code.
    if (!code && (error instanceof TypeError || error instanceof RangeError)) throw new UsageError(message)
    const problem = LISTEN_PROBLEMS[code]
    if (problem) throw new CannotStart(`Cannot listen at ${host}:${port}: ${problem}`)
    if (tls) throw new CannotStart(`Cannot use the certificate ${tlsCert} with the key ${tlsKey}: ${message}.`)
    throw error
  }
}

async function startAdminOf({ adminHost, adminPort }: RelayConfig, relay: Relay): Promise<Admin | undefined> {
  if (adminPort === undefined) return undefined
  try {
    return await startAdmin(relay, adminHost, adminPort)
  } catch (error) {
    await relay.close()
    const problem = LISTEN_PROBLEMS[(error as NodeJS.ErrnoException).code ?? '']
    if (problem) throw new CannotStart(`Cannot listen for the operator at ${adminHost}:${adminPort}: ${problem}`)
    throw error
  }
}

/** Reads the certificate again. What cannot be used is said, and the old one stays. */
function renew(relay: Relay, { tlsCert, tlsKey }: RelayConfig, logger: Logger): void {
  if (!tlsCert || !tlsKey) {
    logger.warn({}, 'there is no certificate to read again')
    return
  }
  try {
    relay.renew({ cert: readNamed('certificate', tlsCert), key: readNamed('key', tlsKey) })
    logger.info({}, 'certificate read again')
  } catch (error) {
    const reason = error instanceof CannotStart ? error.message : (error as NodeJS.ErrnoException).code
    logger.error({ reason }, 'the certificate cannot be read again')
  }
}

/** Resolves when the relay has stopped after a signal. */
async function untilStopped(relay: Relay, onHangUp: () => void): Promise<void> {
  const { promise: stopped, resolve, reject } = Promise.withResolvers<void>()
  let isStopping = false
  const stop = () => {
    const ending = isStopping ? relay.close() : relay.drain()
    isStopping = true
    ending.then(resolve, reject)
  }
  process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGHUP', onHangUp)
  await stopped.finally(() => process.off('SIGTERM', stop).off('SIGINT', stop).off('SIGHUP', onHangUp))
}

async function run(args: string[]): Promise<number> {
  const config = relayConfig(args, process.env)
  const say = (sentence: string, event: object) =>
    process.stdout.write(`${config.json ? JSON.stringify(event) : sentence}\n`)
  if (config.help) {
    process.stdout.write(help)
    return EXIT.ok
  }
  if (config.printConfig) {
    process.stdout.write(`${JSON.stringify(shownConfig(config), null, 2)}\n`)
    return EXIT.ok
  }
  try {
    const logger = pino({ name: 'relay', level: config.logLevel }, pino.destination({ dest: 2, sync: true }))
    const relay = await start(config, logger)
    const admin = await startAdminOf(config, relay)
    const { url, port, origins } = relay
    const isSecret = config.secret !== undefined || config.secretFile !== undefined
    const admission = isSecret ? ', each followed by a slash and the secret' : ''
    say(`Relay listening at ${url}, for clients that dial ${origins.join(', ')}${admission}`, {
      event: 'listening',
      ...{ url, port, origins, secret: isSecret, ...(admin && { adminPort: admin.port }) },
    })
    await untilStopped(relay, () => renew(relay, config, logger))
    await admin?.close()
    say('Relay stopped', { event: 'stopped' })
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error
    process.stderr.write(`${error.message}\n`)
    return EXIT.failed
  }
}

export const relayCommand: Command = {
  name: 'relay',
  summary: 'run a relay, which joins agents and controllers and can read nothing',
  help,
  run,
}
