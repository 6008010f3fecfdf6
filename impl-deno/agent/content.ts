// Bytes that came as text of JSON.

import { Buffer } from 'node:buffer'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'

/** Throws ProtocolError `invalid-params` where the text would not come out again, and so is not of this encoding. */
export function decoded(text: string, encoding: 'utf-8' | 'base64url'): Buffer {
  const bytes = Buffer.from(text, encoding)
  if (bytes.toString(encoding) === text) return bytes
  throw new ProtocolError('invalid-params', `Cannot take bytes: their text is not ${encoding}`)
}
