// The arguments of a sub-command, read strictly.

import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UsageError } from './command.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/** Options that every sub-command with a state has. */
export const STATE_OPTIONS = {
  state: { type: 'string' },
  config: { type: 'string' },
  'log-level': { type: 'string' },
  'no-color': { type: 'boolean' },
  json: { type: 'boolean' },
} as const satisfies Options

/** Throws UsageError. What stands behind `--` is a positional, too. */
export function readOptions<const O extends Options>(args: readonly string[], options: O) {
  const unknown = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens.find((token) => token.kind === 'option' && !Object.hasOwn(options, token.name))
  if (unknown?.kind === 'option') throw new UsageError(`There is no option ${unknown.rawName}`)
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true })
  } catch (error) {
    const [message = ''] = (error as Error).message.split('\n')
    throw new UsageError(message.replace(/\.$/, ''))
  }
}

/** A whole number of seconds above zero. Throws UsageError. */
export function readSeconds(name: string, text: string | undefined, usual: number): number {
  const value = text === undefined ? usual : Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new UsageError(`--${name} is "${text}": a number of seconds above 0 is needed`)
}
