// The options of `happy-remote relay`, from arguments and environment.

import { parseArgs } from 'node:util'
import { redisAddress } from '../relay/bus/redis-url.ts'
import { readRange } from '../relay/ip.ts'
import { isRelayLimit, type RelayLimitName, type RelayLimits, relayLimits } from '../relay/limits.ts'
import { isUsableSecret } from '../relay/path.ts'
import { PROXY_HEADERS, type ProxyHeader, type TrustedProxies } from '../relay/proxies.ts'
import { relayUrl } from '../session/relay-url.ts'
import { type CommandIo, UsageError } from './command.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogThreshold = (typeof LOG_LEVELS)[number]

/** As `--print-config` shows it. */
export interface RelayConfig {
  readonly host: string
  readonly port: number
  /** Null where they are derived from the address. */
  readonly origins: readonly string[] | null
  readonly prefix: string
  /** Never shown. From the environment alone: everybody on the machine can read a command line. */
  readonly secret: string | null
  readonly secretFile: string | null
  /** Files. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** With its credentials; `--print-config` leaves them out. */
  readonly redis?: string
  /** Folder with the web controller. */
  readonly web?: string
  /** Ranges of addresses. */
  readonly trustProxy: readonly string[]
  readonly proxyHeader: ProxyHeader
  readonly adminHost: string
  /** Null where there is none. */
  readonly adminPort: number | null
  readonly limits: RelayLimits
  readonly logLevel: LogThreshold
  readonly json: boolean
}

export interface RelayArguments {
  readonly printConfig: boolean
  readonly config: RelayConfig
}

const OPTIONS = {
  host: { type: 'string' },
  port: { type: 'string' },
  origin: { type: 'string', multiple: true },
  prefix: { type: 'string' },
  'secret-file': { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  redis: { type: 'string' },
  'max-frame': { type: 'string' },
  'trust-proxy': { type: 'string', multiple: true },
  'proxy-header': { type: 'string' },
  'admin-host': { type: 'string' },
  'admin-port': { type: 'string' },
  web: { type: 'string' },
  limit: { type: 'string', multiple: true },
  'log-level': { type: 'string' },
  json: { type: 'boolean' },
  'print-config': { type: 'boolean' },
} as const

/** Throws UsageError. */
export function readRelayArguments(args: readonly string[], env: CommandIo['env']): RelayArguments {
  const given = parse(args)
  type Multiple = 'origin' | 'limit' | 'trust-proxy'
  type Single = Exclude<keyof typeof given, Multiple | 'json' | 'print-config'>
  const variable = (name: string) => env(`HAPPY_RELAY_${name.toUpperCase().replaceAll('-', '_')}`) || undefined
  const one = (name: Single): string | undefined => given[name] ?? variable(name)
  const many = (name: Multiple): string[] => given[name] ?? variable(name)?.split(',') ?? []

  const [cert, key] = [one('tls-cert'), one('tls-key')]
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--tls-cert and --tls-key belong together')
  const adminPort = one('admin-port')
  const origins = many('origin').map(readOrigin)
  const [redis, web] = [one('redis'), one('web')]
  return {
    printConfig: given['print-config'] ?? false,
    config: {
      host: one('host') ?? '127.0.0.1',
      port: readNumber('The port', one('port') ?? '8080', 65_535),
      origins: origins.length > 0 ? origins : null,
      prefix: readPrefix(one('prefix') ?? ''),
      ...readSecret(given['secret-file'], variable('secret-file'), variable('secret')),
      ...(cert !== undefined && key !== undefined && { tls: { cert, key } }),
      ...(redis !== undefined && { redis: readRedis(redis) }),
      ...(web !== undefined && { web }),
      ...readTrust(many('trust-proxy'), one('proxy-header')),
      adminHost: one('admin-host') ?? '127.0.0.1',
      adminPort: adminPort === undefined ? null : readNumber('The admin port', adminPort, 65_535),
      limits: readLimits(many('limit'), one('max-frame')),
      logLevel: readLevel(one('log-level') ?? 'warn'),
      json: given.json ?? false,
    },
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError((error as Error).message.replace(/\.$/, ''))
  }
}

function readNumber(what: string, text: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN
  if (value >= 0 && value <= most) return value
  throw new UsageError(`${what} is "${text}": a whole number from 0 to ${most} is needed`)
}

/** `ws[s]://host[:port][/path]` as a client signs it: with its port, the host in lower case. */
function readOrigin(text: string): string {
  const match = /^(?<scheme>wss?):\/\/(?<host>\[[^\]/]*\]|[^:/]*)(?<port>:[^/]*)?(?<path>.*)$/i.exec(text)
  if (!match?.groups) throw new UsageError(`Cannot use "${text}" as an origin: it does not start with ws:// or wss://`)
  const { scheme = '', host = '', port, path = '' } = match.groups
  if (path.endsWith('/v1')) {
    throw new UsageError(`Cannot use "${text}" as an origin: leave out the /v1 at the end`)
  }
  const isTls = scheme.toLowerCase() === 'wss'
  const address = `${host.toLowerCase()}${port ?? (isTls ? ':443' : ':80')}${path}`
  try {
    // The grammar is the same for both schemes; only a client has to ask whether a host may be reached by ws.
    return relayUrl('wss', address).origin.replace(/^wss/, isTls ? 'wss' : 'ws')
  } catch {
    throw new UsageError(
      `Cannot use "${text}" as an origin: it is no scheme://host:port/path without a slash at the end`,
    )
  }
}

function readRedis(text: string): string {
  try {
    redisAddress(text)
    return text
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function readPrefix(text: string): string {
  const segments = text.split('/').slice(1)
  const isPath = text === '' || (text.startsWith('/') && segments.every((one) => /^[A-Za-z0-9._~-]+$/.test(one)))
  // A URL parser takes segments of dots away, so no client could ask for them.
  if (isPath && !segments.some((one) => one === '.' || one === '..')) return text
  throw new UsageError('--prefix is a path such as /team, of letters, digits and . _ ~ -')
}

function readSecret(option: string | undefined, file: string | undefined, secret: string | undefined) {
  if (option === undefined && secret !== undefined) {
    if (file !== undefined) throw new UsageError('HAPPY_RELAY_SECRET and HAPPY_RELAY_SECRET_FILE are both set')
    if (isUsableSecret(secret)) return { secret, secretFile: null }
    throw new UsageError('The secret is not 22 to 62 characters, of letters, digits and . _ ~ -')
  }
  return { secret: null, secretFile: option ?? file ?? null }
}

function readTrust(ranges: string[], name = 'x-forwarded-for') {
  const trustProxy = ranges.map((range) => range.trim())
  const wrong = trustProxy.find((range) => readRange(range) === null)
  if (wrong !== undefined)
    throw new UsageError(`--trust-proxy is an address or a range such as 10.0.0.0/8, not "${wrong}"`)
  const proxyHeader = PROXY_HEADERS.find((one) => one === name.toLowerCase())
  if (!proxyHeader) throw new UsageError(`--proxy-header is one of ${PROXY_HEADERS.join(', ')}`)
  return { trustProxy, proxyHeader }
}

/** Of a configuration that was read. */
export const readProxies = ({ trustProxy, proxyHeader }: RelayConfig): TrustedProxies => ({
  header: proxyHeader,
  ranges: trustProxy.map(readRange).filter((range) => range !== null),
})

function readLimits(assignments: readonly string[], maxFrame: string | undefined): RelayLimits {
  const changes: Partial<Record<RelayLimitName, number>> = {}
  for (const assignment of assignments) {
    const [name = '', value = ''] = assignment.split('=', 2)
    if (!isRelayLimit(name)) throw new UsageError(`There is no limit "${name}"; --print-config shows them`)
    changes[name] = readNumber(`The limit ${name}`, value)
  }
  if (maxFrame !== undefined) changes.maxFrame = readNumber('The largest frame', maxFrame)
  try {
    return relayLimits(changes)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function readLevel(text: string): LogThreshold {
  const level = LOG_LEVELS.find((one) => one === text)
  if (level) return level
  throw new UsageError(`--log-level is one of ${LOG_LEVELS.join(', ')}`)
}
