// The known word that a mistyped one was most likely meant to be.

/** Letters that may be added, left out or changed. */
const FAR = 2

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] as number) + (letter === other ? 0 : 1)
      next.push(Math.min(changed, (row[j + 1] as number) + 1, (next[j] as number) + 1))
    }
    row = next
  }
  return row.at(-1) as number
}

/** Undefined where none is near. */
export const nearest = (word: string, known: readonly string[]): string | undefined =>
  known
    .map((name) => ({ name, far: distance(word, name) }))
    .filter(({ name, far }) => far <= FAR && far < name.length)
    .sort((a, b) => a.far - b.far)[0]?.name
