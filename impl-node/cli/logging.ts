// The log: pino, to standard error, quiet unless asked. Never a secret, a prompt or output.

import pino from 'pino'
import { traceOf } from '../relay/log.ts'
import type { LogLevel } from './config.ts'

export type Log = pino.Logger

/** `write` takes whole lines; standard error unless given. */
export function openLog(name: string, level: LogLevel, write?: (line: string) => void): Log {
  const destination = write ? { write } : pino.destination({ dest: 2, sync: true })
  return pino({ name, level, base: { name } }, destination)
}

/** Of an unexpected error only where it came from: its message may quote what a peer sent. */
export function logged(detail: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { error, ...rest } = detail
  return error === undefined ? rest : { ...rest, ...traceOf(error) }
}
