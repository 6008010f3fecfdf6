import { exactText } from '../../../controller/safe-text.ts'
import { type GitEntry, isReachable, isStaged } from '../../state/git.ts'
import { texts } from '../../texts.ts'

const words = texts.git

/** A new folder ends with `/`. */
export const namesOf = ({ path }: GitEntry): readonly string[] => path.split('/').filter((name) => name !== '')

/** In words, what has happened to it. */
export function kindOf(entry: GitEntry): string {
  if (entry.conflict) return words.conflict
  const letter = entry.worktree === '.' ? entry.index : entry.worktree
  const kind = isStaged(entry) && 'RCA'.includes(entry.index) ? entry.index : letter
  const parts = [words.kinds[kind] ?? kind, entry.from !== undefined && words.from(exactText(entry.from))]
  if (isStaged(entry) && kind !== 'A') parts.push(words.staged)
  if (!isReachable(entry)) parts.push(words.unreachable)
  return parts.filter(Boolean).join(', ')
}
