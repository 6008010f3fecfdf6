// Before any scenario: can the program be started, does it speak the shim protocol, and can it say no?

import { randomBytes } from 'node:crypto'
import type { Identity } from '../report/matrix.ts'
import { type ProgramToRun, Refused, Shim } from '../shim/driver.ts'
import { IMPOSSIBLE_CONFIGURATION, type Role } from '../shim/lines.ts'
import { SUITE_NAME } from '../steps/parameters.ts'

/** The program cannot be tested at all; exit code 3. */
export class CannotTest extends Error {
  override readonly name = 'CannotTest'
}

/**
 * A program that answers everything with `ok` would pass whatever is judged by its answers, so a verb
 * that does not exist comes first.
 */
async function canSayNo(shim: Shim): Promise<void> {
  const verb = `probe-${randomBytes(8).toString('hex')}`
  const answer = await shim.askAnything(verb, {})
  if ('unimplemented' in answer) return
  const what = 'ok' in answer ? '"ok"' : `the error "${answer.error.code}"`
  throw new CannotTest(
    `Asked for the verb ${verb}, which does not exist, the program answers with ${what} instead of "unimplemented"`,
  )
}

/** Throws CannotTest, with a sentence for people. A relay is also started, unless nothing will be asked of it but vectors. */
export async function preflight(role: Role, program: ProgramToRun, { starts = true } = {}): Promise<Identity> {
  const shim = new Shim(program)
  try {
    const hello = await shim.hello(SUITE_NAME)
    if (hello.role !== role) throw new CannotTest(`The program for the role ${role} says that it is "${hello.role}"`)
    if (!hello.protocol.includes(1)) throw new CannotTest('The program does not speak wire version 1')
    await canSayNo(shim)
    if (role === 'relay' && starts) {
      const { url } = await shim.ask('start', { host: '127.0.0.1', port: 0 })
      if (url === undefined) throw new CannotTest('The relay answers start without a "url"')
    }
    const { name, version, language, capabilities } = hello
    return { role, name, version, language, capabilities }
  } catch (error) {
    if (error instanceof CannotTest) throw error
    const { message } = error as Error
    if (shim.exitCode === IMPOSSIBLE_CONFIGURATION)
      throw new CannotTest(`The program cannot be started in its default configuration (exit code 89): ${message}`)
    if (error instanceof Refused) throw new CannotTest(`The program did not start. ${message}`)
    throw new CannotTest(message)
  } finally {
    await shim.end()
  }
}
