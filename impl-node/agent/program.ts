// Which program a terminal runs.

import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'

export interface Program {
  readonly file: string
  readonly args: readonly string[]
}

/**
 * The command, or where there is none the person's shell. Throws `not-found` for a program that is not
 * there: a pty could only show that as text.
 */
export async function programFor(
  command: readonly string[] | undefined,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Program> {
  if (command === undefined) return { file: await shell(env), args: [] }
  const [file = '', ...args] = command
  if (command.some((word) => word.includes('\0'))) {
    throw new ProtocolError('invalid-params', 'Cannot open a terminal: params.command holds a zero character')
  }
  // Windows adds its own endings and folders; there the pty tells.
  if (process.platform !== 'win32' && !(await exists(file, cwd, env))) {
    throw new ProtocolError('not-found', `Cannot open a terminal: there is no program ${JSON.stringify(file)}`)
  }
  return { file, args }
}

async function shell(env: Readonly<Record<string, string>>): Promise<string> {
  if (process.platform === 'win32') return env.COMSPEC ?? 'cmd.exe'
  return env.SHELL !== undefined && (await executable(env.SHELL)) ? env.SHELL : '/bin/sh'
}

async function exists(file: string, cwd: string, env: Readonly<Record<string, string>>): Promise<boolean> {
  if (file.includes('/')) return executable(resolve(cwd, file))
  for (const folder of (env.PATH ?? '/usr/bin:/bin').split(delimiter)) {
    if (file !== '' && (await executable(join(resolve(cwd, folder), file)))) return true
  }
  return false
}

async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
