// Suites and their bitmaps, in which bit i stands for suite i + 1 (spec/pairing.md, Suites).

import { SUITE_MLKEM, SUITE_X25519, SUITES, type Suite } from '@happy-remote/schemas/constants.ts'

export { SUITE_MLKEM, SUITE_X25519, type Suite }

/** Bits of suites that we do not know are ignored here and kept where they are hashed (pairing.suite.unknown-bits). */
export function highestCommon(a: number, b: number): Suite | undefined {
  return SUITES.filter((suite) => (a & b & (1 << (suite - 1))) !== 0).at(-1)
}

export const isSuite = (suite: number): suite is Suite => (SUITES as readonly number[]).includes(suite)

export const hasSuite = (bitmap: number, suite: number): suite is Suite =>
  isSuite(suite) && (bitmap & (1 << (suite - 1))) !== 0
