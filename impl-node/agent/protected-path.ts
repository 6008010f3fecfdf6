// What no controller may write, because it decides what runs on this computer (spec/rpc.md, Files).

import { relative, sep } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'

/** With the short names that Windows gives them. */
const PROTECTED = new Set(['.git', 'git~1', '.claude', 'claude~1', '.mcp.json', 'mcp~1.jso'])

/** Characters that a file system may leave out when it compares names, as git knows of HFS+. */
const IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g

/** A name as the most forgiving of file systems compares it: case, forms, streams, and dots and spaces at its end. */
const folded = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(IGNORED, '')
    .toLowerCase()
    .replace(/:.*$/s, '')
    .replace(/[. ]+$/, '')

/** Throws `forbidden` where a part of the way from `root` to `target` is protected (rpc.file.protected). */
export function mustBeWritable(root: string, target: string, path: string): void {
  if (
    !relative(root, target)
      .split(sep)
      .some((name) => PROTECTED.has(folded(name)))
  )
    return
  throw new ProtocolError('forbidden', `Cannot write ${JSON.stringify(path)}: it decides what runs on this computer`)
}
