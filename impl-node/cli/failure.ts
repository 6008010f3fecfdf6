// What a person is told when something fails: one sentence and an exit code.

import { type ErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'
import { DiskFull } from '../session/store.ts'
import { EXIT, UsageError } from './command.ts'
import { safeLine } from './safe-text.ts'

/** Ends the program with one sentence on standard error. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exitCode: number
  /** For `--json`: a code of the error registry, or a word of this program. */
  readonly code: string
  constructor(exitCode: number, code: string, sentence: string) {
    super(sentence)
    this.exitCode = exitCode
    this.code = code
  }
}

/** The person did not want to wait. */
export const givenUp = (): Failure => new Failure(EXIT.interrupted, 'interrupted', 'Given up.')

const EXIT_OF: Partial<Record<ErrorCode, number>> = {
  'qr-encoding': EXIT.usage,
  'qr-length': EXIT.usage,
  'qr-version': EXIT.usage,
  timeout: EXIT.unreachable,
  interrupted: EXIT.interrupted,
  'qr-expired': EXIT.refused,
  'qr-insecure': EXIT.refused,
  suite: EXIT.refused,
  'suite-downgrade': EXIT.refused,
  'pair-busy': EXIT.refused,
  'pair-expired': EXIT.refused,
  rejected: EXIT.refused,
  'identity-mismatch': EXIT.refused,
  'epoch-rollback': EXIT.refused,
  'sas-mismatch': EXIT.refused,
  forbidden: EXIT.refused,
  expired: EXIT.refused,
  revoked: EXIT.refused,
  paused: EXIT.refused,
}

/** Of the operating system, where the name alone says little. */
const SYSTEM: Record<string, string> = {
  EACCES: 'the system does not allow it',
  EPERM: 'the system does not allow it',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a file is in the way',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EADDRNOTAVAIL: 'this machine has no such address',
}

/** Of an error of the system, in words; the code where we have none. */
export function systemReason(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException
  return SYSTEM[code] ?? code
}

/** Whatever was thrown, as a Failure. What comes from a peer has no escape sequences in it any more. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof UsageError) return new Failure(EXIT.usage, 'usage', error.message)
  if (error instanceof ProtocolError) {
    return new Failure(EXIT_OF[error.code] ?? EXIT.failed, error.code, sentence(error.message))
  }
  if (error instanceof DiskFull) return new Failure(EXIT.failed, 'system', error.message)
  const { code, path } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && path !== undefined) {
    return new Failure(EXIT.failed, 'system', `Cannot use ${path}: ${systemReason(error)}.`)
  }
  const what = error instanceof Error ? error.message : String(error)
  return new Failure(
    EXIT.failed,
    'internal',
    `This should not have happened: ${sentence(what)} With --log-level debug the log tells where.`,
  )
}

function sentence(text: string): string {
  const line = safeLine(text, 500)
  return /[.!?…]$/.test(line) ? line : `${line}.`
}
