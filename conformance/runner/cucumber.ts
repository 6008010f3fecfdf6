// Cucumber, which runs the scenarios.

import { fileURLToPath } from 'node:url'
import { loadSupport, runCucumber } from '@cucumber/cucumber/api'

/** What it tells while it runs. */
export type Envelope = Parameters<NonNullable<Parameters<typeof runCucumber>[2]>>[0]

/** The folder of the suite itself, where it runs. */
export const SUITE_FOLDER = fileURLToPath(new URL('..', import.meta.url))

export type Support = Awaited<ReturnType<typeof loadSupport>>

const sources = (paths: string[]) => ({
  defaultDialect: 'en',
  paths,
  names: [],
  tagExpression: '',
  order: 'defined' as const,
})
const IMPORTS = { roles: ['steps/*.ts'], interop: ['steps/interop/*.ts'] }

/** The suite's own words for what a step is. */
const runtime = {
  dryRun: false,
  failFast: false,
  filterStacktraces: true,
  retry: 0,
  retryTagFilter: '',
  strict: true,
  parallel: 0,
  worldParameters: {},
}

export type RunOptions = Partial<Pick<typeof runtime, 'parallel'>> & {
  readonly worldParameters?: Record<string, unknown>
}

/** Runs Cucumber on feature files or `file:line` paths, and hands its messages on. */
export async function cucumber(
  paths: string[],
  support: Support,
  options: RunOptions,
  onMessage: (message: Envelope) => void,
): Promise<void> {
  const environment = { cwd: SUITE_FOLDER, stdout: process.stderr, stderr: process.stderr, env: process.env }
  await runCucumber(
    {
      sources: sources(paths),
      support,
      runtime: { ...runtime, ...options } as never,
      formats: {
        stdout: fileURLToPath(new URL('quiet-formatter.ts', import.meta.url)),
        files: {},
        publish: false,
        options: {},
      },
    } as never,
    environment,
    onMessage,
  )
}

/** The steps of the scenarios of one role, or of those of three programs with each other. */
export async function loadSuite(steps: keyof typeof IMPORTS = 'roles'): Promise<Support> {
  return loadSupport({ sources: sources([]), support: { importPaths: IMPORTS[steps] } }, { cwd: SUITE_FOLDER })
}
