// The words of a call.

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { UsageError } from './command.ts'
import { nearest } from './nearest.ts'

/** Options that every sub-command has. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  state: { type: 'string' },
  config: { type: 'string' },
  'log-level': { type: 'string' },
  /** Looked at by terminal/style.ts. */
  'no-color': { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig

/** As node:util's parseArgs, with what stands behind `--` apart. Throws UsageError. */
export function parseFlags<const O extends ParseArgsOptionsConfig>(args: string[], options: O) {
  const end = args.indexOf('--')
  const own = end < 0 ? args : args.slice(0, end)
  try {
    const { values, positionals } = parseArgs({ args: own, options, strict: true, allowPositionals: true })
    return { values, words: positionals, behind: end < 0 ? null : args.slice(end + 1) }
  } catch (error) {
    throw new UsageError(complaint(error as NodeJS.ErrnoException, Object.keys(options)))
  }
}

function complaint({ code, message }: NodeJS.ErrnoException, known: string[]): string {
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `${message.split(/[.\n]/)[0]}.`
  const option = /'(-[^']*)'/.exec(message)?.[1] ?? ''
  const meant = nearest(option.replace(/^-+/, ''), known)
  return `There is no option ${option}.${meant ? ` Did you mean --${meant}?` : ''}`
}

/** For commands that take no words. */
export function noWords(words: readonly string[]): void {
  if (words[0] !== undefined) throw new UsageError(`${JSON.stringify(words[0])} is one word too many.`)
}
