// A call and its answer through our relay, against the same bytes through a bare forwarder; and how long the answer to a
// prompt takes while another terminal is flooded.

import { join } from 'node:path'
import { ClientProcess, type Command, Live, RUNTIMES, type Runtime } from './live.ts'
import { compare, type Measured, median, percentile } from './rounds.ts'
import type { Row, Topic } from './row.ts'
import { Subject } from './subject.ts'

const ROUNDS = 7
const CALLS = 400
const WARM_UP = 800
/** Short and without an effect: what is measured is the way. */
const METHOD = 'claude.getStatus'
/** design: ≤ 1.5 × the bare forwarder. */
const GOAL = 1.5
const PROMPTS = 40
const PROMPT = { do: 'calls', method: 'claude.sendMessage', params: { prompt: 'Hello' }, pause: 25 } as const
/** ms that a prompt may be delayed by a terminal that is flooded. */
const DELAY_GOAL = 50

const RUNTIME_NAMES = { node: 'Node', deno: 'Deno' } as const
const here = (path: string) => join(import.meta.dirname, path)

/** A bare forwarder with two ends. */
async function bareEcho({
  request,
  response,
}: Live['sizes']): Promise<{ caller: ClientProcess; end(): Promise<void> }> {
  const forwarder = await Subject.start('bare ws forwarder')
  const command = (role: string): Command => {
    return [process.execPath, here('bare-echo.ts'), role, `${forwarder.url}/echo`, String(request), String(response)]
  }
  const answerer = new ClientProcess(command('answerer'))
  await answerer.answer()
  const caller = new ClientProcess(command('caller'))
  return {
    caller,
    end: async () => {
      await Promise.all([caller.end(), answerer.end()])
      await forwarder.end()
    },
  }
}

async function roundTrips(runtime: Runtime): Promise<Row[]> {
  const live = await Live.begin(runtime, METHOD)
  const echo = await bareEcho(live.sizes)
  const controller = new ClientProcess(live.controller())
  try {
    const call = { do: 'calls', method: METHOD, params: {} } as const
    const contestants = [
      { name: `call of a ${RUNTIME_NAMES[runtime]} agent`, client: controller, rounds: [] as number[][] },
      { name: 'same bytes, bare ws forwarder', client: echo.caller, rounds: [] as number[][] },
    ] as const
    for (const { client } of contestants) await client.order({ ...call, count: WARM_UP })
    for (let round = 0; round < ROUNDS; round++) {
      for (const each of round % 2 === 0 ? contestants : contestants.toReversed()) {
        each.rounds.push(await each.client.order({ ...call, count: CALLS }))
      }
    }
    const at = (part: number): Measured[] =>
      contestants.map(({ name, rounds }) => ({ name, samples: rounds.map((times) => percentile(times, part)) }))
    const row = (id: string, part: number): Row => {
      const [subject, reference] = at(part) as [Measured, Measured]
      return { id: `rpc.roundtrip.${id}.${runtime}`, ...compare(subject, reference), unit: 'ms', goal: GOAL }
    }
    return [row('p50', 0.5), row('p99', 0.99)]
  } finally {
    await Promise.all([controller.end(), echo.end()])
    await live.end()
  }
}

/** The worst answer to a prompt in each round, without and with `yes` on a terminal. */
async function besideYes(runtime: Runtime): Promise<Row> {
  const live = await Live.begin(runtime, METHOD)
  const controller = new ClientProcess(live.controller())
  const worst = async () => Math.max(...(await controller.order({ ...PROMPT, count: PROMPTS })))
  try {
    await controller.order({ ...PROMPT, count: 10 })
    const quiet: number[] = []
    const loud: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      quiet.push(await worst())
      await controller.order({ do: 'noise', command: ['yes'] })
      loud.push(await worst())
      await controller.order({ do: 'silence' })
    }
    const subject = { name: 'prompt beside `yes`', samples: loud }
    const reference = { name: 'prompt alone', samples: quiet }
    const alone = median(quiet)
    return {
      id: `terminal.yes.${runtime}`,
      ...compare(subject, reference),
      unit: 'ms, worst of a round',
      goal: (alone + DELAY_GOAL) / alone,
    }
  } finally {
    await controller.end()
    await live.end()
  }
}

export const roundTrip: Topic = {
  ids: RUNTIMES.flatMap((runtime) => [`rpc.roundtrip.p50.${runtime}`, `rpc.roundtrip.p99.${runtime}`]),
  needsReferences: () => false,
  measure: async () => [...(await roundTrips('node')), ...(await roundTrips('deno'))],
}

export const flooded: Topic = {
  ids: RUNTIMES.map((runtime) => `terminal.yes.${runtime}`),
  needsReferences: () => false,
  measure: async () => [await besideYes('node'), await besideYes('deno')],
}
