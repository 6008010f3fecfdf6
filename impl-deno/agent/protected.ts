// Places of the workspace that decide what runs on this computer: git's own folder, and what an assistant is set up with.

import { relative } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'

const NAMES: ReadonlySet<string> = new Set(['.git', '.claude', '.mcp.json'])
/** The short names of Windows. */
const SHORT = /^(?:git|claude)~\d+$|^mcp~\d+\.jso$/
/** Default-ignorable characters, which HFS+ leaves out when it compares. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu

/** Whether some file system takes `name` for one of them. */
function isProtected(name: string): boolean {
  const [plain = ''] = name.normalize('NFKC').replaceAll(INVISIBLE, '').toLowerCase().split(':')
  const trimmed = plain.replace(/[. ]+$/, '')
  return NAMES.has(trimmed) || SHORT.test(trimmed)
}

/** Throws ProtocolError `forbidden` where one of them is on the way (rpc.file.protected). */
export function requireWritable(workspace: string, path: string): void {
  if (!relative(workspace, path).split('/').some(isProtected)) return
  throw new ProtocolError('forbidden', 'Cannot write a file: its place decides what runs on this computer')
}
