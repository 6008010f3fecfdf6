// Steps about the journal of an agent: what is in it, how it is read, and how live events stand in it.

import { isDeepStrictEqual } from 'node:util'
import { Given, Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Event } from '@happy-remote/schemas/rpc/envelope.ts'
import type { JournalEntry, JournalPlace } from '@happy-remote/schemas/rpc/journal.ts'
import { events, type Result } from '@happy-remote/schemas/rpc/registry.ts'
import { deviceIdText } from '../peers/device.ts'
import { Failed } from '../shim/trouble.ts'
import { type Caller, sceneOf, startAgent } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

type Page = Result<'journal.subscribe'>
type Live = Event & { readonly journal: JournalPlace }

const SOME_EPOCH = 'the epoch of another journal'

const isJournaled = ({ method }: Event): boolean =>
  Object.hasOwn(events, method) && events[method as keyof typeof events].journaled

/** Journaled events that were told, each with its place, by seq. Throws Failed where one has none. */
const told = ({ name, rpc }: Caller): Live[] => {
  const all = rpc.events().map(({ message }) => message)
  const placeless = all.find((event) => isJournaled(event) && !event.journal)
  if (placeless) throw new Failed(`The ${name} is told "${placeless.method}" without its place in the journal`)
  return all.filter(isJournaled).toSorted((a, b) => (a.journal?.seq ?? 0) - (b.journal?.seq ?? 0)) as Live[]
}

const ask = (caller: Caller, params: object): Promise<Page> => caller.rpc.call('journal.subscribe', params)

/** A page without a limit, which knows the epoch. */
const epochOf = async (caller: Caller): Promise<string> => (await ask(caller, { limit: 1 })).epoch

/** Throws Failed where the entries are not those from `first` on, without a hole. */
function assertWhole(entries: readonly JournalEntry[], first: number, lastSeq: number): void {
  for (const [i, { seq }] of entries.entries()) {
    if (seq !== first + i) throw new Failed(`The entry ${seq} of the journal comes where ${first + i} was expected`)
  }
  const last = entries.at(-1)?.seq ?? first - 1
  if (last !== lastSeq) throw new Failed(`The journal ends with ${last}, and lastSeq says ${lastSeq}`)
}

async function forwards(caller: Caller, limit: number, see: (page: Page) => void = () => {}): Promise<JournalEntry[]> {
  const epoch = await epochOf(caller)
  const entries: JournalEntry[] = []
  for (;;) {
    const page = await ask(caller, { epoch, afterSeq: entries.at(-1)?.seq ?? 0, limit })
    see(page)
    if (page.entries.length > limit)
      throw new Failed(`A page has ${page.entries.length} entries, the limit is ${limit}`)
    entries.push(...page.entries)
    if (page.entries.length > 0 && entries.at(-1)?.seq !== page.lastSeq) continue
    assertWhole(entries, 1, page.lastSeq)
    return entries
  }
}

async function backwards(caller: Caller, limit: number, see: (page: Page) => void = () => {}): Promise<JournalEntry[]> {
  const newest = await ask(caller, { limit })
  const { epoch, lastSeq } = newest
  let { entries } = newest
  see(newest)
  while (entries[0]?.seq !== 1) {
    const beforeSeq = entries[0]?.seq ?? lastSeq + 1
    const page = await ask(caller, { epoch, beforeSeq, limit })
    see(page)
    if (page.entries.length > limit)
      throw new Failed(`A page has ${page.entries.length} entries, the limit is ${limit}`)
    if (page.entries.length === 0) throw new Failed(`There is nothing before ${beforeSeq}`)
    entries = [...page.entries, ...entries]
  }
  assertWhole(entries, 1, lastSeq)
  return entries
}

/** Throws Failed where an event is not the entry of its place. */
function assertEntry(entry: JournalEntry | undefined, { method, params, journal }: Live): void {
  const { epoch, seq, at } = journal
  const expected = { epoch, seq, at, kind: method, body: params }
  if (!isDeepStrictEqual(entry, expected)) {
    throw new Failed(`"${method}" has the place ${seq}, where the journal has ${JSON.stringify(entry)?.slice(0, 200)}`)
  }
}

// Making entries.

Given('{int} entries of {caller} in the journal', async function (this: SuiteWorld, count: number, caller: Caller) {
  const deviceId = deviceIdText(await caller.controller.device.deviceId())
  for (let i = 0; i < count; i++) {
    await caller.ask('device.rename', { deviceId, name: `name ${i}` })
    await caller.result()
  }
})

When(
  '{caller} gives the prompt {string} {int} times, each time after the last was completed',
  async function (this: SuiteWorld, caller: Caller, text: string, times: number) {
    for (let i = 0; i < times; i++) {
      await sceneOf(this).prompt(caller, text)
      const { messageId } = await caller.result<{ messageId: string }>()
      const isOver = (params: Record<string, unknown>) => params.messageId === messageId && params.state === 'completed'
      await caller.rpc.event('claude.messageState', isOver, 'end of the prompt', 30_000)
    }
  },
)

Given(
  'an agent under test whose journal keeps {int} entries',
  async function (this: SuiteWorld, journalEntries: number) {
    await startAgent(this, { journalEntries })
  },
)

// Reading it.

Then(
  '"journal.subscribe" tells {caller} each event that it was told, in the place that it came with',
  async function (this: SuiteWorld, caller: Caller) {
    const live = told(caller)
    const entries = await forwards(caller, limits.journalPage)
    for (const event of live) assertEntry(entries[event.journal.seq - 1], event)
    // It has had a session since its own pairing, which is the first entry.
    if (live.length !== entries.length) {
      throw new Failed(`The journal has ${entries.length} entries, and the controller was told ${live.length} events`)
    }
  },
)

Then('neither "claude.delta" nor "journal.lost" is in the journal', async function (this: SuiteWorld) {
  const caller = sceneOf(this).caller('controller')
  if (caller.rpc.events('claude.delta').length === 0) throw new Failed('No "claude.delta" has come')
  const found = (await forwards(caller, limits.journalPage)).find(
    ({ kind }) => kind === 'claude.delta' || kind === 'journal.lost',
  )
  if (found) throw new Failed(`"${found.kind}" is in the journal`)
})

Then(
  'the journal that {caller} reads in pages of {int} has each entry once',
  async function (this: SuiteWorld, caller: Caller, limit: number) {
    const entries = await forwards(caller, limit)
    for (const event of told(caller)) assertEntry(entries[event.journal.seq - 1], event)
  },
)

Then(
  'the journal that {caller} reads backwards in pages of {int} is the same',
  async function (this: SuiteWorld, caller: Caller, limit: number) {
    const [back, forth] = [await backwards(caller, limit), await forwards(caller, limits.journalPage)]
    if (!isDeepStrictEqual(back, forth)) throw new Failed('Read backwards, the journal has other entries')
  },
)

Then('a page without a limit has {int} entries', async function (this: SuiteWorld, count: number) {
  const caller = sceneOf(this).caller('controller')
  const epoch = await epochOf(caller)
  for (const params of [{}, { epoch, afterSeq: 0 }, { epoch, beforeSeq: 10_000 }]) {
    const { entries } = await ask(caller, params)
    if (entries.length !== count) throw new Failed(`A page without a limit has ${entries.length} entries`)
  }
})

Then('no page of the journal, forwards or backwards, exceeds 1,048,576 bytes', async function (this: SuiteWorld) {
  const caller = sceneOf(this).caller('controller')
  const see = (page: Page) => {
    const size = Buffer.byteLength(JSON.stringify(page))
    if (size > limits.bodyLeast) throw new Failed(`A page has ${size} bytes`)
  }
  await forwards(caller, limits.journalPage, see)
  await backwards(caller, limits.journalPage, see)
})

// Who may see what.

const isAboutTerminals = ({ method }: Event): boolean => method.startsWith('terminal.')

Then(
  '{caller} is told "journal.withheld" once, in the place of an entry that is "withheld"',
  async function (this: SuiteWorld, caller: Caller) {
    const places = caller.rpc.events('journal.withheld').map(({ message }) => message.journal?.seq)
    const entries = await forwards(caller, 200)
    const withheld = entries.filter(({ kind }) => kind === 'withheld').map(({ seq }) => seq)
    if (withheld.length !== 1 || !isDeepStrictEqual(places, withheld)) {
      throw new Failed(`"journal.withheld" has the places ${places}, the journal withholds ${withheld}`)
    }
  },
)

Then(
  '{caller} is told "journal.withheld" in the place of each event about terminals',
  async function (this: SuiteWorld, second: Caller) {
    const expected = told(sceneOf(this).caller('controller')).filter(isAboutTerminals)
    const places = () => second.rpc.events('journal.withheld').map(({ message }) => message.journal)
    await second.rpc.until('"journal.withheld"', () => (places().length >= expected.length ? true : undefined))
    if (
      !isDeepStrictEqual(
        places(),
        expected.map(({ journal }) => journal),
      )
    ) {
      throw new Failed(`The ${second.name} is told "journal.withheld" in other places`)
    }
    if (second.rpc.events().some(({ message }) => isAboutTerminals(message))) {
      throw new Failed(`The ${second.name} is told of terminals`)
    }
  },
)

Then(
  '"journal.subscribe" tells {caller} the same entries, those about terminals as "withheld"',
  async function (this: SuiteWorld, second: Caller) {
    const all = await forwards(sceneOf(this).caller('controller'), limits.journalPage)
    const expected = all.map((entry) => {
      const { epoch, seq, kind } = entry
      return kind.startsWith('terminal.') ? { epoch, seq, kind: 'withheld' } : entry
    })
    if (!expected.some(({ kind }) => kind === 'withheld')) throw new Failed('No entry is about terminals')
    const ways = [await forwards(second, 3), await backwards(second, 3)]
    if (!ways.every((entries) => isDeepStrictEqual(entries, expected))) {
      throw new Failed(`The ${second.name} is told other entries`)
    }
  },
)

Then(
  '"journal.subscribe" without an epoch tells each of them the {int} newest entries and its snapshot',
  async function (this: SuiteWorld, limit: number) {
    for (const caller of sceneOf(this).callers) {
      const { rpc, name } = caller
      const all = await forwards(caller, limits.journalPage)
      const { entries, lastSeq, snapshot } = await ask(caller, { limit })
      if (lastSeq !== all.length || !isDeepStrictEqual(entries, all.slice(-limit))) {
        throw new Failed(`The ${name} is not told the ${limit} newest entries`)
      }
      if (!snapshot) throw new Failed(`The ${name} is told no snapshot`)
      const status = await rpc.call('claude.getStatus')
      const devices = (list: readonly { readonly lastHeardAt: unknown }[]) =>
        list.map((each) => ({ ...each, lastHeardAt: 0 }))
      const { granted } = { granted: (await rpc.call('agent.info')).capabilities }
      const terminals = granted.includes('terminal') ? (await rpc.call('terminal.list')).terminals : null
      if (!isDeepStrictEqual(snapshot.status, status)) throw new Failed('The snapshot has another status')
      if (!isDeepStrictEqual(snapshot.terminals, terminals)) throw new Failed('The snapshot has other terminals')
      const listed = (await rpc.call('device.list')).devices
      if (!isDeepStrictEqual(devices(snapshot.devices), devices(listed)))
        throw new Failed('The snapshot has other devices')
    }
  },
)

// Epochs and ends.

Then(
  '"journal.subscribe" with another epoch, behind 3 or before 3, tells the journal from its beginning',
  async function (this: SuiteWorld) {
    const caller = sceneOf(this).caller('controller')
    const all = await forwards(caller, limits.journalPage)
    for (const bound of [{ afterSeq: 3 }, { beforeSeq: 3 }]) {
      const page = await ask(caller, { epoch: SOME_EPOCH, ...bound })
      if (page.epoch === SOME_EPOCH) throw new Failed('The agent takes the epoch of another journal for its own')
      if (!isDeepStrictEqual(page.entries, all)) throw new Failed('The journal is not told from its beginning')
    }
  },
)

When(
  '{caller} calls "journal.subscribe" behind the end of the journal',
  async function (this: SuiteWorld, caller: Caller) {
    const { epoch, lastSeq } = await ask(caller, {})
    await caller.ask('journal.subscribe', { epoch, afterSeq: lastSeq + 1 })
  },
)

Then(
  '{caller} is answered with the error "conflict" and the end of the journal',
  async function (this: SuiteWorld, caller: Caller) {
    const { data } = await caller.refusal('conflict')
    const { lastSeq } = await ask(caller, {})
    const said = (data as { lastSeq?: unknown } | undefined)?.lastSeq
    if (said !== lastSeq) throw new Failed(`The error says that the journal ends with ${said}, and it is ${lastSeq}`)
  },
)

Then(
  '"journal.subscribe" names what was pruned in gap, wherever a page begins with the oldest entry',
  async function (this: SuiteWorld) {
    const caller = sceneOf(this).caller('controller')
    const { epoch, lastSeq, entries, gap } = await ask(caller, {})
    const first = lastSeq - 9
    assertWhole(entries, first, lastSeq)
    const found = {
      newest: gap,
      'behind 0': (await ask(caller, { epoch, afterSeq: 0 })).gap,
      'behind 3': (await ask(caller, { epoch, afterSeq: 3 })).gap,
      'behind the pruned': (await ask(caller, { epoch, afterSeq: first - 1 })).gap,
      'before the end': (await ask(caller, { epoch, beforeSeq: lastSeq, limit: 3 })).gap,
      'before the third': (await ask(caller, { epoch, beforeSeq: first + 2 })).gap,
      'before the oldest': (await ask(caller, { epoch, beforeSeq: first })).gap,
    }
    const all = { from: 1, to: first }
    const expected = {
      newest: all,
      'behind 0': all,
      'behind 3': { from: 4, to: first },
      'behind the pruned': undefined,
      'before the end': undefined,
      'before the third': all,
      'before the oldest': all,
    }
    for (const [where, right] of Object.entries(expected)) {
      const said = found[where as keyof typeof found]
      if (!isDeepStrictEqual(said, right)) {
        throw new Failed(`The gap of the page ${where} is ${JSON.stringify(said)}, expected ${JSON.stringify(right)}`)
      }
    }
  },
)

// The end of the program.

/** What a controller was told before the agent was killed. */
const before = new WeakMap<SuiteWorld, { readonly live: Live[]; readonly epoch: string }>()

When(
  'the agent is killed as soon as {caller} is told the state {string}, and runs again',
  async function (this: SuiteWorld, caller: Caller, state: string) {
    const { program } = this.stage
    program.require('state')
    const session = caller.controller.current
    await caller.rpc.event('claude.state', (params) => params.state === state)
    await program.kill()
    const live = told(caller)
    before.set(this, { live, epoch: live[0]?.journal.epoch ?? '' })
    await program.startAgain()
    await sceneOf(this).until('the controller has a new session', () => caller.controller.current !== session)
    await this.stage.settle()
  },
)

Then(
  'the journal has each event that the controller was told before, or another epoch',
  async function (this: SuiteWorld) {
    const caller = sceneOf(this).caller('controller')
    const { live = [], epoch } = before.get(this) ?? {}
    const entries = await forwards(caller, limits.journalPage)
    if (live.length === 0) throw new Failed('The controller was told no event')
    if (entries.some((entry) => entry.epoch !== epoch)) return
    for (const event of live) assertEntry(entries[event.journal.seq - 1], event)
  },
)

Then('the journal has the epoch of before, and goes on where it ended', async function (this: SuiteWorld) {
  const caller = sceneOf(this).caller('controller')
  const live = told(caller)
  const entries = await forwards(caller, limits.journalPage)
  const [first] = live
  if (!first || entries.some(({ epoch }) => epoch !== first.journal.epoch))
    throw new Failed('The journal has another epoch')
  for (const event of live) assertEntry(entries[event.journal.seq - 1], event)
})

// What a run that was killed left open.

/** How much of the journal was judged, and its epoch. */
const judged = new WeakMap<SuiteWorld, { readonly epoch: string; readonly length: number }>()

type Body = Readonly<Record<string, unknown>>
const bodiesOf = (entries: readonly JournalEntry[], kind: string): Body[] =>
  entries.flatMap((entry) => ('body' in entry && entry.kind === kind ? [entry.body as Body] : []))

Then(
  'both prompts end as {string} in the journal, the permission as {string}, the terminal as {string}, and the state is {string}',
  async function (this: SuiteWorld, prompt: string, permission: string, terminal: string, state: string) {
    const caller = sceneOf(this).caller('controller')
    const entries = await forwards(caller, limits.journalPage)
    const epoch = entries[0]?.epoch ?? ''
    judged.set(this, { epoch, length: entries.length })
    if (epoch !== told(caller)[0]?.journal.epoch) {
      this.note('the journal of the run that was killed is gone, and what it left open with it')
      return
    }
    const of = (kind: string) => bodiesOf(entries, kind)
    const prompts = Map.groupBy(of('claude.messageState'), ({ messageId }) => messageId)
    const ends = [...prompts.values()].map((states) => states.at(-1)?.state)
    if (ends.length !== 2 || ends.some((end) => end !== prompt)) throw new Failed(`The prompts end as ${ends.join()}`)
    const [request] = of('permission.requested')
    const outcomes = of('permission.resolved').filter(({ requestId }) => requestId === request?.requestId)
    const outcome = outcomes.map((each) => each.outcome).join()
    if (outcome !== permission) throw new Failed(`The outcome of the permission is "${outcome}"`)
    const [opened] = of('terminal.opened')
    const exits = of('terminal.exited').filter(({ terminalId }) => terminalId === opened?.terminalId)
    const reason = exits.map((each) => each.reason).join()
    if (reason !== terminal) throw new Failed(`The terminal has ended with the reason "${reason}"`)
    const last = of('claude.state').at(-1)?.state
    if (last !== state) throw new Failed(`The last state in the journal is "${last}"`)
  },
)

Then('nothing has been written to the journal since', async function (this: SuiteWorld) {
  const { epoch, length } = judged.get(this) ?? { epoch: '', length: 0 }
  const entries = await forwards(sceneOf(this).caller('controller'), limits.journalPage)
  if (entries[0]?.epoch === epoch && entries.length !== length) {
    throw new Failed(`The journal had ${length} entries, and has ${entries.length}, the last "${entries.at(-1)?.kind}"`)
  }
})
