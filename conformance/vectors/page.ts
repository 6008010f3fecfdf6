// shim/vectors.md: what a shim answers to `vector`, from the vector files themselves.

import { casesOf, givenTo, IGNORED, outputsOf, rolesOfGroup, type VectorCase, type VectorFile } from './cases.ts'

const INTRO = [
  '# What a shim answers to `vector`',
  '',
  'Written by `npm run generate` from the files of `vectors/`. One table and one example for each construction. Hex in the examples is cut; on the wire it is whole.',
  '',
  'The suite sends `file`, `group`, `case`, `input`, and for a run with two sides `given`: what the other side makes. The shim hands `input` to the code of its program that `file` and `group` name, and answers in one of three ways:',
  '',
  '| the program                               | the shim answers                                                                                         |',
  '| ----------------------------------------- | -------------------------------------------------------------------------------------------------------- |',
  '| computes                                  | `{"id":7,"ok":{"outputs":{…}}}`, with at least the outputs of the table, under these names; bytes as lower-case hex |',
  '| refuses                                   | `{"id":7,"error":{"code":"…","message":"…"}}`, the code of `reject`                                      |',
  '| ignores: no effect, and nothing is reported | `{"id":7,"ok":{"outputs":{"ignored":true}}}`                                                            |',
  '',
  'A group that the program has no code for is answered with `unimplemented`. More outputs than asked for are welcome: values on the way, under the names of `intermediate` in the file, tell where to look when an output differs.',
  '',
  'Every secret and every random value that a case needs is in `input`. A signer that hedges may take the signature of the file, once it has verified it. What the answer is compared with is not sent.',
].join('\n')

const CUT = 24
const cut = (value: unknown): unknown => {
  if (typeof value === 'string' && value.length > CUT && /^[0-9a-f]+$/.test(value)) return `${value.slice(0, CUT)}…`
  if (Array.isArray(value)) return value.length > 2 ? [...value.slice(0, 2).map(cut), '…'] : value.map(cut)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cut(inner)]))
}
const line = (value: object) => JSON.stringify(cut(value))
const names = (list: readonly string[]) => list.map((name) => `\`${name}\``).join(', ')

function example(each: VectorCase): string[] {
  const { file, group, test } = each
  const [role] = rolesOfGroup(file, group)
  const given = role && givenTo(role, each)
  const outputs = Object.fromEntries(role ? outputsOf(role, each).map((name) => [name, test.output?.[name]]) : [])
  const code = test.reject?.code
  const answer =
    code === undefined
      ? { id: 7, ok: { outputs } }
      : code === IGNORED
        ? { id: 7, ok: { outputs: { ignored: true } } }
        : { id: 7, error: { code, message: test.comment } }
  const request = { file, group, case: test.id, input: test.input, ...(given && { given }) }
  return [line({ id: 7, do: 'vector', with: request }), line(answer)]
}

const size = ({ test }: VectorCase) => JSON.stringify(test.input).length

/** The shortest valid case, and the shortest that is refused. */
function examples(cases: readonly VectorCase[]): string[] {
  const shortest = (result: string) =>
    cases.filter(({ test }) => test.result === result).toSorted((a, b) => size(a) - size(b))[0]
  return [shortest('valid'), shortest('invalid')].flatMap((each) => (each ? example(each) : []))
}

function groupRow(file: VectorFile, label: string): string {
  const cases = casesOf([file]).filter(({ group }) => group === label)
  const valid = cases.find(({ test }) => test.result === 'valid')
  const roles = rolesOfGroup(file.construction, label)
  const outputs = valid
    ? [...new Set(roles.map((role) => names(outputsOf(role, valid))))].length === 1
      ? names(outputsOf(roles[0] ?? 'agent', valid))
      : roles.map((role) => `${role}: ${names(outputsOf(role, valid))}`).join('; ')
    : ''
  const members = names(Object.keys(cases[0]?.test.input ?? {}))
  return `| \`${label}\` | ${cases.length} | ${roles.join(', ')} | ${members} | ${outputs} |`
}

function section(file: VectorFile): string {
  const rows = file.groups.map(({ label }) => groupRow(file, label))
  return [
    `## ${file.construction}`,
    file.header.join(' '),
    ['| group | cases | roles | input | outputs |', '| --- | --- | --- | --- | --- |', ...rows].join('\n'),
    ['```json', ...examples(casesOf([file])), '```'].join('\n'),
  ].join('\n\n')
}

/** Markdown, not yet formatted. */
export const vectorsPage = (files: readonly VectorFile[]): string => `${[INTRO, ...files.map(section)].join('\n\n')}\n`
