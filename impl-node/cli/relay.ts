// `happy-remote relay`: runs a relay until it is told to stop.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import pino from 'pino'
import { defaultLimits, isRelayLimit, type RelayLimitName, type RelayLimits } from '../relay/limits.ts'
import { type Relay, type RelayOptions, startRelay } from '../relay/server.ts'
import { type Command, EXIT, UsageError } from './command.ts'

const DEFAULT_PORT = 8080
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

const help = `happy-remote relay: runs a relay, which joins agents and controllers and can
read nothing

Usage: happy-remote relay [options]

  --host <address>      address to listen at; 0.0.0.0 for all, default
                        127.0.0.1
  --port <number>       port to listen at, 0 for a free one, default
                        ${DEFAULT_PORT}
  --origin <url>        how clients dial this relay, such as
                        wss://relay.example.com; may be repeated. Needed behind
                        a proxy or a name. Default: localhost, the loopback
                        addresses and the address listened at
  --prefix <path>       path before /v1, such as /team
  --tls-cert <file>     certificate chain (PEM); with --tls-key, the relay
                        speaks TLS only
  --tls-key <file>      its private key (PEM)
  --max-frame <bytes>   largest frame, at least and by default
                        ${defaultLimits.maxFrame}
  --limit <name=value>  changes one limit; may be repeated. --print-config
                        shows them all
  --log-level <level>   ${LOG_LEVELS.join(', ')}; default warn,
                        to standard error
  --json                one JSON object a line on standard output
  --print-config        shows the configuration as JSON and exits
  --help                this text

Every option has an environment variable, which the option overrides:
HAPPY_RELAY_HOST, HAPPY_RELAY_PORT, HAPPY_RELAY_ORIGIN and HAPPY_RELAY_LIMIT
(separated by commas), HAPPY_RELAY_PREFIX, HAPPY_RELAY_TLS_CERT,
HAPPY_RELAY_TLS_KEY, HAPPY_RELAY_MAX_FRAME, HAPPY_RELAY_LOG_LEVEL.

SIGTERM or SIGINT tells the clients, waits a moment and stops; a second one
stops at once.

Exit codes: 0 stopped, 1 could not run, 2 wrong use.
`

export interface RelayConfig {
  readonly host: string
  readonly port: number
  /** Undefined: the defaults of the relay. */
  readonly origins: readonly string[] | undefined
  readonly prefix: string
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly limits: Partial<RelayLimits>
  readonly logLevel: string
  readonly json: boolean
  readonly printConfig: boolean
  readonly help: boolean
}

const text = { type: 'string' } as const
const texts = { type: 'string', multiple: true } as const
const flag = { type: 'boolean' } as const
const options = {
  host: text,
  port: text,
  origin: texts,
  prefix: text,
  'tls-cert': text,
  'tls-key': text,
  'max-frame': text,
  limit: texts,
  'log-level': text,
  json: flag,
  'print-config': flag,
  help: { ...flag, short: 'h' },
} as const

function wholeNumber(name: string, value: string, most: number): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number > most) {
    throw new UsageError(`${name} is ${JSON.stringify(value)}: a whole number from 0 to ${most} is needed.`)
  }
  return number
}

function readLimits(assignments: readonly string[], maxFrame: string | undefined): Partial<RelayLimits> {
  const limits: Partial<Record<RelayLimitName, number>> = {}
  for (const assignment of assignments) {
    const [name = '', value = ''] = assignment.split('=', 2)
    if (!isRelayLimit(name))
      throw new UsageError(`There is no limit ${JSON.stringify(name)}; --print-config shows them.`)
    limits[name] = wholeNumber(`The limit ${name}`, value, Number.MAX_SAFE_INTEGER)
  }
  if (maxFrame !== undefined) limits.maxFrame = wholeNumber('--max-frame', maxFrame, Number.MAX_SAFE_INTEGER)
  return limits
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** The configuration of flags, then environment, then defaults. Throws UsageError. */
export function relayConfig(args: string[], env: NodeJS.ProcessEnv): RelayConfig {
  const flags = parseFlags(args)
  const fromEnv = (name: string) => env[`HAPPY_RELAY_${name}`] || undefined
  const listFromEnv = (name: string) =>
    fromEnv(name)
      ?.split(',')
      .map((each) => each.trim())
  const config = {
    host: flags.host ?? fromEnv('HOST') ?? '127.0.0.1',
    port: wholeNumber('The port', flags.port ?? fromEnv('PORT') ?? String(DEFAULT_PORT), 65_535),
    origins: flags.origin ?? listFromEnv('ORIGIN'),
    prefix: flags.prefix ?? fromEnv('PREFIX') ?? '',
    tlsCert: flags['tls-cert'] ?? fromEnv('TLS_CERT'),
    tlsKey: flags['tls-key'] ?? fromEnv('TLS_KEY'),
    limits: readLimits(flags.limit ?? listFromEnv('LIMIT') ?? [], flags['max-frame'] ?? fromEnv('MAX_FRAME')),
    logLevel: flags['log-level'] ?? fromEnv('LOG_LEVEL') ?? 'warn',
    json: flags.json ?? false,
    printConfig: flags['print-config'] ?? false,
    help: flags.help ?? false,
  }
  if (!LOG_LEVELS.includes(config.logLevel)) throw new UsageError(`--log-level is one of ${LOG_LEVELS.join(', ')}.`)
  if (!/^(\/[A-Za-z0-9._~-]+)*$/.test(config.prefix)) {
    throw new UsageError('--prefix is a path such as /team, of letters, digits and . _ ~ -.')
  }
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
    throw new UsageError('--tls-cert and --tls-key belong together.')
  }
  return config
}

/** A reason that the person can do something about; exit code 1. */
class CannotStart extends Error {}

function readPem(what: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'reading it is not allowed' : code
    throw new CannotStart(`Cannot read the ${what} ${file}: ${why}.`)
  }
}

const LISTEN_PROBLEMS: Record<string, string> = {
  EADDRINUSE: 'the port is in use. Choose another with --port.',
  EACCES: 'the system does not allow it. Ports below 1024 need a privilege.',
  EADDRNOTAVAIL: 'this machine has no such address.',
  ENOTFOUND: 'this machine has no such address.',
}

/** Starts the relay, with a sentence for each way in which that can fail. */
async function start(config: RelayConfig): Promise<Relay> {
  const { host, port, origins, prefix, tlsCert, tlsKey, limits } = config
  const tls = tlsCert && tlsKey ? { cert: readPem('certificate', tlsCert), key: readPem('key', tlsKey) } : undefined
  const logger = pino({ name: 'relay', level: config.logLevel }, pino.destination({ dest: 2, sync: true }))
  const wanted: RelayOptions = { host, port, prefix, limits, logger, ...(origins && { origins }), ...(tls && { tls }) }
  try {
    return await startRelay(wanted)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    // relay/origins.ts and relay/limits.ts say which value and why; errors of the system have a code.
    if (!code && (error instanceof TypeError || error instanceof RangeError)) throw new UsageError(message)
    const problem = LISTEN_PROBLEMS[code]
    if (problem) throw new CannotStart(`Cannot listen at ${host}:${port}: ${problem}`)
    if (tls) throw new CannotStart(`Cannot use the certificate ${tlsCert} with the key ${tlsKey}: ${message}.`)
    throw error
  }
}

/** Resolves when the relay has stopped after a signal. */
async function untilStopped(relay: Relay): Promise<void> {
  const { promise: stopped, resolve, reject } = Promise.withResolvers<void>()
  let isStopping = false
  const stop = () => {
    const ending = isStopping ? relay.close() : relay.drain()
    isStopping = true
    ending.then(resolve, reject)
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  await stopped.finally(() => process.off('SIGTERM', stop).off('SIGINT', stop))
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
    const { help: _help, printConfig: _printConfig, ...shown } = config
    const all = { ...shown, origins: shown.origins ?? null, limits: { ...defaultLimits, ...config.limits } }
    process.stdout.write(`${JSON.stringify(all, null, 2)}\n`)
    return EXIT.ok
  }
  try {
    const relay = await start(config)
    const { url, port, origins } = relay
    say(`Relay listening at ${url}, for clients that dial ${origins.join(', ')}`, {
      event: 'listening',
      url,
      port,
      origins,
    })
    await untilStopped(relay)
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
