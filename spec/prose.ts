// Reads the normative sentences out of spec/*.md: one sentence, one keyword, one id, its roles.

import { createHash } from 'node:crypto'

export const ROLES = ['relay', 'agent', 'controller'] as const
export type Role = (typeof ROLES)[number]

export interface Requirement {
  readonly id: string
  /** The BCP 14 keyword: MUST, MUST NOT, SHOULD, … */
  readonly level: string
  readonly roles: readonly Role[]
  /** With white space collapsed. */
  readonly sentence: string
  /** Of the sentence, so that a changed meaning shows as a changed hash. */
  readonly textSha256: string
}

export interface Prose {
  readonly requirements: readonly Requirement[]
  /** What breaks the form, as `file: what`. */
  readonly problems: readonly string[]
  /** The text without code blocks and generated tables. */
  readonly written: string
}

const KEYWORD =
  /\b(?:MUST NOT|MUST|SHALL NOT|SHALL|SHOULD NOT|SHOULD|MAY|REQUIRED|NOT RECOMMENDED|RECOMMENDED|OPTIONAL)\b/g
const ANCHOR = /<a id="([^"]+)"><\/a>/g
const SENTENCE = /^<a id="([^"]+)"><\/a>`([^`]+)` — ([\s\S]*\S)\s+[*_]\(([^)]*)\)[*_]$/
export const ID = /^[a-z]+(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+$/

/** Titles of sections that bind nobody, down to the next heading of the same level or above. */
const NOT_NORMATIVE = /^(?:security considerations|rationale|examples?)$/i

const withoutFences = (markdown: string): string => markdown.replace(/^```[\s\S]*?^```$/gm, '')
const withoutTables = (markdown: string): string => markdown.replace(/<!-- generated:[\s\S]*?<!-- \/generated -->/g, '')
const withoutCode = (text: string): string => text.replace(/`[^`]*`/g, '')

/** The requirements of one document. `name` is its file name without `.md`, and the first part of its ids. */
export function readProse(name: string, markdown: string): Prose {
  const written = withoutTables(withoutFences(markdown))
  const requirements: Requirement[] = []
  const problems: string[] = []
  const problem = (what: string) => problems.push(`spec/${name}.md: ${what}`)
  let openLevel = 0

  for (const paragraph of written.split(/\n\s*\n/).map((text) => text.trim())) {
    const heading = /^(#+) (.*)$/m.exec(paragraph)
    if (heading !== null) {
      const level = heading[1]?.length ?? 0
      if (openLevel === 0 || level <= openLevel) openLevel = NOT_NORMATIVE.test(heading[2] ?? '') ? level : 0
    }
    const anchors = [...paragraph.matchAll(ANCHOR)].map((found) => found[1] as string)
    const keywords = withoutCode(paragraph).match(KEYWORD) ?? []
    const start = paragraph.slice(0, 60).replace(/\s+/g, ' ')
    if (anchors.length === 0 && keywords.length === 0) continue
    if (paragraph.includes('BCP 14')) continue
    if (openLevel > 0) {
      problem(`a keyword or an id in a section that binds nobody: "${start}"`)
      continue
    }
    const [id, more] = anchors
    const [level, second] = keywords
    if (id === undefined) problem(`${level} in a paragraph without an id: "${start}"`)
    else if (more !== undefined) problem(`two ids in one paragraph: ${id}, ${more}`)
    else if (level === undefined) problem(`${id} has no keyword`)
    else if (second !== undefined) problem(`${id} has two keywords: ${level}, ${second}`)
    else {
      const requirement = readSentence(name, paragraph, level)
      if (typeof requirement === 'string') problem(`${id}: ${requirement}`)
      else requirements.push(requirement)
    }
  }
  return { requirements, problems, written }
}

function readSentence(document: string, paragraph: string, level: string): Requirement | string {
  const found = SENTENCE.exec(paragraph)
  if (found === null) return 'not of the form <a id="…"></a>`…` — sentence *(roles)*'
  const [, id = '', shown = '', written = '', roleList = ''] = found
  if (shown !== id) return `is shown as ${shown}`
  if (!ID.test(id) || !id.startsWith(`${document}.`)) return `an id is ${document}.<topic>.<rule>, lower case`
  const roles = roleList.split(/,\s*/)
  const unknown = roles.find((role) => !(ROLES as readonly string[]).includes(role))
  if (unknown !== undefined) return `"${unknown}" is not a role`
  const sentence = written.replace(/\s+/g, ' ')
  const textSha256 = createHash('sha256').update(sentence).digest('hex')
  return { id, level, roles: ROLES.filter((role) => roles.includes(role)), sentence, textSha256 }
}
