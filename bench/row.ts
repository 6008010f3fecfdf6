// One line of the table: the same work done by us and by something that people use.

export interface Row {
  /** Topic, work, size, and where there are several, runtime or reference: `relay.forward.256.node`. */
  readonly id: string
  readonly subject: string
  readonly reference: string
  readonly unit: string
  readonly subjectMedian: number
  readonly referenceMedian: number
  /** Median of the rounds' ratios, subject / reference: below 1 is better than the reference. */
  readonly ratio: number
  /** Largest minus smallest ratio of a round. */
  readonly spread: number
  /** Largest ratio that is good enough; null where the row is there to be read only. */
  readonly goal: number | null
}

/** Rows that are measured together. */
export interface Topic {
  readonly ids: readonly string[]
  /** Whether a row compares with the packages of bench/package.json. */
  needsReferences(id: string): boolean
  /** The rows, of which only those that `isWanted` are shown. */
  measure(isWanted: (id: string) => boolean): Promise<readonly Row[]>
}
