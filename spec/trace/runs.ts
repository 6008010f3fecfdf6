// What the last recorded runs say: conformance/tested.ndjson (verdicts by requirement and implementation, written by
// npm run conformance) and conformance/mutants/kills.ndjson (which requirement killed which mutant, written by npm run
// mutants). Neither has times in it, so the same sources give the same files.

/** By requirement, then by implementation: the worst verdict. */
export type Tested = Readonly<Record<string, Readonly<Record<string, string>>>>

export interface Kill {
  readonly name: string
  readonly bitten: readonly string[]
}

export interface Runs {
  readonly tested: Tested
  readonly kills: readonly Kill[]
}

/** The implementations of this repository, as tested.ndjson calls them. */
export const IMPLEMENTATIONS = ['node', 'deno'] as const

/** A verdict was reached: something was asked, and something answered. */
export const isReached = (verdict: string | undefined): boolean =>
  verdict !== undefined && ['pass', 'fail', 'non-strict', 'informational'].includes(verdict)

export const readRuns = (tested: string | undefined, kills: string | undefined): Runs => ({
  tested: Object.fromEntries(linesOf<{ id: string }>(tested).map(({ id, ...verdicts }) => [id, verdicts])),
  kills: [...new Map(linesOf<Kill>(kills).map((kill) => [kill.name, kill])).values()],
})

/** Of NDJSON, in which the last line of a name counts, where a merge has left two. */
const linesOf = <Line>(text = ''): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
