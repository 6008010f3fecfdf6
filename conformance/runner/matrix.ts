// `matrix`: relay x agent x controller over several implementations, each cell with every interop scenario.

import { availableParallelism } from 'node:os'
import type { Cell, Identity, Matrix } from '../report/matrix.ts'
import { ROLES, type Role } from '../shim/lines.ts'
import type { Target } from '../steps/parameters.ts'
import { judgedAgain } from './again.ts'
import { assemble, type RunOutput, startClock } from './assemble.ts'
import { build } from './build.ts'
import { catalogue, type Scenario } from './catalogue.ts'
import { type LoadedImplementation, named, rolesOf, UsageError } from './configuration.ts'
import { loadSuite, type Support } from './cucumber.ts'
import { execute, type Result } from './execute.ts'
import { CannotTest, preflight } from './preflight.ts'
import { loadRequirements } from './requirements.ts'
import type { RunOptions } from './run.ts'
import { selects } from './selection.ts'
import type { Verdict } from './verdict.ts'

/** Scenarios at a time; each has three programs or four, which wait more than they compute. */
const WORKERS = Math.max(6, 2 * availableParallelism())

type Names = Readonly<Record<Role, string>>

/**
 * The cells: a cube of the first two implementations of each role, and for each further one the four cells
 * in which it takes one place and the first two have the others.
 */
export function cellsOf(namesOfRole: Readonly<Record<Role, readonly string[]>>): Names[] {
  const first = Object.fromEntries(ROLES.map((role) => [role, namesOfRole[role].slice(0, 2)])) as Record<Role, string[]>
  const cube = (lists: Readonly<Record<Role, readonly string[]>>): Names[] =>
    lists.relay.flatMap((relay) =>
      lists.agent.flatMap((agent) => lists.controller.map((controller) => ({ relay, agent, controller }))),
    )
  const points = ROLES.flatMap((role) =>
    namesOfRole[role].slice(2).flatMap((name) => cube({ ...first, [role]: [name] })),
  )
  return [...cube(first), ...points]
}

const slug = (name: string) =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

/** `matrix/rust+node+node/R`: an id for known failures and files, in which names are written as in a file name. */
const idOf = ({ relay, agent, controller }: Names, letter: string): string =>
  `matrix/${[relay, agent, controller].map(slug).join('+')}/${letter}`

interface Member {
  readonly subject: LoadedImplementation
  readonly name: string
  readonly targets: ReadonlyMap<Role, Target>
  readonly identities: readonly Identity[]
}

/** Says who is there. Throws CannotTest, with the name of the implementation. */
async function member(subject: LoadedImplementation): Promise<Member> {
  const { name, roles } = subject.implementation
  const targets = new Map<Role, Target>()
  const identities: Identity[] = []
  try {
    await build(subject)
    for (const role of rolesOf(subject.implementation)) {
      const declared = roles[role]
      if (!declared) continue
      const program = { ...declared, cwd: subject.folder }
      const hello = await preflight(role, program)
      identities.push(hello)
      targets.set(role, { kind: 'program', program, capabilities: hello.capabilities })
    }
  } catch (error) {
    if (error instanceof CannotTest) throw new CannotTest(`${name}: ${error.message}`)
    throw error
  }
  return { subject, name, targets, identities }
}

interface Unit {
  readonly cell: Names
  readonly letter: string
  /** As the report names it. */
  readonly scenario: Scenario
  /** As Cucumber finds it. */
  readonly original: Scenario
}

function unitsOf(cell: Names, scenarios: readonly Scenario[]): Unit[] {
  const { relay, agent, controller } = cell
  return scenarios.map((original) => {
    const letter = original.letter ?? ''
    const feature = `relay ${relay}, agent ${agent}, controller ${controller}`
    return { cell, letter, original, scenario: { ...original, id: idOf(cell, letter), feature } }
  })
}

/** The relay that stands after that of `name`: with two implementations the other one. */
function nextRelay(members: readonly Member[], name: string): Target | undefined {
  const relays = members.filter(({ targets }) => targets.has('relay'))
  const at = relays.findIndex((each) => each.name === name)
  return relays[(at + 1) % relays.length]?.targets.get('relay')
}

/** Runs all units, so many at a time, each with programs of its own. */
async function runUnits(
  units: readonly Unit[],
  members: readonly Member[],
  support: Support,
  { looseErrors, again, workers = WORKERS, hasTwoNodes }: MatrixOptions,
  onDone: (unit: Unit, result: Result) => void,
): Promise<ReadonlyMap<Unit, Result>> {
  const results = new Map<Unit, Result>()
  // What waits for long begins first, so that the rest runs meanwhile.
  const waiting = units.toSorted((a, b) => Number(b.original.isLong) - Number(a.original.isLong))
  const lane = async () => {
    for (let unit = waiting.shift(); unit; unit = waiting.shift()) {
      const { cell, original, scenario } = unit
      const targets = Object.fromEntries(
        ROLES.map((role) => [role, members.find(({ name }) => name === cell[role])?.targets.get(role)]),
      )
      const secondNode = hasTwoNodes ? nextRelay(members, cell.relay) : undefined
      const parameters = { targets, looseErrors, ...(secondNode && { secondNode }) }
      const alone = (some: Scenario[]) => execute(some, support, parameters, 1, () => {})
      const first = await alone([original])
      const [result] = again ? await judgedAgain(first, alone) : first
      if (!result) throw new Error(`${scenario.id} has no result`)
      results.set(unit, { ...result, scenario })
      onDone(unit, result)
    }
  }
  await Promise.all(Array.from({ length: Math.min(workers, units.length) }, lane))
  return results
}

/** What may not depend on the relay, which can read nothing, and does. */
export function findingsOf(cells: readonly Cell[], verdictOf: (id: string) => Verdict | undefined): string[] {
  const byEnds = Map.groupBy(cells, ({ agent, controller }) => `agent ${agent} and controller ${controller}`)
  return [...byEnds].flatMap(([ends, alike]) => {
    const letters = [...new Set(alike.flatMap(({ scenarios }) => scenarios.map(({ letter }) => letter)))]
    return letters.flatMap((letter) => {
      const told = alike.flatMap(({ relay, scenarios }) => {
        const verdict = verdictOf(scenarios.find((each) => each.letter === letter)?.id ?? '')
        return verdict === undefined ? [] : [{ relay, verdict }]
      })
      if (new Set(told.map(({ verdict }) => verdict)).size < 2) return []
      const each = told.map(({ relay, verdict }) => `${verdict} with the relay ${relay}`)
      return [`${letter} of ${ends} depends on the relay, which has to be opaque: ${each.join(', ')}`]
    })
  })
}

export interface MatrixOptions extends RunOptions {
  /** The relay of a cell is two nodes of a cluster: that of its implementation, and that of the next. */
  readonly hasTwoNodes?: boolean
  /** Told when all scenarios of a cell have ended, with how many cells have. */
  readonly onCell?: (cell: Cell, verdictOf: (id: string) => Verdict | undefined, done: number, all: number) => void
}

/** Never throws for a program that cannot be tested: the report says so, with exit code 3. */
export async function runMatrix(subjects: readonly LoadedImplementation[], options: MatrixOptions): Promise<RunOutput> {
  const clock = startClock()
  const names = subjects.map(({ implementation }) => implementation.name)
  const twin = names.find((name, i) => names.some((other, j) => j < i && slug(other) === slug(name)))
  if (twin !== undefined) throw new UsageError(`Two of the implementations have the name ${twin}`)
  for (const role of ROLES) {
    if (!subjects.some(({ implementation }) => implementation.roles[role])) {
      throw new UsageError(`None of the implementations has the role ${role}, so there is no cell`)
    }
  }
  const requirements = loadRequirements()
  const { strict, looseErrors, filter } = options
  const cells: Cell[] = []
  let results: readonly Result[] = []
  let members: Member[] = []
  let scenarios: Scenario[] = []
  let trouble: string | undefined
  try {
    members = await Promise.all(subjects.map(member))
    const support = await loadSuite('interop')
    scenarios = catalogue('interop', requirements).toSorted(byLetter)
    const namesOfRole = Object.fromEntries(
      ROLES.map((role) => [role, members.filter(({ targets }) => targets.has(role)).map(({ name }) => name)]),
    ) as Record<Role, string[]>
    const isLetter = scenarios.some(({ letter }) => letter === filter)
    const units = cellsOf(namesOfRole)
      .flatMap((cell) => unitsOf(cell, scenarios))
      .filter(({ scenario, letter }) => (isLetter ? letter === filter : selects({ filter }, scenario)))
    if (units.length === 0) throw new UsageError(`No scenario of a cell fits the filter ${filter}`)
    for (const [cell, own] of Map.groupBy(units, ({ cell: each }) => each)) {
      cells.push({ ...cell, scenarios: own.map(({ letter, scenario }) => ({ letter, id: scenario.id })) })
    }
    const verdicts = new Map<string, Verdict>()
    const verdictOf = (id: string) => verdicts.get(id)
    const byUnit = await runUnits(units, members, support, options, ({ scenario }, { verdict }) => {
      verdicts.set(scenario.id, verdict)
      options.onProgress?.(verdicts.size, units.length)
      const cell = cells.find(({ scenarios: own }) => own.some(({ id }) => id === scenario.id))
      const isOver = (each: Cell) => each.scenarios.every(({ id }) => verdicts.has(id))
      if (cell && isOver(cell)) options.onCell?.(cell, verdictOf, cells.filter(isOver).length, cells.length)
    })
    results = units.flatMap((unit) => byUnit.get(unit) ?? [])
  } catch (error) {
    if (!(error instanceof CannotTest)) throw error
    trouble = error.message
  }
  const verdictById = new Map(results.map(({ scenario, verdict }) => [scenario.id, verdict]))
  const matrix: Matrix = {
    implementations: subjects.map((subject) => ({
      ...named(subject),
      roles: [...(members.find((each) => each.subject === subject)?.identities ?? [])],
    })),
    letters: scenarios.map(({ letter = '', feature, name }) => ({ letter, feature, name })),
    cells,
    findings: findingsOf(cells, (id) => verdictById.get(id)),
  }
  return assemble({
    command: 'matrix',
    clock,
    options: { strict, looseErrors, filter: filter ?? null },
    implementation: { name: names.join(', '), roles: members.flatMap(({ identities }) => identities) },
    roles: [],
    rolesInSuite: [],
    results,
    known: subjects.flatMap(({ known }) => known),
    isWhole: filter === undefined,
    requirements,
    matrix,
    ...(trouble !== undefined && { trouble }),
  })
}

const byLetter = (a: Scenario, b: Scenario): number => (a.letter ?? '').localeCompare(b.letter ?? '')
