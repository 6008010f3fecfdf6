// What is configured: options, then the environment, then a file.

import { CAPABILITIES, type Capability, DEFAULT_CAPABILITIES, isCapability } from '@happy-remote/schemas/constants.ts'
import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'
import { relayUrlOf } from '../session/relay-url.ts'
import { type CommandIo, UsageError } from './command.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

const SettingsFile = Type.Object(
  {
    relay: Type.Optional(Type.String()),
    state: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    workspace: Type.Optional(Type.String()),
    assistant: Type.Optional(Type.Array(Type.String())),
    grant: Type.Optional(Type.Array(Type.String())),
    device: Type.Optional(Type.String()),
    keepSessions: Type.Optional(Type.Boolean()),
    logLevel: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)
type SettingsFile = Static<typeof SettingsFile>

export interface Settings {
  readonly relay: string
  /** Folder with `agent/` and `controller/`. */
  readonly state: string
  readonly name: string
  readonly workspace: string
  /** Kind and command. */
  readonly assistant: readonly string[]
  readonly grant: readonly Capability[]
  readonly device: string | undefined
  /** Profile P: the next run goes on with the session of this one. */
  readonly keepSessions: boolean
  readonly logLevel: (typeof LOG_LEVELS)[number]
}

/** As they stand in the arguments. */
export interface GivenSettings {
  readonly relay?: string | undefined
  readonly state?: string | undefined
  readonly name?: string | undefined
  readonly workspace?: string | undefined
  readonly grant?: string | undefined
  readonly device?: string | undefined
  readonly config?: string | undefined
  readonly 'keep-sessions'?: boolean | undefined
  readonly 'log-level'?: string | undefined
}

function hostName(): string {
  try {
    return Deno.hostname()
  } catch {
    // Without --allow-sys=hostname.
    return 'unnamed'
  }
}

function readFile(path: string, isAsked: boolean): SettingsFile {
  let text: string
  try {
    text = Deno.readTextFileSync(path)
  } catch (error) {
    if (!isAsked && (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable)) return {}
    throw new UsageError(`Cannot read the configuration ${path}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new UsageError(`Cannot read the configuration ${path}: it is not JSON`)
  }
  if (Check(SettingsFile, value)) return value
  const known = Object.keys(SettingsFile.properties)
  const unknown = Object.keys(value ?? {}).find((member) => !known.includes(member))
  throw new UsageError(
    unknown === undefined
      ? `Cannot use the configuration ${path}: a member has the wrong type`
      : `Cannot use the configuration ${path}: there is no setting "${unknown}"; there are ${known.join(', ')}`,
  )
}

/** Throws UsageError. */
export function readSettings(given: GivenSettings, { env }: Pick<CommandIo, 'env'>): Settings {
  const variable = (name: string) => env(`HAPPY_REMOTE_${name}`) || undefined
  const home = env('HOME') ?? env('USERPROFILE') ?? '.'
  const configured = given.config ?? variable('CONFIG')
  const path = configured ?? `${env('XDG_CONFIG_HOME') || `${home}/.config`}/happy-remote/config.json`
  const file = readFile(path, configured !== undefined)
  const relay = given.relay ?? variable('RELAY') ?? file.relay ?? 'ws://127.0.0.1:8080'
  const grant = (given.grant ?? variable('GRANT'))?.split(',') ?? file.grant
  const logLevel = given['log-level'] ?? variable('LOG_LEVEL') ?? file.logLevel ?? 'warn'
  return {
    relay: readRelay(relay),
    state:
      given.state ??
      variable('STATE') ??
      file.state ??
      `${env('XDG_STATE_HOME') || `${home}/.local/state`}/happy-remote`,
    name: given.name ?? variable('NAME') ?? file.name ?? hostName(),
    workspace: given.workspace ?? variable('WORKSPACE') ?? file.workspace ?? '.',
    assistant: variable('ASSISTANT')?.split(' ') ?? file.assistant ?? ['none'],
    grant: grant ? grant.map(readCapability) : DEFAULT_CAPABILITIES,
    device: given.device ?? variable('DEVICE') ?? file.device,
    keepSessions: given['keep-sessions'] ?? readSwitch(variable('KEEP_SESSIONS')) ?? file.keepSessions ?? false,
    logLevel: readLevel(logLevel),
  }
}

function readRelay(text: string): string {
  try {
    relayUrlOf(text)
    return text
  } catch {
    throw new UsageError(`Cannot use "${text}" as a relay: it is no wss://host, or ws:// of a public host`)
  }
}

/** Throws UsageError. */
export function readCapability(name: string): Capability {
  if (isCapability(name)) return name
  throw new UsageError(`There is no right "${name}"; there are ${CAPABILITIES.join(', ')}`)
}

function readSwitch(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined
  if (text === '1' || text === '0') return text === '1'
  throw new UsageError('HAPPY_REMOTE_KEEP_SESSIONS is 1 or 0')
}

function readLevel(text: string): Settings['logLevel'] {
  const level = LOG_LEVELS.find((one) => one === text)
  if (level) return level
  throw new UsageError(`--log-level is one of ${LOG_LEVELS.join(', ')}`)
}
