// What every role's shim is made of.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Arguments = Readonly<Record<string, unknown>>
/** A verb that gives nothing back is answered with an empty object. */
export type Verbs = Record<string, (args: Arguments) => unknown>

export const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
export const tell = (event: string, data: object): void => say({ event, data })

/** A folder that goes away with the program. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-shim-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
