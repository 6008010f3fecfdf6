// Sub-commands of `control`, typed into the conversation: the same code, shown above the line that is typed.

import { parseFlags } from '../flags.ts'
import type { Interactive } from './interactive.ts'
import type { InteractiveCommand } from './interactive-commands.ts'
import type { Sub } from './sub.ts'
import { wordsOf } from './words.ts'

/** ms; it is connected already, or says that it is not. */
const TIMEOUT = 15_000

/** `usage` in as few columns as the list of all has. */
export const typedSub = (sub: Sub, usage: string, summary = sub.summary): InteractiveCommand => ({
  name: `/${sub.name}`,
  usage,
  summary,
  run: (program, rest) => runSub(program, sub, rest),
})

async function runSub(program: Interactive, sub: Sub, rest: string): Promise<void> {
  const { values, words, behind } = parseFlags(wordsOf(rest), { ...sub.options, help: { type: 'boolean' } })
  const { help, ...flags } = values as Readonly<Record<string, string | boolean | undefined>>
  if (help) {
    program.print(`/${sub.usage.replaceAll(' | ', ' | /')}\n\n${sub.details}`.trimEnd())
    return
  }
  await program.working(async ({ output, signal }) => {
    const say = (sentence: string) => void output.write(`${sentence}\n`)
    await sub.run({ ...program.connection, say, output, json: false, flags, timeout: TIMEOUT, words, behind, signal })
  })
}
