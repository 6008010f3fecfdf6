// A question to git, as a view has it.

import { useEffect, useState } from 'preact/hooks'
import { type GitTrouble, gitTrouble } from './failure.ts'

export interface GitAnswer<T> {
  readonly answer: T | undefined
  readonly trouble: GitTrouble | undefined
}

/** What git answers, asked anew for another thing; the last answer stays meanwhile. `missing` is what `not-found` means. */
export function useGitAnswer<T>(ask: () => Promise<T>, about: readonly unknown[], missing: string): GitAnswer<T> {
  const [answer, setAnswer] = useState<T>()
  const [trouble, setTrouble] = useState<GitTrouble>()
  useEffect(() => {
    let isLeft = false
    setTrouble(undefined)
    ask().then(
      (found) => !isLeft && setAnswer(found),
      (error) => !isLeft && setTrouble(gitTrouble(error, missing)),
    )
    return () => {
      isLeft = true
    }
  }, about)
  return { answer, trouble }
}
