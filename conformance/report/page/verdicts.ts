// How a verdict looks: a sign, a word and a colour, so that none of them carries the meaning alone.

import type { Verdict } from '../../runner/verdict.ts'
import { type Content, type Markup, markup } from './markup.ts'

export type Shown = Verdict | 'not-tested'

/** Sign, and what it means, from best to worst. */
export const SHOWN: Readonly<Record<Shown, readonly [sign: string, meaning: string]>> = {
  pass: ['✓', 'did what the spec says'],
  informational: ['i', 'the spec leaves it open; what was seen is told'],
  'not-applicable': ['–', 'needs an option that was not declared, or process control'],
  'not-tested': ['·', 'no scenario of this run is about it'],
  'non-strict': ['!', 'a SHOULD is not met; fails the run with --strict'],
  unimplemented: ['?', 'the shim has no such verb'],
  untestable: ['?', 'was declared, and could not be shown'],
  fail: ['✕', 'a MUST is not met'],
  'suite-error': ['#', 'a mistake of the suite, not of the program'],
}

export const sign = (verdict: Shown): string => SHOWN[verdict][0]

/** The verdict in words, with its sign. */
export const badge = (verdict: Shown): Markup =>
  markup`<span class="badge ${verdict}"><i aria-hidden="true">${sign(verdict)}</i>${verdict}</span>`

/** An id of HTML has no white space, and names of implementations may. */
export const anchor = (id: string): string => id.replaceAll(/\s/g, '_')

/** One square of a map, which leads to what it stands for. */
export const square = (verdict: Shown, target: string, title: string): Markup =>
  markup`<a class="sq ${verdict}" href="#${anchor(target)}" title="${verdict}: ${title}" aria-label="${verdict}: ${title}">${sign(verdict)}</a>`

export const legend = (verdicts: readonly Shown[]): Content =>
  verdicts.length > 0 &&
  markup`<dl class="legend">${verdicts.map((each) => markup`<div><dt>${badge(each)}</dt><dd>${SHOWN[each][1]}</dd></div>`)}</dl>`

export const duration = (milliseconds: number): string => {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 120_000) return `${(milliseconds / 1_000).toFixed(1)} s`
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1_000)} s`
}
