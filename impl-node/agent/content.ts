// The bytes of files: out of a request, and onto the disk.

import type { FileHandle } from 'node:fs/promises'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'

/** Throws `invalid-params` where the text is not of its encoding. */
export function bytesOf(text: string, encoding: 'utf-8' | 'base64url'): Buffer {
  const bytes = Buffer.from(text, encoding)
  // Half of a surrogate pair, or what is no canonical base64url, would be something else afterwards.
  if (bytes.toString(encoding) === text) return bytes
  throw new ProtocolError('invalid-params', `Cannot take content: it is not ${encoding}`)
}

/** Writes until nothing is left: the system may take less at once. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}
