#!/usr/bin/env node
// happy-remote-conformance: judges any implementation of Happy Remote Control.

import { enableCompileCache } from 'node:module'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { progressOn } from './report/progress.ts'
import type { RunOutput } from './runner/assemble.ts'
import { loadImplementation, relayUrl, suiteVersion, UsageError } from './runner/configuration.ts'
import { loadRequirements } from './runner/requirements.ts'
import { EXIT } from './runner/verdict.ts'

const HELP = `happy-remote-conformance: judges any implementation of Happy Remote Control

Usage:
  happy-remote-conformance run implementation.json     all roles that the file declares
  happy-remote-conformance run --relay ws://host:port  a relay by its address
  happy-remote-conformance list [--requirement id]     the scenarios
  happy-remote-conformance vectors implementation.json every case of the vectors
  happy-remote-conformance cluster a.json [b.json]     a relay, as two nodes of a cluster over Redis
  happy-remote-conformance matrix a.json b.json …      relay x agent x controller

  --out <folder>       where the report goes; default conformance-report
  --filter <part>      only scenarios with this part in their id, or of this requirement; * for anything;
                       of a matrix also a letter
  --strict             a SHOULD that is not met fails the run
  --loose-errors       any error code counts where the spec names one
  --again              judge what failed once more, alone; what passes then is listed as unsteady
  --nodes              of a matrix: the relay is two nodes of a cluster, agent and controller each at its own
  --workers <number>   scenarios at a time
  --spec-url <address> where the links of the report to the spec lead; default the spec of this suite
  --json               the report, or the list, as JSON on standard output
  --version, --help

A relay takes about a minute, because some scenarios wait for 45 s of silence. The first page to read is
conformance/README.md: Test your relay in five minutes, test your client in an afternoon.

Exit codes: 0 the required set passed; 1 an unexpected failure, or a known failure that is none any more;
2 wrong use; 3 the program did not start or broke the shim protocol; 4 a mistake of the suite itself.
`

// Each worker loads the same modules, and so does each program under test; it costs less with what the first one has
// compiled.
process.env.NODE_COMPILE_CACHE ??= enableCompileCache().directory

const progress = progressOn(process.stderr)

const OPTIONS = {
  relay: { type: 'string' },
  out: { type: 'string', default: 'conformance-report' },
  filter: { type: 'string' },
  requirement: { type: 'string' },
  workers: { type: 'string' },
  strict: { type: 'boolean', default: false },
  'loose-errors': { type: 'boolean', default: false },
  'spec-url': { type: 'string' },
  again: { type: 'boolean', default: false },
  nodes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  version: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

type Values = ReturnType<typeof parse>['values']

function optionsOf({ workers: text, strict, 'loose-errors': looseErrors, filter, again }: Values) {
  const workers = text === undefined ? undefined : Number(text)
  if (workers !== undefined && !(Number.isInteger(workers) && workers > 0))
    throw new UsageError('--workers wants a number')
  return {
    ...{ strict, looseErrors, filter, again },
    ...(workers !== undefined && { workers }),
    onProgress: progress.onProgress,
  }
}

/** Writes the report, and says what is in it. */
async function conclude({ report, transcripts }: RunOutput, values: Values): Promise<number> {
  const { writeReport } = await import('./report/write.ts')
  const { consoleText } = await import('./report/console.ts')
  const out = resolve(values.out)
  progress.end()
  const specUrl = values['spec-url']
  writeReport(out, report, transcripts, specUrl)
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  else
    process.stdout.write(
      `${consoleText(report)}Report: ${out}/report.html; beside it report.json, junit.xml, summary.md, badge.json, transcripts\n`,
    )
  return report.outcome.exitCode
}

async function runCommand(files: readonly string[], values: Values): Promise<number> {
  const [file, ...more] = files
  if (more.length > 0 || (file === undefined) === (values.relay === undefined)) {
    throw new UsageError('run wants one implementation.json, or --relay with an address')
  }
  const options = optionsOf(values)
  const subject = file === undefined ? { url: relayUrl(values.relay ?? '') } : loadImplementation(file)
  // Cucumber takes half a second to load, which wrong use need not wait for.
  const { run } = await import('./runner/run.ts')
  return conclude(await run(subject, options), values)
}

async function clusterCommand(files: readonly string[], values: Values): Promise<number> {
  const [first, second, ...more] = files
  if (first === undefined || more.length > 0) throw new UsageError('cluster wants one implementation.json, or two')
  const subject = loadImplementation(first)
  const secondNode = second === undefined || second === first ? subject : loadImplementation(second)
  const { run } = await import('./runner/run.ts')
  return conclude(await run(subject, { ...optionsOf(values), secondNode }), values)
}

async function vectorsCommand(files: readonly string[], values: Values): Promise<number> {
  const [file, ...more] = files
  if (file === undefined || more.length > 0) throw new UsageError('vectors wants one implementation.json')
  const options = optionsOf(values)
  const subject = loadImplementation(file)
  const { runVectors } = await import('./runner/vectors.ts')
  return conclude(await runVectors(subject, options), values)
}

async function matrixCommand(files: readonly string[], values: Values): Promise<number> {
  if (files.length === 0) throw new UsageError('matrix wants implementation files, one or more')
  const options = optionsOf(values)
  const subjects = files.map(loadImplementation)
  const { runMatrix } = await import('./runner/matrix.ts')
  const { cellText } = await import('./report/cells.ts')
  const output = await runMatrix(subjects, {
    ...options,
    hasTwoNodes: values.nodes,
    onCell: ({ relay, agent, controller, scenarios }, verdictOf, done, all) => {
      const entries = scenarios.flatMap(({ letter, id }) => {
        const verdict = verdictOf(id)
        return verdict ? [{ letter, verdict }] : []
      })
      process.stderr.write(
        `${done} of ${all}: relay ${relay}, agent ${agent}, controller ${controller}: ${cellText(entries)}\n`,
      )
    },
  })
  return conclude(output, values)
}

async function listCommand(words: readonly string[], { requirement, json }: Values): Promise<number> {
  if (words.length > 0) throw new UsageError(`list does not know ${words[0]}`)
  const requirements = loadRequirements()
  if (requirement !== undefined && !requirements.byId.has(requirement)) {
    throw new UsageError(`The spec has no requirement ${requirement}`)
  }
  const { catalogue } = await import('./runner/catalogue.ts')
  const { ROLES_IN_SUITE } = await import('./runner/run.ts')
  const folders = [...ROLES_IN_SUITE, 'interop' as const]
  const all = folders.flatMap((role) => catalogue(role, requirements))
  const shown = all.filter((each) => requirement === undefined || each.requirements.includes(requirement))
  if (json) {
    process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
    return EXIT.passed
  }
  for (const { id, requirements: ids } of shown) process.stdout.write(`${id}\n    ${ids.join(' ')}\n`)
  process.stdout.write(`${shown.length} scenarios\n`)
  return EXIT.passed
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args)
  const [command, ...words] = positionals
  if (values.help) process.stdout.write(HELP)
  else if (values.version) process.stdout.write(`${suiteVersion()}\n`)
  else if (command === 'run') return runCommand(words, values)
  else if (command === 'list') return listCommand(words, values)
  else if (command === 'vectors') return vectorsCommand(words, values)
  else if (command === 'cluster') return clusterCommand(words, values)
  else if (command === 'matrix') return matrixCommand(words, values)
  else throw new UsageError(command === undefined ? 'A command is wanted' : `There is no command ${command}`)
  return EXIT.passed
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  progress.end()
  const isUsage = error instanceof UsageError
  process.stderr.write(
    isUsage
      ? `${error.message}\nhappy-remote-conformance --help tells more\n`
      : `The suite failed: ${(error as Error).stack}\n`,
  )
  process.exitCode = isUsage ? EXIT.usage : EXIT.suiteError
}
