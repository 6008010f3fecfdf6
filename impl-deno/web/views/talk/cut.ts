// How much of a long text is shown at once.

/** Characters, and lines, at once. */
const MOST = 4_000
const LINES = 60

/** Where to cut, between two characters; the length of the text where it is short. */
export function cutOf(text: string): number {
  let end = -1
  for (let line = 0; line < LINES; line++) {
    end = text.indexOf('\n', end + 1)
    if (end < 0 || end > MOST) break
  }
  const cut = end < 0 ? MOST : Math.min(end, MOST)
  if (cut >= text.length) return text.length
  const isSplit = /[\ud800-\udbff]/.test(text[cut - 1] ?? '')
  return isSplit ? cut - 1 : cut
}
