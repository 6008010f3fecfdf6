// What the vector files say about requirements, through the flags that their cases carry.

export interface VectorCases {
  readonly valid: number
  readonly invalid: number
}

export interface VectorFile {
  readonly name: string
  /** By requirement: the cases that carry a flag which names it. */
  readonly cases: ReadonlyMap<string, VectorCases>
  /** All requirements that its flags name, carried or not. */
  readonly named: ReadonlySet<string>
  /** Error codes with which its cases are refused. */
  readonly codes: ReadonlySet<string>
  /** Its labels, comments and descriptions. */
  readonly words: string
}

interface VectorJson {
  readonly header?: readonly string[]
  readonly flags?: Readonly<Record<string, { readonly requirement?: string; readonly description?: string }>>
  readonly groups?: readonly {
    readonly label?: string
    readonly tests?: readonly {
      readonly comment?: string
      readonly flags?: readonly string[]
      readonly result?: 'valid' | 'invalid'
      readonly reject?: { readonly code?: string }
    }[]
  }[]
}

export function readVectorFile(name: string, text: string): VectorFile {
  const { header = [], flags = {}, groups = [] } = JSON.parse(text) as VectorJson
  const cases = new Map<string, VectorCases>()
  const codes = new Set<string>()
  const words = [...header, ...Object.values(flags).map(({ description = '' }) => description)]
  for (const { label = '', tests = [] } of groups) {
    words.push(label)
    for (const { comment = '', flags: carried = [], result, reject } of tests) {
      words.push(comment)
      if (reject?.code !== undefined) codes.add(reject.code)
      for (const id of new Set(carried.flatMap((flag) => flags[flag]?.requirement ?? []))) {
        const { valid, invalid } = cases.get(id) ?? { valid: 0, invalid: 0 }
        cases.set(id, result === 'invalid' ? { valid, invalid: invalid + 1 } : { valid: valid + 1, invalid })
      }
    }
  }
  const named = new Set(Object.values(flags).flatMap(({ requirement }) => requirement ?? []))
  return { name, cases, named, codes, words: words.join('\n') }
}
