// npm run soak: real programs behind a relay that loses, doubles, swaps, delays and cuts, killed at random, and the
// account of every command at the end.

import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from '../runner/build.ts'
import { type LoadedImplementation, loadImplementation } from '../runner/configuration.ts'
import { preflight } from '../runner/preflight.ts'
import { EXIT } from '../runner/verdict.ts'
import type { Target } from '../steps/parameters.ts'
import { TOLERANCE } from './memory.ts'
import { mib, type SoakReport, soak } from './soak.ts'

const HELP = `npm run soak -- [options]

  --minutes <number>, --seconds <number>   how long things go wrong; default 60 s
  --seed <text>        decides every fault; default a new one, which is printed
  --impl <agent[+controller]>  node, deno, node+deno, deno+node, or all four; may stand several times; default all
  --at-once            all of them at the same time
  --json               the report as JSON on standard output

Exit codes: 0 nothing is wrong; 1 something is; 2 wrong use.
`

const NAMES = ['node', 'deno'] as const
type Name = (typeof NAMES)[number]
const isName = (text: string): text is Name => (NAMES as readonly string[]).includes(text)

class Misuse extends Error {}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        minutes: { type: 'string' },
        seconds: { type: 'string' },
        seed: { type: 'string' },
        impl: { type: 'string', multiple: true, default: ['all'] },
        'at-once': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new Misuse((error as Error).message)
  }
}

function timeOf({ minutes, seconds }: { minutes?: string | undefined; seconds?: string | undefined }): number {
  const time = minutes === undefined ? Number(seconds ?? 60) * 1_000 : Number(minutes) * 60_000
  if (!(time >= 1_000 && time <= 86_400_000)) throw new Misuse('A soak takes from a second to a day')
  return time
}

function pairsOf(texts: readonly string[]): [Name, Name][] {
  return texts.flatMap((text): [Name, Name][] => {
    if (text === 'all') return NAMES.flatMap((agent) => NAMES.map((controller): [Name, Name] => [agent, controller]))
    const [agent = '', controller = agent] = text.split('+')
    if (!isName(agent) || !isName(controller)) throw new Misuse(`--impl does not know ${text}`)
    return [[agent, controller]]
  })
}

async function targetOf(subject: LoadedImplementation, role: 'agent' | 'controller'): Promise<Target> {
  const declared = subject.implementation.roles[role]
  if (!declared) throw new Misuse(`${subject.implementation.name} has no ${role}`)
  const program = { ...declared, cwd: subject.folder }
  return { kind: 'program', program, capabilities: (await preflight(role, program)).capabilities }
}

function textOf(report: SoakReport): string {
  const { name, seed, seconds, frames, faults, cuts, kills, commands, verdicts, permissions, entries, memory, calm } =
    report
  const met = Object.entries(faults).map(([fault, count]) => `${count} ${fault}`)
  return [
    `${name}, ${seconds} s, seed ${seed}: ${report.wrong.length === 0 ? 'nothing lost, nothing twice' : 'WRONG'}`,
    `  ${frames} frames: ${met.join(', ')}`,
    `  ${cuts} connections cut; killed: relay ${kills.relay}, agent ${kills.agent}, controller ${kills.controller}`,
    `  ${commands} commands: ${verdicts.once} done once, ${verdicts.interrupted} interrupted by a kill of the agent and told so, ${verdicts.unanswered} without an answer because the controller was killed first`,
    `  ${permissions} permissions, one outcome each; ${entries} entries of the journal, the same at both controllers`,
    ...memory.map(
      ({ who, seconds: long, first, second, tenths }) =>
        `  memory of ${who} over ${long} s: ${mib(first)} MiB, then ${mib(second)} MiB (${tenths.map(mib).join(' ')})`,
    ),
    `  all had ended ${calm} s after the last fault`,
    ...report.wrong.map((what) => `  WRONG: ${what}`),
    '',
  ].join('\n')
}

async function main(args: string[]): Promise<number> {
  const values = parse(args)
  if (values.help) {
    process.stdout.write(HELP)
    return EXIT.passed
  }
  const [time, pairs] = [timeOf(values), pairsOf(values.impl)]
  const seed = values.seed ?? String(randomInt(1_000_000))
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  say(`seed ${seed}; memory is flat within ${TOLERANCE.part * 100} % and ${mib(TOLERANCE.bytes)} MiB`)
  const subjects = new Map<Name, LoadedImplementation>()
  for (const name of new Set(pairs.flat())) {
    const subject = loadImplementation(fileURLToPath(new URL(`../implementations/${name}.json`, import.meta.url)))
    await build(subject)
    subjects.set(name, subject)
  }
  const subject = (name: Name) => subjects.get(name) as LoadedImplementation
  const one = async ([agent, controller]: [Name, Name]) => {
    const cast = {
      agent: await targetOf(subject(agent), 'agent'),
      controller: await targetOf(subject(controller), 'controller'),
    }
    const report = await soak(`agent ${agent}, controllers ${controller}`, seed, time, cast, say)
    if (!values.json) process.stdout.write(textOf(report))
    return report
  }
  const ended: PromiseSettledResult<SoakReport>[] = []
  if (values['at-once']) ended.push(...(await Promise.allSettled(pairs.map(one))))
  else for (const pair of pairs) ended.push(...(await Promise.allSettled([one(pair)])))
  const reports = ended.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const broken = ended.flatMap((each) => (each.status === 'rejected' ? [(each.reason as Error).message] : []))
  for (const what of broken) say(`WRONG: ${what}`)
  if (values.json) process.stdout.write(`${JSON.stringify({ seed, reports, broken }, null, 2)}\n`)
  return broken.length === 0 && reports.every(({ wrong }) => wrong.length === 0) ? EXIT.passed : EXIT.failed
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Misuse)) throw error
  process.stderr.write(`${error.message}\nnpm run soak -- --help tells more\n`)
  process.exitCode = EXIT.usage
}
