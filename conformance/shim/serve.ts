// The program's side of the shim protocol, for programs that the suite itself brings.

import { createInterface } from 'node:readline'

export type Verbs = Record<string, (args: Readonly<Record<string, unknown>>) => unknown>

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

/** Answers each line of standard input; exits after `stop` and at the end of the input. */
export function serve(verbs: Verbs): void {
  const answer = async (line: string) => {
    const { id, do: verb, with: args = {} } = JSON.parse(line)
    const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
    if (!run) return say({ id, unimplemented: `there is no ${verb}` })
    try {
      say({ id, ok: (await run(args)) ?? {} })
    } catch (error) {
      const { message, code = 'internal' } = error as Error & { code?: string }
      say({ id, error: { code, message } })
    }
    if (verb === 'stop') process.exit(0)
  }
  createInterface({ input: process.stdin })
    .on('line', (line) => void answer(line))
    .on('close', () => process.exit(0))
}
