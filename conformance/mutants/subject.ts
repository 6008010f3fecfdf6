// The programs that mutants spoil, ready to run.

import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundle } from '../implementations/bundle.ts'
import type { LoadedImplementation } from '../runner/configuration.ts'
import { isOfSource, type Mutant, type SubjectName } from './mutant.ts'
import { spoilFile } from './spoil.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning']
const CACHE = here('../../node_modules/.cache/conformance')
const ASSISTANT = `${CACHE}/assistant.cjs`
let assistant: Promise<void> | undefined

/**
 * Gives `use` a subject as it is run, with one fault or, for comparison, whole. Rejects where the place of the fault is
 * not there, or what stands in it does not compile.
 */
export async function withProgram<T>(
  subject: SubjectName,
  mutant: Mutant | undefined,
  use: (program: LoadedImplementation) => Promise<T>,
): Promise<T> {
  const run = (command: string[]) => {
    const program = { command, env: { NODE_COMPILE_CACHE: CACHE, HAPPY_REMOTE_SCRIPTED_ASSISTANT: ASSISTANT } }
    const role = subject === 'scripted relay' ? 'relay' : subject
    return use({
      implementation: { name: mutant?.name ?? subject, roles: { [role]: program } },
      folder: here('../..'),
      known: [],
    })
  }
  if (subject === 'scripted relay') return run([...NODE, here('shim.ts'), mutant?.name ?? 'none'])
  // One name for all mutants of a process, so that the compile cache does not keep every one of them.
  const file = `${CACHE}/mutant-${process.pid}.cjs`
  mkdirSync(CACHE, { recursive: true })
  assistant ??= bundle(here('../assistants/acp.ts'), ASSISTANT)
  await assistant
  await bundle(here('../../impl-node/shim.ts'), file, mutant && isOfSource(mutant) ? spoilFile(mutant) : undefined)
  try {
    return await run([...NODE, file, subject])
  } finally {
    rmSync(file, { force: true })
  }
}
