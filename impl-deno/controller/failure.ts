// Why a call has no result.

/**
 * The error of a response, or one of this side: `timeout` for a read that had no answer in 30 s,
 * `uncertain` for a command that may have run, `revoked` for a pairing that is over, `rejected` for a
 * call that was given up.
 */
export class CallFailure extends Error {
  override readonly name = 'CallFailure'
  /** One of the registry, or one that is not known here (errors.code.unknown). */
  readonly code: string
  readonly data: unknown

  constructor(code: string, message: string, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }
}
