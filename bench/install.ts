// What we compare with, installed into bench/ where it is missing: nobody else needs it, and one of
// them is under the AGPL.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = import.meta.dirname

interface Manifest {
  readonly version?: string
  readonly devDependencies?: Readonly<Record<string, string>>
}

const manifestOf = (...path: string[]): Manifest =>
  JSON.parse(readFileSync(join(folder, ...path, 'package.json'), 'utf8')) as Manifest

function isInstalled(name: string, version: string): boolean {
  try {
    return manifestOf('node_modules', name).version === version
  } catch {
    return false
  }
}

/** False where it cannot be done; npm has said why on stderr. */
export function installReferences(say: (line: string) => void): boolean {
  const references = Object.entries(manifestOf().devDependencies ?? {})
  if (references.every(([name, version]) => isInstalled(name, version))) return true
  say(`installing ${references.map(([name]) => name).join(', ')} and Bun (260 MB, once)`)
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return status === 0
}

/** The program, out of the package for this machine: the package `bun` would fetch it in an install script. */
export function bunProgram(): string | undefined {
  const machine = `${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`
  const program = join(folder, 'node_modules', '@oven', `bun-${machine}`, 'bin', 'bun')
  return existsSync(program) ? program : undefined
}
