// Check 7: requirements.lock.json, so that a changed sentence shows as a changed hash beside unchanged tests.

import type { Row } from './rows.ts'

export interface Lock {
  readonly requirements: readonly { readonly id: string }[]
  readonly withdrawn: readonly string[]
}

export const readLock = (text: string | undefined): Lock =>
  text === undefined ? { requirements: [], withdrawn: [] } : (JSON.parse(text) as Lock)

const LINE_WIDTH = 120

/** In the formatter's style: on one line where it fits. */
function listMember(name: string, words: readonly string[], end: string): string {
  const quoted = words.map((word) => JSON.stringify(word))
  const line = `      "${name}": [${quoted.join(', ')}]${end}`
  if (line.length <= LINE_WIDTH) return line
  return [`      "${name}": [`, quoted.map((word) => `        ${word}`).join(',\n'), `      ]${end}`].join('\n')
}

export function lockText(rows: readonly Row[], withdrawn: readonly string[]): string {
  const entries = rows.map(({ id, level, roles, textSha256, scenarios, vectors }) =>
    [
      '    {',
      `      "id": ${JSON.stringify(id)},`,
      `      "level": ${JSON.stringify(level)},`,
      listMember('roles', roles, ','),
      `      "textSha256": ${JSON.stringify(textSha256)},`,
      listMember('scenarios', [...new Set(scenarios.map((scenario) => scenario.id))], ','),
      listMember('vectors', vectors, ''),
      '    }',
    ].join('\n'),
  )
  const gone = `[${withdrawn.map((word) => JSON.stringify(word)).join(', ')}]`
  return `{\n  "requirements": [\n${entries.join(',\n')}\n  ],\n  "withdrawn": ${gone}\n}\n`
}
