// `control term`: a shell, or a command, at the agent.

import { EXIT, UsageError } from '../command.ts'
import { Failure } from '../failure.ts'
import { PROGRAM } from '../invocation.ts'
import { note } from '../output.ts'
import { runTerminal } from './run-terminal.ts'
import type { Sub, SubContext } from './sub.ts'

/** As a shell reports a program that a signal has ended. */
const SIGNALLED = 128

async function run(context: SubContext): Promise<number> {
  const { controller, flags, words, behind, signal, json } = context
  if (json) throw new UsageError('A terminal has no JSON.')
  const command = [...words, ...(behind ?? [])]
  const attach = flags.attach as string | undefined
  if (attach !== undefined && (command.length > 0 || flags.cwd !== undefined)) {
    throw new UsageError('--attach is for a terminal that runs already; it takes no command and no --cwd.')
  }
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY
  if (isTerminal) note(`— ${context.name}: Ctrl-] leaves; what runs keeps running —`)
  const end = await runTerminal({
    controller,
    input: process.stdin,
    output: process.stdout,
    open:
      attach !== undefined
        ? { attach: await whole(context, attach) }
        : {
            ...(command.length > 0 && { command }),
            ...(flags.cwd !== undefined && { cwd: String(flags.cwd) }),
          },
    signal,
    lost: context.lost,
  })
  if (end.how === 'orphaned')
    throw new Failure(EXIT.failed, 'not-found', 'The terminal is gone: the agent was restarted.')
  if (end.how === 'unopened') {
    note('Left before the terminal had opened.')
    return EXIT.ok
  }
  if (end.how === 'detached') {
    note(`Detached. Back again: ${PROGRAM} control term --attach ${end.terminalId.slice(0, 8)}`)
    return EXIT.ok
  }
  return end.exitCode ?? SIGNALLED + (end.signal ?? 0)
}

/** The id that begins so. */
async function whole({ controller }: SubContext, beginning: string): Promise<string> {
  const { terminals } = await controller.call('terminal.list', {})
  const [found, ...others] = terminals.filter(({ terminalId }) => terminalId.startsWith(beginning.toLowerCase()))
  if (!found) throw new Failure(EXIT.failed, 'not-found', `There is no terminal ${JSON.stringify(beginning)}.`)
  if (others.length > 0) throw new UsageError(`Several terminals begin with ${JSON.stringify(beginning)}.`)
  return found.terminalId
}

export const term: Sub = {
  name: 'term',
  usage: 'term [-- <command…>]',
  summary: 'a shell at the computer, or a command',
  details: `  --cwd <dir>     folder to start in, within the workspace
  --attach <id>   go on in a terminal that runs already; \`control terms\`
                  lists them

At a terminal every key goes to the computer but Ctrl-], which detaches: what
runs goes on, and --attach brings it back. With pipes the input is typed, and
its end is passed on as Ctrl-D; output and errors come together, as terminals
have them.

Exit codes: that of the command, 128 + the signal that ended it, 0 detached.
`,
  options: { cwd: { type: 'string' }, attach: { type: 'string' } },
  run,
}
