// What a sub-command of `control` is.

import type { ParseArgsOptionsConfig } from 'node:util'
import type { Output, Say } from '../output.ts'
import type { Connection, Paired } from './connection.ts'

interface Asked {
  readonly say: Say
  readonly output: Output
  readonly json: boolean
  readonly flags: Readonly<Record<string, string | boolean | undefined>>
  /** ms for which the agent is waited for. */
  readonly timeout: number
  readonly words: readonly string[]
  /** What stands behind `--`; null where there is no `--`. */
  readonly behind: readonly string[] | null
  /** Ctrl-C, SIGTERM, or the end of the terminal. */
  readonly signal: AbortSignal
}

export interface PairedContext extends Paired, Asked {}
export interface SubContext extends Connection, Asked {}

export interface Sub {
  readonly name: string
  /** Its words, for the usage line. */
  readonly usage: string
  readonly summary: string
  /** Whatever there is to say beside; ends with a line feed, or is ''. */
  readonly details: string
  readonly options: ParseArgsOptionsConfig
  /** It waits for the agent itself, where it needs one at all, and sees by itself that the pairing is lost. */
  readonly connects?: true | ((flags: Asked['flags']) => boolean)
  /** What it can do without a connection: resolves to the exit code, or to null where one is needed. */
  offline?(context: PairedContext): Promise<number | null>
  /** Resolves to the exit code. */
  run(context: SubContext): Promise<number>
}
