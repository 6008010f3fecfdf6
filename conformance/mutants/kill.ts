// node conformance/mutants/kill.ts [--only name] [--check]: runs every mutant against the scenarios of the
// requirements that it breaks, and writes kills.md. Fails where a mutant survives, or a MUST that the
// suite claims has no mutant.

import { fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatted } from '../generated.ts'
import { catalogue, loadSuite, type Scenario } from '../runner/catalogue.ts'
import { isMandatory, loadRequirements } from '../runner/requirements.ts'
import { run } from '../runner/run.ts'
import type { RelayMutant } from './mutant.ts'
import { relayMutants } from './relay/index.ts'

/** They wait more than they compute. */
const PROCESSES = 8
const TABLE = fileURLToPath(new URL('kills.md', import.meta.url))

interface Kill {
  readonly name: string
  /** Scenarios that failed, by id. */
  readonly killedBy: readonly string[]
  readonly ran: number
  /** By requirement: it was cited by a scenario that failed. */
  readonly bitten: readonly string[]
  /** Why the mutant could not be judged. */
  readonly trouble?: string
}

const subject = (name: string) => ({
  implementation: {
    name,
    roles: {
      relay: {
        command: [
          process.execPath,
          '--disable-warning=ExperimentalWarning',
          fileURLToPath(new URL('shim.ts', import.meta.url)),
          name,
        ],
        env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/conformance', import.meta.url)) },
      },
    },
  },
  folder: process.cwd(),
  known: [],
})

async function kill({ name, breaks }: RelayMutant, support: Awaited<ReturnType<typeof loadSuite>>): Promise<Kill> {
  const options = { strict: true, looseErrors: false, filter: undefined, requirements: breaks, workers: 1, support }
  const { report } = await run(subject(name), options)
  const { trouble } = report.outcome
  const failed = report.scenarios.filter(({ verdict }) => verdict === 'fail' || verdict === 'non-strict')
  const broken = report.scenarios.find(({ verdict }) => verdict === 'suite-error')
  const cited = new Set(failed.flatMap(({ requirements }) => requirements))
  const why = trouble ?? (broken && `${broken.id}: ${broken.message}`)
  return {
    name,
    killedBy: failed.map(({ id }) => id),
    ran: report.scenarios.length,
    bitten: breaks.filter((each) => cited.has(each)),
    ...(why !== undefined && { trouble: why }),
  }
}

/** A child takes names, one at a time, and answers each with a Kill. */
async function child(): Promise<void> {
  const support = await loadSuite()
  process.on('message', async (name: string) => {
    const mutant = relayMutants.find((each) => each.name === name)
    if (mutant) process.send?.(await kill(mutant, support))
  })
  process.send?.(null)
}

function killAll(names: string[]): Promise<Kill[]> {
  const kills: Kill[] = []
  const left = [...names]
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const worker = fork(fileURLToPath(import.meta.url), ['--child'], {
        execArgv: ['--disable-warning=ExperimentalWarning'],
      })
      worker.on('message', (kill: Kill | null) => {
        if (kill) {
          kills.push(kill)
          process.stderr.write(
            `${kill.killedBy.length > 0 ? 'killed  ' : 'SURVIVED'} ${kill.name}${kill.trouble ? `: ${kill.trouble}` : ''}\n`,
          )
        }
        const next = left.shift()
        if (next === undefined) worker.disconnect()
        else worker.send(next)
      })
      worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`A child ended with ${code}`))))
    })
  return Promise.all(Array.from({ length: Math.min(PROCESSES, names.length) }, one)).then(() => kills)
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const code = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(', ')
const killers = ([first, ...more]: readonly string[]) => {
  if (first === undefined) return '**survived**'
  return more.length > 0 ? `\`${first}\` and ${more.length} more` : `\`${first}\``
}

function table(kills: readonly Kill[], claimed: readonly string[], scenarios: readonly Scenario[]): string {
  const of = (name: string) => kills.find((each) => each.name === name)
  const bitten = new Set(kills.flatMap((each) => each.bitten))
  const without = claimed.filter((id) => !bitten.has(id))
  const killed = kills.filter(({ killedBy }) => killedBy.length > 0).length
  const rows = relayMutants.map(({ name, does, breaks }) =>
    row([`\`${name}\``, does, code(breaks), killers(of(name)?.killedBy ?? [])]),
  )
  const text = [
    '# Mutants of a relay, and what kills them',
    'Written by `conformance/mutants/kill.ts`. A mutant is the scripted relay with one fault. It is killed when a scenario of a requirement that it breaks fails; without a fault, the same relay passes every scenario.',
    `${killed} of ${relayMutants.length} mutants are killed. Of the ${claimed.length} requirements at the level MUST that ${scenarios.length} scenarios cite, ${claimed.length - without.length} have killed a mutant${without.length > 0 ? `; none yet: ${without.map((id) => `\`${id}\``).join(', ')}` : ''}.`,
    [row(['mutant', 'a relay that …', 'breaks', 'killed by']), row(['---', '---', '---', '---']), ...rows].join('\n'),
    '',
  ].join('\n\n')
  return formatted('mutants/kills.md', text)
}

async function main(): Promise<void> {
  const only = process.argv.indexOf('--only')
  const names = relayMutants.map(({ name }) => name).filter((name) => only < 0 || name === process.argv[only + 1])
  const requirements = loadRequirements()
  const scenarios = await catalogue('relay', await loadSuite(), requirements)
  const judged = scenarios.filter(({ isInformational }) => !isInformational)
  const claimed = [...new Set(judged.flatMap((each) => each.requirements))].filter((id) =>
    isMandatory(requirements.byId.get(id)?.level ?? 'MAY'),
  )
  const kills = await killAll(names)
  const survivors = kills.filter(({ killedBy }) => killedBy.length === 0)
  const bitten = new Set(kills.flatMap((each) => each.bitten))
  if (only >= 0) console.log(JSON.stringify(kills, null, 2))
  else {
    const text = table(kills, claimed, scenarios)
    if (process.argv.includes('--check')) {
      if (readFileSync(TABLE, 'utf8') !== text) console.error('kills.md is not up to date')
    } else writeFileSync(TABLE, text)
    for (const id of claimed.filter((each) => !bitten.has(each))) console.error(`no mutant of ${id} dies`)
    console.log(`${kills.length - survivors.length} of ${kills.length} mutants are killed`)
    if (claimed.some((id) => !bitten.has(id))) process.exitCode = 1
  }
  if (survivors.length > 0) process.exitCode = 1
}

if (process.argv.includes('--child')) await child()
else await main()
