// Asks a program for every case, many at a time, through one process; a program that dies gets another one,
// so that the case that kills it is known and the rest are judged all the same.

import type { Ending } from '../runner/verdict.ts'
import { type ProgramToRun, Shim } from '../shim/driver.ts'
import type { Role } from '../shim/lines.ts'
import { ShimBroken, SuiteError } from '../shim/trouble.ts'
import { SUITE_NAME } from '../steps/parameters.ts'
import { givenTo, type VectorCase } from './cases.ts'
import { judgeAnswer } from './judge.ts'

/** Cases in flight. */
const AT_A_TIME = 16
/** Ends of a program after which the rest is not asked any more. */
const DEATHS_MAX = 50

export interface Asked {
  readonly case: VectorCase
  readonly ending: Ending
  readonly milliseconds: number
  /** Request and answer as NDJSON. */
  readonly transcript: string
}

interface Options {
  readonly role: Role
  readonly program: ProgramToRun
  readonly looseErrors: boolean
  readonly onProgress: () => void
}

const endingOf = ({ name, message }: Error): Ending => ({ status: 'FAILED', errorType: name, message })

function requestOf(role: Role, each: VectorCase) {
  const given = givenTo(role, each)
  const { file, group, test } = each
  return { file, group, case: test.id, input: test.input, ...(given && { given }) }
}

async function askOne(shim: Shim, each: VectorCase, { role, looseErrors }: Options): Promise<Asked> {
  const began = performance.now()
  const request = requestOf(role, each)
  const answer = await shim.askFor('vector', request)
  return {
    case: each,
    ending: judgeAnswer(role, each, answer, looseErrors),
    milliseconds: Math.round(performance.now() - began),
    transcript: [{ do: 'vector', with: request }, answer].map((line) => `${JSON.stringify(line)}\n`).join(''),
  }
}

async function begin(program: ProgramToRun): Promise<Shim> {
  const shim = new Shim(program)
  await shim.hello(SUITE_NAME)
  return shim
}

/** Asks for `cases` until all are judged or the program ends; what it did not answer is given back. */
async function askUntilDeath(cases: readonly VectorCase[], atATime: number, options: Options, asked: Asked[]) {
  const shim = await begin(options.program)
  const waiting = [...cases]
  const inFlight = new Set<VectorCase>()
  let death: Error | undefined
  const lane = async () => {
    for (let each = waiting.shift(); each && !death; each = waiting.shift()) {
      inFlight.add(each)
      try {
        asked.push(await askOne(shim, each, options))
        inFlight.delete(each)
        options.onProgress()
      } catch (error) {
        if (error instanceof SuiteError) throw error
        death ??= error as Error
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(atATime, cases.length) }, lane))
  } finally {
    await (death ? shim.kill() : shim.end())
  }
  return { death, suspects: [...inFlight], rest: waiting }
}

/** Throws ShimBroken where the program does not speak the shim protocol. */
export async function askAll(cases: readonly VectorCase[], options: Options): Promise<Asked[]> {
  const asked: Asked[] = []
  const settle = (each: VectorCase, error: Error) => {
    asked.push({ case: each, ending: endingOf(error), milliseconds: 0, transcript: '' })
    options.onProgress()
  }
  let rest = cases
  for (let deaths = 0; rest.length > 0; ) {
    const round = await askUntilDeath(rest, AT_A_TIME, options, asked)
    if (round.death instanceof ShimBroken) throw round.death
    rest = round.rest
    // Each that was in flight when the program died is asked once more, alone.
    for (const each of round.suspects) {
      const { death } = await askUntilDeath([each], 1, options, asked)
      if (death instanceof ShimBroken) throw death
      if (death) settle(each, death)
      if (death && ++deaths >= DEATHS_MAX) {
        const late = [...round.suspects.slice(round.suspects.indexOf(each) + 1), ...rest]
        for (const one of late) settle(one, new Error(`not asked, because the program has ended ${deaths} times`))
        return asked
      }
    }
  }
  return asked
}
