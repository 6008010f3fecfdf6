// Citations of requirements in code: a comment that begins with an id has to name one that the prose has.

export interface SourceFile {
  readonly path: string
  /** Ids that a comment begins with. */
  readonly cited: ReadonlySet<string>
}

const WORD = /(?<![\w.`/-])[a-z]+(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+(?![\w(])/g
const COMMENT = /(?:(?<!:)\/\/|^\s*\/?\*+)\s*(.*)$/gm
const LEADING = /^(?:[a-z]+(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+(?:, | and |$|(?=[:;. ])))+/

export function readSourceFile(path: string, text: string): SourceFile {
  const comments = [...text.matchAll(COMMENT)].map((found) => found[1] as string)
  return { path, cited: new Set(comments.flatMap((comment) => LEADING.exec(comment)?.[0].match(WORD) ?? [])) }
}
