// Steps about a controller under test that follows the journal of a scripted agent.

import { randomUUID } from 'node:crypto'
import { Given, Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message, Request } from '@happy-remote/schemas/rpc/envelope.ts'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Whole } from '../peers/rpc.ts'
import { Failed } from '../shim/trouble.ts'
import { servedOf } from './controller-rpc.ts'
import type { SuiteWorld } from './world.ts'

interface Made {
  readonly seq: number
  readonly kind: string
  readonly body: object
}

const AT = 1_792_840_000_000

/** The journal of the scripted agent, and what the controller has told of it. */
class Followed {
  readonly #world: SuiteWorld
  epoch = 'epoch 1'
  entries: Made[] = []
  /** Calls of the controller that were answered, and the params of all that were seen. */
  readonly #answered = new Set<Whole>()
  readonly calls: Params<'journal.subscribe'>[] = []
  readonly told: { epoch: string; seq: number; kind: string }[] = []
  readonly missed: { why: string; from?: number; to?: number }[] = []

  constructor(world: SuiteWorld) {
    this.#world = world
  }

  get last(): number {
    return this.entries.at(-1)?.seq ?? 0
  }

  add(count: number, kind = 'device.revoked', body: object = { deviceId: 'a'.repeat(26) }): void {
    for (let i = 0; i < count; i++) this.entries.push({ seq: this.last + 1, kind, body })
  }

  /** Sends the event of an entry. */
  async live(seq: number): Promise<void> {
    const found = this.entries.find((entry) => entry.seq === seq)
    if (!found) throw new Failed(`There is no entry ${seq}`)
    const { kind: method, body: params } = found
    const event = { id: randomUUID(), type: 'event', method, params, journal: { epoch: this.epoch, seq, at: AT } }
    await servedOf(this.#world).agent.sendMessage(event as Message)
  }

  /** Calls that were not answered yet. */
  open(): Whole<Request>[] {
    const { rpc } = servedOf(this.#world)
    rpc.update()
    return rpc.messages.filter(
      (whole): whole is Whole<Request> =>
        whole.message.type === 'request' && whole.message.method === 'journal.subscribe' && !this.#answered.has(whole),
    )
  }

  async answer(): Promise<void> {
    for (const whole of this.open()) {
      this.#answered.add(whole)
      const { id, params } = whole.message
      this.calls.push(params)
      const response = { id, type: 'response', result: this.#page(params) }
      await servedOf(this.#world).agent.sendMessage(response as Message)
    }
  }

  #page({ epoch, afterSeq = 0, beforeSeq, limit = limits.journalPage }: Params<'journal.subscribe'>) {
    const shown = ({ seq, kind, body }: Made): JournalEntry =>
      kind === 'journal.withheld'
        ? { epoch: this.epoch, seq, kind: 'withheld' }
        : { epoch: this.epoch, seq, at: AT, kind, body }
    const first = this.entries[0]?.seq ?? 1
    const isForward = epoch !== undefined && (epoch !== this.epoch || beforeSeq === undefined)
    const after = epoch === this.epoch ? afterSeq : 0
    const entries = isForward
      ? this.entries.filter(({ seq }) => seq > after).slice(0, limit)
      : this.entries.filter(({ seq }) => seq < (beforeSeq ?? Number.POSITIVE_INFINITY)).slice(-limit)
    const gap = isForward && after + 1 < first ? { gap: { from: after + 1, to: first } } : {}
    const status = { state: 'idle' as const, conversationId: null, mode: null, model: null, queued: 0, pending: [] }
    const snapshot = epoch === undefined ? { snapshot: { status, terminals: [], devices: [] } } : {}
    const page: Result<'journal.subscribe'> = {
      ...{ epoch: this.epoch, lastSeq: this.last, entries: entries.map(shown) },
      ...gap,
      ...snapshot,
    }
    return page
  }

  /** Answers whatever is called until `holds`. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const { program } = this.#world.stage
    const came = await program.until(async () => {
      await this.answer()
      this.hear()
      return holds()
    }, 20_000)
    if (!came) throw new Failed(`It does not come to this: ${what}; told are ${this.told.length} entries`)
  }

  hear(): void {
    const { program } = this.#world.stage
    this.told.push(...(program.takeEvents('entry') as unknown as typeof this.told))
    this.missed.push(...(program.takeEvents('missed') as unknown as typeof this.missed))
  }

  /** Waits until the controller has told the entries of the present journal from `from` up to `to`, each once. */
  async has(to: number, from = 1): Promise<void> {
    const own = () => this.told.filter(({ epoch }) => epoch === this.epoch)
    await this.until(`the controller has the entry ${to}`, () => own().some(({ seq }) => seq === to))
    await this.#world.stage.settle()
    await this.answer()
    this.hear()
    const seqs = own().map(({ seq }) => seq)
    const expected = Array.from({ length: to - from + 1 }, (_, i) => from + i)
    if (seqs.slice(-expected.length).join() !== expected.join() || new Set(seqs).size !== seqs.length) {
      throw new Failed(`The controller has the entries ${seqs.join().slice(-200)}`)
    }
  }
}

const all = new WeakMap<SuiteWorld, Followed>()
const followed = (world: SuiteWorld): Followed => {
  const known = all.get(world) ?? new Followed(world)
  all.set(world, known)
  return known
}

Given(
  'the journal of the agent has {int} entries, which the controller has read',
  async function (this: SuiteWorld, count: number) {
    this.stage.program.require('journal')
    const journal = followed(this)
    journal.add(count)
    await journal.has(count)
  },
)

// What happens at the agent.

When(/^(\d+) entries come into the journal, and nobody is told$/, function (this: SuiteWorld, count: string) {
  followed(this).add(Number(count))
})

When(
  /^(\d+) (?:entry comes|entries come) into the journal, and the controller is told (?:it|the last of them) live(, twice)?$/,
  async function (this: SuiteWorld, count: string, twice: string | undefined) {
    const journal = followed(this)
    journal.add(Number(count))
    for (let times = twice ? 2 : 1; times > 0; times--) await journal.live(journal.last)
  },
)

When('the controller is told the last of them live', async function (this: SuiteWorld) {
  const journal = followed(this)
  await journal.live(journal.last)
})

When(
  'the controller is told the entries {int} to {int} live before its call is answered',
  async function (this: SuiteWorld, from: number, to: number) {
    const journal = followed(this)
    const { program } = this.stage
    if (!(await program.until(async () => journal.open().length > 0))) throw new Failed('The controller does not call')
    for (let seq = from; seq <= to; seq++) await journal.live(seq)
  },
)

When('the controller is told "journal.withheld" and "journal.lost" live', async function (this: SuiteWorld) {
  const journal = followed(this)
  journal.add(1, 'journal.withheld', {})
  journal.add(1, 'journal.lost', { count: 3 })
  for (const back of [1, 0]) await journal.live(journal.last - back)
})

When('the agent prunes the entries before {int}', function (this: SuiteWorld, first: number) {
  const journal = followed(this)
  journal.entries = journal.entries.filter(({ seq }) => seq >= first)
})

When(
  'the agent has lost its journal, and has another one with {int} entries',
  function (this: SuiteWorld, count: number) {
    const journal = followed(this)
    journal.epoch = 'epoch 2'
    journal.entries = []
    journal.add(count)
  },
)

// What the controller makes of it.

Then(
  'the controller calls "journal.subscribe" behind the entry {int}, and has the entries up to {int}',
  async function (this: SuiteWorld, behind: number, last: number) {
    const journal = followed(this)
    const before = journal.calls.length
    await journal.until('the controller calls "journal.subscribe"', () => journal.calls.length > before)
    const { epoch, afterSeq } = journal.calls[before] ?? {}
    if (epoch !== journal.epoch || afterSeq !== behind) throw new Failed(`The controller reads on behind ${afterSeq}`)
    await journal.has(last)
  },
)

Then('the controller has the entries up to {int}', async function (this: SuiteWorld, last: number) {
  await followed(this).has(last)
})

Then('the controller has the entries up to {int} of the new journal', async function (this: SuiteWorld, last: number) {
  await followed(this).has(last)
})

Then(
  'the controller has the entries from {int} up to {int}',
  async function (this: SuiteWorld, from: number, last: number) {
    await followed(this).has(last, from)
  },
)

Then(
  'the controller has the entries up to {int}, the last two of them "withheld" and "journal.lost"',
  async function (this: SuiteWorld, last: number) {
    const journal = followed(this)
    await journal.has(last)
    const kinds = journal.told.slice(-2).map(({ kind }) => kind)
    if (kinds.join() !== 'withheld,journal.lost') throw new Failed(`The last entries are ${kinds.join()}`)
  },
)

Then('the person is told of nothing missed', async function (this: SuiteWorld) {
  const journal = followed(this)
  await this.stage.settle()
  journal.hear()
  const [first] = journal.missed
  if (first) throw new Failed(`The person is told of what was missed: ${JSON.stringify(first)}`)
})

Then(
  'the person is told that the entries from {int} up to {int} are {string}',
  async function (this: SuiteWorld, from: number, to: number, why: string) {
    const journal = followed(this)
    const isTold = () => journal.missed.some((each) => each.why === why && each.from === from && each.to === to)
    // Not answered yet: what is lost shows before it is fetched.
    if (why !== 'lost') return journal.until(`"missed" with ${why}`, isTold)
    const came = await this.stage.program.until(async () => {
      journal.hear()
      return isTold()
    })
    if (!came) throw new Failed(`The person is not told of the lost entries: ${JSON.stringify(journal.missed)}`)
  },
)

Then('the person is told that the journal was "restarted"', async function (this: SuiteWorld) {
  const journal = followed(this)
  await journal.until('"missed" with "restarted"', () => journal.missed.some(({ why }) => why === 'restarted'))
})
