// Before a program is started for the first time: what its file says has to be done once.

import { spawn } from 'node:child_process'
import type { LoadedImplementation } from './configuration.ts'
import { CannotTest } from './preflight.ts'

/** What it says goes to standard error. Rejects with CannotTest, with a sentence for people. */
export async function build({ implementation, folder }: LoadedImplementation): Promise<void> {
  const [file, ...args] = implementation.build ?? []
  if (file === undefined) return
  const name = [file, ...args].join(' ')
  const child = spawn(file, args, { cwd: folder, stdio: ['ignore', process.stderr, process.stderr] })
  const end = await new Promise<string | undefined>((resolve) => {
    child.once('error', ({ message }) => resolve(`could not be run: ${message}`))
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
    )
  })
  if (end !== undefined) throw new CannotTest(`The build ${name} ${end}`)
}
