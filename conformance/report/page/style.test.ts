// The colours of the page can be read in both themes: WCAG 2.2, level AA.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const css = readFileSync(new URL('base.css', import.meta.url), 'utf8')
const colours = new Map(
  [...css.matchAll(/--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name = '', ...both]) => [
    name,
    both,
  ]),
)

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

const verdicts = ['pass', 'fail', 'warn', 'note', 'bug', 'grey']
const pairs: [front: string, back: string][] = [
  ...['ink', 'muted', 'link'].flatMap((front): [string, string][] => [
    [front, 'paper'],
    [front, 'card'],
    [front, 'grey-tint'],
  ]),
  ...verdicts.map((each): [string, string] => [each, `${each}-tint`]),
  ...verdicts.map((each): [string, string] => ['ink', `${each}-tint`]),
  // Squares of what fails are filled.
  ...verdicts.map((each): [string, string] => ['paper', each]),
]

for (const [i, theme] of ['light', 'dark'].entries()) {
  test(`text has a contrast of 4.5 in the ${theme} theme`, () => {
    for (const [front, back] of pairs) {
      const [a, b] = [colours.get(front)?.[i], colours.get(back)?.[i]]
      assert.ok(a && b, `${front} on ${back}`)
      assert.ok(contrast(a, b) >= 4.5, `${front} on ${back}: ${contrast(a, b).toFixed(2)}`)
    }
  })
}
