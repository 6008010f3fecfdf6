// What somebody meant who wrote something that is not there.

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

/** The known word that `word` begins, or is a slip or two away from; undefined where nothing is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = word.toLowerCase()
  if (wanted.length > 40) return undefined
  const begun = wanted.length > 1 ? known.find((each) => each.startsWith(wanted)) : undefined
  const slips = Math.min(2, Math.floor(wanted.length / 2))
  const [best] = known
    .map((each) => ({ each, away: distance(wanted, each) }))
    .filter(({ away }) => away <= slips)
    .sort((a, b) => a.away - b.away)
  return begun ?? best?.each
}
