// Settings: flags, then environment, then the configuration file, then defaults.

import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { CAPABILITIES, type Capability, DEFAULT_CAPABILITIES, isCapability } from '@happy-remote/schemas/constants.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { UsageError } from './command.ts'
import { systemReason } from './failure.ts'
import { nearest } from './nearest.ts'
import { xdg } from './xdg.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Where `happy-remote relay` listens unless told otherwise. */
const DEFAULT_RELAY = 'ws://127.0.0.1:8080'

const ConfigFile = Type.Object(
  {
    relay: Type.Optional(Type.String()),
    state: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    workspace: Type.Optional(Type.String()),
    assistant: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    grant: Type.Optional(Type.Array(Type.String())),
    device: Type.Optional(Type.String()),
    keepSessions: Type.Optional(Type.Boolean()),
    logLevel: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)
type ConfigFile = Static<typeof ConfigFile>
const validator = Compile(ConfigFile)

/** What flags may say; the same members as the file's. */
export type Given = { readonly [K in keyof ConfigFile]?: ConfigFile[K] | undefined }

export interface Settings {
  /** URL as written; parseRelayUrl judges it. */
  readonly relay: string
  /** Folder with the sub-folders `agent` and `controller`. */
  readonly state: string
  /** This device's, at most 64 bytes. */
  readonly name: string
  /** Absolute path. */
  readonly workspace: string
  /** Adapter and its command: `['acp', 'my-assistant', '--flag']`; undefined where nothing is configured. */
  readonly assistant: readonly string[] | undefined
  /** What a new pairing may do. */
  readonly grant: readonly Capability[]
  /** Name or id of the agent that `control` means. */
  readonly device: string | undefined
  /** Profile P: a restart goes on with the session of before. */
  readonly keepSessions: boolean
  readonly logLevel: LogLevel
}

function readConfigFile(path: string, wanted: boolean): ConfigFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (!wanted && (error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new UsageError(`Cannot read the configuration ${path}: ${systemReason(error)}.`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`Cannot read the configuration ${path}: it is not JSON (${(error as Error).message}).`)
  }
  if (validator.Check(json)) return json
  const known = Object.keys(ConfigFile.properties)
  const unknown = Object.keys(Object(json)).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    const meant = nearest(unknown, known)
    throw new UsageError(
      `The configuration ${path} has the unknown member ${JSON.stringify(unknown)}${meant ? `. Did you mean "${meant}"?` : `; there are ${known.join(', ')}.`}`,
    )
  }
  const [first] = validator.Errors(json)
  throw new UsageError(
    `In the configuration ${path}, ${first?.instancePath.slice(1).replaceAll('/', '.') || 'the whole'} ${first?.message ?? 'does not fit'}.`,
  )
}

/** The longest beginning of the machine's name that a device name may be. */
function machineName(): string {
  let name = hostname().replace(/\p{Cc}/gu, '')
  while (Buffer.byteLength(name) > limits.nameMax) name = name.slice(0, -1)
  return name || 'computer'
}

/** Of `observe,prompt`, with commas or blanks between. Throws UsageError. */
export const capabilitiesOf = (text: string): Capability[] => grantOf(words(text, /[\s,]+/) ?? [])

function grantOf(names: readonly string[]): Capability[] {
  return names.map((name) => {
    if (isCapability(name)) return name
    throw new UsageError(`There is no capability ${JSON.stringify(name)}; there are ${CAPABILITIES.join(', ')}.`)
  })
}

const words = (text: string | undefined, separator: RegExp) =>
  text
    ?.trim()
    .split(separator)
    .filter((each) => each !== '')

/** Throws UsageError. `configPath` is that of `--config`. */
export function settingsOf(given: Given, configPath: string | undefined, env: NodeJS.ProcessEnv): Settings {
  const fromEnv = (name: string) => env[`HAPPY_REMOTE_${name}`] || undefined
  const wanted = configPath ?? fromEnv('CONFIG')
  const file = readConfigFile(
    wanted ?? join(xdg(env, 'XDG_CONFIG_HOME', '.config'), 'config.json'),
    wanted !== undefined,
  )
  const settings = {
    relay: given.relay ?? fromEnv('RELAY') ?? file.relay ?? DEFAULT_RELAY,
    state: resolve(given.state ?? fromEnv('STATE') ?? file.state ?? xdg(env, 'XDG_STATE_HOME', '.local/state')),
    name: given.name ?? fromEnv('NAME') ?? file.name ?? machineName(),
    workspace: resolve(given.workspace ?? fromEnv('WORKSPACE') ?? file.workspace ?? '.'),
    assistant: given.assistant ?? words(fromEnv('ASSISTANT'), /\s+/) ?? file.assistant,
    grant: grantOf(given.grant ?? words(fromEnv('GRANT'), /[\s,]+/) ?? file.grant ?? DEFAULT_CAPABILITIES),
    device: given.device ?? fromEnv('DEVICE') ?? file.device,
    keepSessions: given.keepSessions ?? isYes(fromEnv('KEEP_SESSIONS')) ?? file.keepSessions ?? false,
    logLevel: given.logLevel ?? fromEnv('LOG_LEVEL') ?? file.logLevel ?? 'warn',
  }
  if (!isLogLevel(settings.logLevel)) {
    throw new UsageError(
      `The log level is one of ${LOG_LEVELS.join(', ')}, and not ${JSON.stringify(settings.logLevel)}.`,
    )
  }
  checkName(settings.name)
  return { ...settings, logLevel: settings.logLevel }
}

/** Throws UsageError for what no device may be called. */
export function checkName(name: string): void {
  if (name !== '' && !/\p{Cc}/u.test(name) && Buffer.byteLength(name) <= limits.nameMax) return
  throw new UsageError(`A name has 1 to ${limits.nameMax} bytes and no control characters.`)
}

/** Throws UsageError for what is neither. */
function isYes(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined
  if (text === '1' || text === '0') return text === '1'
  throw new UsageError(`HAPPY_REMOTE_KEEP_SESSIONS is 1 or 0, and not ${JSON.stringify(text)}.`)
}

const isLogLevel = (level: string): level is LogLevel => (LOG_LEVELS as readonly string[]).includes(level)
