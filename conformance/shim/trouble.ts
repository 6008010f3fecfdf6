// How a scenario ends other than by passing. The name of the class decides the verdict: runner/verdict.ts.

/** The program under test did not do what the spec says. */
export class Failed extends Error {
  override readonly name = 'Failed'
}

/** The program does not have what the scenario needs, and need not have it. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable'
}

/** The program says that it has what the scenario needs, and could not be brought to show it. */
export class Untestable extends Error {
  override readonly name = 'Untestable'
}

/** The shim answered `unimplemented`. */
export class Unimplemented extends Error {
  override readonly name = 'Unimplemented'
}

/** The suite did something that its own schemas reject, or could not do what a step says. */
export class SuiteError extends Error {
  override readonly name = 'SuiteError'
}

/** The program broke the shim protocol itself. */
export class ShimBroken extends Error {
  override readonly name = 'ShimBroken'
}
