// The JSON Schemas of the report and of the shim protocol, and the page about the vectors.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type TSchema, Type } from 'typebox'
import { Report } from './report/report.ts'
import { Implementation } from './runner/configuration.ts'
import { AgentState, ControllerState, events, ProgramLine, RequestLine, RpcEventData, verbs } from './shim/lines.ts'
import { loadVectors } from './vectors/cases.ts'
import { vectorsPage } from './vectors/page.ts'

const DRAFT = 'http://json-schema.org/draft-07/schema#'
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const BIOME = here('../node_modules/.bin/biome')

/** In the style of the repository, so that the formatter leaves it alone. */
export const formatted = (path: string, text: string): string =>
  execFileSync(BIOME, ['format', `--stdin-file-path=${path}`], { input: text, encoding: 'utf8', cwd: here('..') })

const schema = (title: string, { ...members }: TSchema) => ({ $schema: DRAFT, title, ...members })

/** By path. */
const schemas: Readonly<Record<string, object>> = {
  'report/report.schema.json': schema('Report of happy-remote-conformance', Report),
  'runner/implementation.schema.json': schema('implementation.json of happy-remote-conformance', Implementation),
  'shim/shim.schema.json': schema(
    'Lines of the shim protocol, version 1: what the suite writes, what a program writes, each verb and each event',
    Type.Object({
      request: RequestLine,
      line: ProgramLine,
      verbs: Type.Object(
        Object.fromEntries(
          Object.entries(verbs).map(([name, verb]) => [
            name,
            Type.Object({ with: verb.with, ok: verb.ok }, { description: verb.meaning }),
          ]),
        ),
      ),
      states: Type.Object({ agent: AgentState, controller: ControllerState }),
      events: Type.Object({
        ...Object.fromEntries(Object.entries(events).map(([name, { data }]) => [name, data])),
        'of the agent': RpcEventData,
      }),
    }),
  ),
}

/** By path. */
const pages: Readonly<Record<string, () => string>> = { 'shim/vectors.md': () => vectorsPage(loadVectors()) }

const generated: readonly string[] = [...Object.keys(schemas), ...Object.keys(pages)]
const textOf = (path: string): string => formatted(path, pages[path]?.() ?? JSON.stringify(schemas[path]))

export function emitSuite(): void {
  for (const path of generated) {
    const text = textOf(path)
    if (!process.argv.includes('--check')) writeFileSync(here(path), text)
    else if (readFileSync(here(path), 'utf8') !== text) {
      console.error(`conformance/${path} is not up to date: npm run generate`)
      process.exitCode = 1
    }
  }
}
