// What the last recorded runs say: conformance/tested.json (verdicts by requirement and implementation, written by
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

/** The implementations of this repository, as tested.json calls them. */
export const IMPLEMENTATIONS = ['node', 'deno'] as const

/** A verdict was reached: something was asked, and something answered. */
export const isReached = (verdict: string | undefined): boolean =>
  verdict !== undefined && ['pass', 'fail', 'non-strict', 'informational'].includes(verdict)

export const readRuns = (tested: string | undefined, kills: string | undefined): Runs => ({
  tested: tested === undefined ? {} : (JSON.parse(tested) as { requirements: Tested }).requirements,
  kills: kills === undefined ? [] : lastOfEach(kills.split('\n').filter((line) => line !== '')),
})

/** Where a merge has left two lines of a mutant, the last counts. */
function lastOfEach(lines: readonly string[]): Kill[] {
  const kills = lines.map((line) => JSON.parse(line) as Kill)
  return [...new Map(kills.map((kill) => [kill.name, kill])).values()]
}
