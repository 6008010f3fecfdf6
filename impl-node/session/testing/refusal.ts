// What a refusal must be: a ProtocolError of one code, and nothing else.

import assert from 'node:assert/strict'
import { type ErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'

/** The code that `run` is refused with; fails the test where it succeeds or throws anything else. */
export function codeOf(run: () => unknown): ErrorCode {
  try {
    run()
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
  assert.fail('Expected a refusal, and it succeeded')
}

export function assertRefused(code: ErrorCode, run: () => unknown): void {
  assert.equal(codeOf(run), code)
}
