// Why git did not do something, as a sentence; what git itself said stands below it.

import type { CallFailure } from '../../../controller/failure.ts'
import { errorText, texts } from '../../texts.ts'

const words = texts.git.failures

/** In this order: what a remote refuses is `rejected`, too. */
const SAID: readonly (readonly [RegExp, string])[] = [
  [/remote rejected|pre-receive hook|protected branch/i, words.refused],
  [/\[rejected\]|non-fast-forward|fetch first/i, words.behind],
  [/authentication failed|could not read username|permission denied|terminal prompts disabled/i, words.access],
  [
    /could not resolve|unable to access|connection (refused|timed out)|does not appear to be a git|repository .* not found|does not exist/i,
    words.unreachable,
  ],
  [/tell me who you are|unable to auto-detect email|empty ident/i, words.identity],
  [/nothing to commit|nothing added to commit|no changes added/i, words.nothing],
  [/did not match any file/i, words.gone],
]

export interface GitTrouble {
  readonly text: string
  /** Empty where git said nothing. */
  readonly said: string
}

/** `missing`: what `not-found` means for what was asked. */
export function gitTrouble(error: unknown, missing: string): GitTrouble {
  const { code = '', data } = error as Partial<CallFailure>
  const { stderr, exitCode } = (data ?? {}) as { stderr?: unknown; exitCode?: unknown }
  const said = typeof stderr === 'string' ? stderr : ''
  if (code === 'git-failed') {
    const text = exitCode === null ? words.time : (SAID.find(([pattern]) => pattern.test(said))?.[1] ?? words.git)
    return { text, said }
  }
  if (code === 'not-found') return { text: missing, said }
  if (code === 'forbidden') return { text: words.right, said }
  if (code === 'uncertain') return { text: words.uncertain, said }
  return { text: texts.git.failed(errorText(error)), said }
}
