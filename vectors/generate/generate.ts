// Makes the text of every generated file in memory.

import { sha256 } from '@noble/hashes/sha2.js'
import { ascii, hex } from '../protocol/bytes.ts'
import { constructions } from './constructions.ts'
import { buildFile, readIds, toText } from './file.ts'
import { schemaOf } from './schemas.ts'

/** Paths below `vectors/`, with their text. Names that ids.json lacks get an id. */
export async function generate(): Promise<Map<string, string>> {
  const ids = readIds()
  const files = new Map<string, string>()
  const sums: string[] = []
  for (const construction of constructions) {
    const name = `${construction.construction}.json`
    const text = toText(await buildFile(construction, ids))
    files.set(name, text)
    files.set(`schema/${construction.construction}.schema.json`, toText(schemaOf(construction)))
    sums.push(`${hex(sha256(ascii(text)))}  ${name}\n`)
  }
  files.set('SHA256SUMS', sums.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)).join(''))
  files.set('generate/ids.json', toText(ids))
  return files
}
