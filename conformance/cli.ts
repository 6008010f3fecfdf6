#!/usr/bin/env node
// happy-remote-conformance: judges any implementation of Happy Remote Control.

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadImplementation, relayUrl, suiteVersion, UsageError } from './runner/configuration.ts'
import { loadRequirements } from './runner/requirements.ts'
import { EXIT } from './runner/verdict.ts'

const HELP = `happy-remote-conformance: judges any implementation of Happy Remote Control

Usage:
  happy-remote-conformance run implementation.json     all roles that the file declares
  happy-remote-conformance run --relay ws://host:port  a relay by its address
  happy-remote-conformance list [--requirement id]     the scenarios
  happy-remote-conformance vectors implementation.json not in this version
  happy-remote-conformance matrix a.json b.json …      not in this version

  --out <folder>       where the report goes; default conformance-report
  --filter <part>      only scenarios with this part in their id, or of this requirement; * for anything
  --strict             a SHOULD that is not met fails the run
  --loose-errors       any error code counts where the spec names one
  --workers <number>   scenarios at a time
  --json               the report, or the list, as JSON on standard output
  --version, --help

Exit codes: 0 the required set passed; 1 an unexpected failure, or a known failure that is none any more;
2 wrong use; 3 the program did not start or broke the shim protocol; 4 a mistake of the suite itself.
`

const OPTIONS = {
  relay: { type: 'string' },
  out: { type: 'string', default: 'conformance-report' },
  filter: { type: 'string' },
  requirement: { type: 'string' },
  workers: { type: 'string' },
  strict: { type: 'boolean', default: false },
  'loose-errors': { type: 'boolean', default: false },
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

async function runCommand(files: readonly string[], values: Values): Promise<number> {
  const [file, ...more] = files
  if (more.length > 0 || (file === undefined) === (values.relay === undefined)) {
    throw new UsageError('run wants one implementation.json, or --relay with an address')
  }
  const workers = values.workers === undefined ? undefined : Number(values.workers)
  if (workers !== undefined && !(Number.isInteger(workers) && workers > 0))
    throw new UsageError('--workers wants a number')
  const subject = file === undefined ? { url: relayUrl(values.relay ?? '') } : loadImplementation(file)
  // Cucumber takes half a second to load, which wrong use need not wait for.
  const { run } = await import('./runner/run.ts')
  const { sentence } = await import('./report/markdown.ts')
  const { writeReport } = await import('./report/write.ts')
  const { report, transcripts } = await run(subject, {
    strict: values.strict,
    looseErrors: values['loose-errors'],
    filter: values.filter,
    ...(workers !== undefined && { workers }),
    onProgress: (done, all) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${all}${done === all ? '\n' : ''}`)
    },
  })
  const out = resolve(values.out)
  writeReport(out, report, transcripts)
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  else {
    for (const { verdict, id, message = '', knownFailure } of report.scenarios) {
      if (verdict === 'pass') continue
      const known = knownFailure === undefined ? '' : ` (known: ${knownFailure})`
      process.stdout.write(`${verdict.padEnd(15)} ${id}${message && `: ${message}`}${known}\n`)
    }
    for (const id of report.outcome.staleKnownFailures) {
      process.stdout.write(`stale known failure: ${id} does not fail; take it out\n`)
    }
    for (const role of report.notYetInSuite) {
      process.stdout.write(`not tested: this version of the suite has no scenarios for the role ${role}\n`)
    }
    process.stdout.write(`${sentence(report)}\nReport: ${out}/report.json, report.html, summary.md, junit.xml\n`)
  }
  return report.outcome.exitCode
}

async function listCommand(words: readonly string[], { requirement, json }: Values): Promise<number> {
  if (words.length > 0) throw new UsageError(`list does not know ${words[0]}`)
  const requirements = loadRequirements()
  if (requirement !== undefined && !requirements.byId.has(requirement)) {
    throw new UsageError(`The spec has no requirement ${requirement}`)
  }
  const { catalogue, loadSuite } = await import('./runner/catalogue.ts')
  const { ROLES_IN_SUITE } = await import('./runner/run.ts')
  const support = await loadSuite()
  const all = (await Promise.all(ROLES_IN_SUITE.map((role) => catalogue(role, support, requirements)))).flat()
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
  else if (command === 'vectors' || command === 'matrix') {
    throw new UsageError(`${command} is not in this version of the suite`)
  } else throw new UsageError(command === undefined ? 'A command is wanted' : `There is no command ${command}`)
  return EXIT.passed
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof UsageError
  process.stderr.write(
    isUsage
      ? `${error.message}\nhappy-remote-conformance --help tells more\n`
      : `The suite failed: ${(error as Error).stack}\n`,
  )
  process.exitCode = isUsage ? EXIT.usage : EXIT.suiteError
}
