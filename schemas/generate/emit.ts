// Generated files are committed; this writes them, or says which differ from what is committed.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Text by path below a root folder, with `/` between folders. */
export type Files = ReadonlyMap<string, string>

export interface EmitOptions {
  /** Compare and change nothing. */
  readonly check: boolean
  /** Folders below the root in which every file is generated: others there are stale. */
  readonly owned?: readonly string[]
}

/** Writes `files` below `root`, or with `check` only compares. Returns the paths that differed, sorted. */
export function emit(root: string, files: Files, { check, owned = [] }: EmitOptions): string[] {
  const differing = [...files].filter(([path, text]) => read(join(root, path)) !== text).map(([path]) => path)
  const stale = owned.flatMap((folder) => filesBelow(root, folder)).filter((path) => !files.has(path))
  if (!check) {
    for (const path of differing) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), files.get(path) as string)
    }
    for (const path of stale) rmSync(join(root, path))
  }
  return [...differing, ...stale].sort()
}

/** Runs a generator as a program: `--check` compares and ends with 1 where something differs. */
export function emitAsProgram(subject: string, root: string, files: Files, owned: readonly string[] = []): void {
  const check = process.argv.includes('--check')
  const differing = emit(root, files, { check, owned })
  if (check && differing.length > 0) {
    console.error(`${subject}: not up to date, run npm run generate: ${differing.join(', ')}`)
    process.exitCode = 1
  } else {
    console.log(`${subject}: ${files.size} files, ${check ? 'up to date' : `${differing.length} written`}`)
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function filesBelow(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
