// Faults of an agent with files: where a path leads, and what is told of it.

import type { EndpointMutant } from '../mutant.ts'
import { agent } from './fault.ts'

const FILES = 'agent/files'
const OPEN = 'agent/open-file'
const WORKSPACE = 'agent/workspace'

export const agentFiles: readonly EndpointMutant[] = [
  agent(
    'file-tells-outside',
    'says what there is not outside of the workspace',
    ['rpc.file.inside'],
    WORKSPACE,
    'mustBeInside(root, folder, path)',
    '',
  ),
  agent(
    'file-reads-what-was-checked',
    'does not look again at what it has opened',
    ['rpc.file.race'],
    OPEN,
    'await mustBeStillInside(workspace, path, handle, stats)',
    '',
  ),
  agent(
    'file-missing-is-internal',
    'takes a path that leads to nothing for a failure of its own',
    ['rpc.file.missing'],
    WORKSPACE,
    'if (MISSING.has(code)) return missing(path)',
    'if (MISSING.has(code)) return error',
  ),
  agent(
    'file-reads-anything',
    'reads whatever can be opened',
    ['rpc.file.regular'],
    OPEN,
    "if (kind === 'file' ? stats.isFile() : stats.isDirectory()) return",
    "if (kind === 'file' || stats.isDirectory()) return",
  ),
  agent(
    'file-piece-from-start',
    'sends the first piece of a file again and again',
    ['rpc.file.range'],
    FILES,
    'length - filled, offset + filled',
    'length - filled, filled',
  ),
  agent(
    'file-hash-of-less',
    'leaves the first byte out of the hash',
    ['rpc.file.hash'],
    FILES,
    'sha256: hashOf(content)',
    'sha256: hashOf(content.subarray(1))',
  ),
  agent(
    'file-any-version',
    'reads on in a file that has changed',
    ['rpc.file.version'],
    FILES,
    'mustBeVersion(version ?? versionOf(stats), stats, path)',
    '',
  ),
  agent(
    'file-version-without-time',
    'gives a changed file of the same size the same version',
    ['rpc.file.changed'],
    FILES,
    '[dev, ino, size, mtimeNs]',
    '[dev, ino, size]',
  ),
  agent(
    'file-all-are-files',
    'takes for a file whatever is no folder',
    ['rpc.file.stat'],
    FILES,
    "stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other'",
    "stats.isDirectory() ? 'folder' : 'file'",
  ),
  agent(
    'file-order-of-units',
    'lists in the order of UTF-16 units',
    ['rpc.file.list'],
    FILES,
    '.sort((a, b) => a.bytes.compare(b.bytes))',
    '.sort((a, b) => (a.name < b.name ? -1 : 1))',
  ),
  agent(
    'file-last-again',
    'begins each page with the last entry of the page before',
    ['rpc.file.page'],
    FILES,
    'bytes.compare(from) > 0',
    'bytes.compare(from) >= 0',
  ),
  agent(
    'file-list-follows',
    'tells in a list what symbolic links lead to',
    ['rpc.file.entry-link'],
    FILES,
    'await lstat(join(folder, name))',
    'await stat(join(folder, name))',
  ),
  agent(
    'file-hides-names',
    'leaves out names that are not UTF-8',
    ['rpc.file.name'],
    FILES,
    'return name.includes(REPLACEMENT) ?',
    'return name.includes(REPLACEMENT) && false ?',
  ),
]
