// node spec/validate.ts: validates the AsyncAPI documents with the official parser, warnings included. It is what
// `asyncapi validate` of @asyncapi/cli runs, without the 1,100 packages of its other commands. Installs it in spec/
// when it is missing (168 packages, 54 MB, once); nothing else needs it.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { documents } from './generate-asyncapi.ts'

const folder = import.meta.dirname
const tool = join(folder, 'node_modules/@asyncapi/parser/cjs/index.js')

/** What the tool finds, in the words of Spectral. Its own types are there only after it was installed. */
interface Finding {
  readonly severity: 0 | 1 | 2 | 3
  readonly code: string | number
  readonly message: string
  readonly source?: string
  readonly range: { readonly start: { readonly line: number; readonly character: number } }
}
interface Parser {
  parse(text: string, options?: { source: string }): Promise<{ document?: unknown; diagnostics: readonly Finding[] }>
}

const SEVERITIES = ['error', 'warning', 'information', 'hint'] as const
const WARNING = 1

if (!existsSync(tool)) {
  console.log('spec: installing @asyncapi/parser (54 MB, once)')
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) {
    console.error('spec: Cannot install @asyncapi/parser: npm ci failed in spec/ (is the registry reachable?)')
    process.exit(1)
  }
}

// It resolves references from here, and says where a fault is as seen from here.
process.chdir(folder)
const parser = new ((await import(tool)) as { Parser: new () => Parser }).Parser()

/** Sentences for people about what is not as it should be. */
async function faultsOf(text: string, source: string): Promise<string[]> {
  const { document, diagnostics } = await parser.parse(text, { source })
  const faults = diagnostics
    .filter(({ severity }) => severity <= WARNING)
    .map(({ severity, code, message, source: file = source, range: { start } }) => {
      const place = `spec/${file}:${start.line + 1}:${start.character + 1}`
      return `${place}: ${SEVERITIES[severity]} ${code}: ${message}`
    })
  return document === undefined && faults.length === 0 ? [`spec/${source}: cannot be parsed`] : faults
}

for (const { file, messages, operations } of documents) {
  const source = `asyncapi/${file}`
  const faults = await faultsOf(readFileSync(source, 'utf8'), source)
  const counts = `${messages.length} messages, ${operations.length} operations`
  console.log(`spec/asyncapi/${file}: ${faults.length === 0 ? `valid, ${counts}` : 'not valid'}`)
  for (const fault of faults) console.error(fault)
  if (faults.length > 0) process.exitCode = 1
}
