// Writes every vector file, its schema and SHA256SUMS.

import { mkdirSync, writeFileSync } from 'node:fs'
import { generate } from './generate.ts'

const root = new URL('../', import.meta.url)
mkdirSync(new URL('schema/', root), { recursive: true })
const files = await generate()
for (const [path, text] of files) writeFileSync(new URL(path, root), text)
const size = [...files.values()].reduce((sum, text) => sum + text.length, 0)
console.log(`${files.size} files, ${Math.round(size / 1024)} KiB`)
