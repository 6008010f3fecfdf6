// The options of `happy-remote relay`, from flags and environment.

import { parseArgs } from 'node:util'
import { redisAddress, shownRedis } from '../relay/bus/redis-url.ts'
import { defaultLimits, isRelayLimit, type RelayLimitName, type RelayLimits } from '../relay/limits.ts'
import { checkSecret } from '../relay/own-path.ts'
import { PROXY_HEADERS, Proxies, type ProxyHeader } from '../relay/proxies.ts'
import { UsageError } from './command.ts'

const DEFAULT_PORT = 8080
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

export interface RelayConfig {
  readonly host: string
  readonly port: number
  /** Undefined: the defaults of the relay. */
  readonly origins: readonly string[] | undefined
  readonly prefix: string
  /** From the environment alone: what a command line says, everybody on the machine can read. */
  readonly secret: string | undefined
  readonly secretFile: string | undefined
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  /** Undefined: a relay that stands alone. Secret: there may be passwords in them. */
  readonly redis: readonly string[] | undefined
  readonly trustProxy: readonly string[]
  readonly proxyHeader: ProxyHeader
  readonly adminHost: string
  /** Undefined: there is none. */
  readonly adminPort: number | undefined
  /** Folder with the web controller; undefined: none is served. */
  readonly web: string | undefined
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
  'secret-file': text,
  'tls-cert': text,
  'tls-key': text,
  redis: texts,
  'max-frame': text,
  'trust-proxy': texts,
  'proxy-header': text,
  'admin-host': text,
  'admin-port': text,
  web: text,
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

function readSecret(flag: string | undefined, secret: string | undefined, file: string | undefined) {
  if (flag !== undefined) return { secret: undefined, secretFile: flag }
  if (secret !== undefined && file !== undefined) {
    throw new UsageError('HAPPY_RELAY_SECRET and HAPPY_RELAY_SECRET_FILE are both set: one of them is enough.')
  }
  if (secret !== undefined) {
    try {
      checkSecret(secret)
    } catch (error) {
      throw new UsageError(`${(error as Error).message}.`)
    }
  }
  return { secret, secretFile: file }
}

/** As given, for `startRelay`, which reads them again. */
function checkedRedis(urls: readonly string[] | undefined): readonly string[] | undefined {
  try {
    urls?.forEach(redisAddress)
    return urls
  } catch (error) {
    throw new UsageError(`${(error as Error).message}.`)
  }
}

function readHeader(name: string): ProxyHeader {
  const header = PROXY_HEADERS.find((each) => each === name.toLowerCase())
  if (header === undefined) throw new UsageError(`--proxy-header is one of ${PROXY_HEADERS.join(', ')}.`)
  return header
}

/** Throws UsageError for a range that is none. */
export function proxiesOf({ trustProxy, proxyHeader }: RelayConfig): Proxies | undefined {
  try {
    return trustProxy.length > 0 ? new Proxies(trustProxy, proxyHeader) : undefined
  } catch (error) {
    throw new UsageError(`${(error as Error).message}.`)
  }
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** What `--print-config` shows: everything but the secrets. */
export function shownConfig({ help: _help, printConfig: _printConfig, secret, origins, limits, ...rest }: RelayConfig) {
  return {
    ...rest,
    secret: secret === undefined ? null : '(set)',
    redis: rest.redis?.map((url) => shownRedis(redisAddress(url))) ?? null,
    origins: origins ?? null,
    adminPort: rest.adminPort ?? null,
    web: rest.web ?? null,
    limits: { ...defaultLimits, ...limits },
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
  const adminPort = flags['admin-port'] ?? fromEnv('ADMIN_PORT')
  const config = {
    host: flags.host ?? fromEnv('HOST') ?? '127.0.0.1',
    port: wholeNumber('The port', flags.port ?? fromEnv('PORT') ?? String(DEFAULT_PORT), 65_535),
    origins: flags.origin ?? listFromEnv('ORIGIN'),
    prefix: flags.prefix ?? fromEnv('PREFIX') ?? '',
    ...readSecret(flags['secret-file'], fromEnv('SECRET'), fromEnv('SECRET_FILE')),
    tlsCert: flags['tls-cert'] ?? fromEnv('TLS_CERT'),
    tlsKey: flags['tls-key'] ?? fromEnv('TLS_KEY'),
    redis: checkedRedis(flags.redis ?? listFromEnv('REDIS')),
    trustProxy: flags['trust-proxy'] ?? listFromEnv('TRUST_PROXY') ?? [],
    proxyHeader: readHeader(flags['proxy-header'] ?? fromEnv('PROXY_HEADER') ?? 'x-forwarded-for'),
    adminHost: flags['admin-host'] ?? fromEnv('ADMIN_HOST') ?? '127.0.0.1',
    adminPort: adminPort === undefined ? undefined : wholeNumber('The admin port', adminPort, 65_535),
    web: flags.web ?? fromEnv('WEB'),
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
  proxiesOf(config)
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
    throw new UsageError('--tls-cert and --tls-key belong together.')
  }
  return config
}
