// Recomputes every vector from its inputs on every back end of this runtime, and compares:
// `node vectors/verify.ts` or `deno run -A vectors/verify.ts`, with another folder of vectors as an
// argument or none. Exits 1 on any mismatch.

import { readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import type { Backend } from './backend/backend.ts'
import { noble } from './backend/noble.ts'
import { nodeCrypto } from './backend/node-crypto.ts'
import { webCrypto } from './backend/web-crypto.ts'
import type { VectorFile } from './generate/file.ts'
import { verifyFile } from './verify-file.ts'

const runtime = 'Deno' in globalThis ? 'deno' : 'node'
const backends: readonly Backend[] = [noble, nodeCrypto, webCrypto]
const root = process.argv[2] ? pathToFileURL(`${process.argv[2]}/`) : new URL('./', import.meta.url)
const names = readdirSync(root).filter((name) => name.endsWith('.json') && name !== 'package.json')

let passed = 0
let failed = 0
for (const backend of backends) {
  const sum = { passed: 0, notOffered: 0, mismatches: [] as string[] }
  for (const name of names) {
    const file = JSON.parse(readFileSync(new URL(name, root), 'utf8')) as VectorFile
    const result = await verifyFile(file, backend)
    sum.passed += result.passed
    sum.notOffered += result.notOffered
    sum.mismatches.push(...result.mismatches)
  }
  const rest = sum.notOffered > 0 ? `, ${sum.notOffered} need a primitive that it does not have here` : ''
  console.log(`${runtime} · ${backend.name}: ${sum.passed} passed, ${sum.mismatches.length} failed${rest}`)
  for (const mismatch of sum.mismatches) console.error(`  ${mismatch}`)
  passed += sum.passed
  failed += sum.mismatches.length
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
