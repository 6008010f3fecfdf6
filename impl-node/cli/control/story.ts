// What happens at the agent, told each thing once: first what happened lately, then what happens, and what was missed
// of it when it is known (spec/rpc.md, Following it).

import type { Event } from '@happy-remote/schemas/rpc/envelope.ts'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import type { EventName, EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { eventFits, isEventName } from '../../controller/controller.ts'
import type { EntryWay, JournalPosition, Missed } from '../../controller/journal.ts'
import type { JournalPlace } from '../../controller/journal-place.ts'
import { safeLine } from '../safe-text.ts'
import { shortId } from '../state.ts'
import { dim, yellow } from '../terminal/style.ts'
import type { Connection } from './connection.ts'
import { type Narration, Narrator } from './narrator.ts'

/** Entries of the newest page that are shown; more would push away what is new. */
const SHOWN = 50

/** rpc.journal.missed */
const MISSED: Readonly<Record<Missed['why'], string>> = {
  lost: 'Something was lost on the way and is fetched.',
  pruned: 'The computer no longer keeps some of what happened meanwhile.',
  restarted: 'The history of the computer began anew; what happened before is unknown.',
}

export interface StoryScreen extends Narration {
  /** Whole lines. */
  print(text: string): void
  /** Shows at once whatever `print` prints. */
  together(print: () => void): void
  /** A permission request, or a question, that was shown whole when it came. */
  wasAsked(requestId: string): boolean
  /** The person is in a terminal, which tells its end itself. */
  isAway(): boolean
}

type Tell = { readonly [E in EventName]?: (params: EventParams<E>, way: EntryWay) => void }

export class Story {
  readonly #connection: Pick<Connection, 'controller'>
  readonly #place: JournalPlace
  readonly #screen: StoryScreen
  readonly #narrator: Narrator
  /** Ids of the prompts that were given here. */
  readonly #own = new Set<string>()
  /** The newest page, until it is whole. */
  #page: JournalEntry[] = []

  constructor(connection: Pick<Connection, 'controller'>, place: JournalPlace, screen: StoryScreen) {
    this.#connection = connection
    this.#place = place
    this.#screen = screen
    this.#narrator = new Narrator(screen)
  }

  /** Begins to tell. Returns how to stop. */
  start(): () => void {
    const { controller } = this.#connection
    const onEvent = (event: Event) => this.#onEvent(event)
    const onEntry = (entry: JournalEntry, way: EntryWay) => this.#onEntry(entry, way)
    const onMissed = ({ why }: Missed) => this.#screen.print(yellow(MISSED[why]))
    controller.on('event', onEvent).on('entry', onEntry).on('missed', onMissed)
    return () => {
      controller.off('event', onEvent).off('entry', onEntry).off('missed', onMissed)
      this.#place.save()
    }
  }

  /** The prompt was given here and needs not to be told. */
  isOwn(messageId: string): void {
    this.#own.add(messageId)
  }

  /** What has a place in the journal is told as its entry, which comes once. */
  #onEvent({ method, params, journal }: Event): void {
    if (journal && this.#connection.controller.record.capabilities.includes('observe')) return
    this.#tell(method, params, 'live')
  }

  #onEntry(entry: JournalEntry, way: EntryWay): void {
    if (way === 'history') {
      if (this.#page.length === 0) queueMicrotask(() => this.#begin(this.#page.splice(0)))
      this.#page.push(entry)
      return
    }
    // An entry of another journal, or a later one: what was read before it is shown before it.
    if (this.#page.length > 0) this.#begin(this.#page.splice(0))
    this.#tellEntry(entry, way)
    this.#place.shown(entry)
  }

  #tellEntry(entry: JournalEntry, way: EntryWay): void {
    if ('at' in entry) this.#tell(entry.kind, entry.body, way)
  }

  /** The newest page, as far as it is shown, with what is new in it. */
  #begin(page: readonly JournalEntry[]): void {
    const last = page.at(-1)
    if (!last) return
    const shown = page.slice(-SHOWN)
    const [first] = shown as [JournalEntry]
    const seen = this.#place.before
    this.#screen.together(() => {
      if (first.seq > 1) this.#screen.print(dim('… /history shows what was before.'))
      this.#tellBefore(seen, first)
      const isSame = seen?.epoch === first.epoch
      for (const entry of withoutSteps(shown)) {
        if (isSame && entry.seq === seen.seq + 1 && entry !== first)
          this.#screen.print(dim('— new since you were here —'))
        this.#tellEntry(entry, 'history')
      }
      this.#narrator.end()
    })
    this.#place.shown(last)
  }

  /** What is between what an earlier run has shown and `first`. */
  #tellBefore(seen: JournalPosition | null, first: JournalEntry): void {
    if (!seen) return
    const between = first.seq - 1 - seen.seq
    if (seen.epoch !== first.epoch) this.#screen.print(yellow(MISSED.restarted))
    else if (between > 0) {
      const text = `${between} entries since you were here are not shown; /history --limit ${between + SHOWN} does.`
      this.#screen.print(yellow(text))
    }
  }

  #tell(kind: string, params: unknown, way: EntryWay): void {
    if (!isEventName(kind))
      this.#screen.print(dim(`Something happened that this program does not know: ${safeLine(kind, 64)}`))
    else if (eventFits(kind, params))
      (this.#tells[kind] as ((params: unknown, way: EntryWay) => void) | undefined)?.(params, way)
  }

  readonly #tells: Tell = {
    'claude.delta': (delta) => this.#narrator.delta(delta),
    'claude.message': (message) => this.#narrator.message(message, this.#own.has(message.messageId)),
    'claude.state': ({ reason }) => {
      if (reason !== undefined) this.#screen.print(yellow(safeLine(reason)))
    },
    'claude.messageState': ({ messageId, state, reason }) => {
      if (state === 'queued' && this.#own.has(messageId)) this.#screen.print(dim('Waiting behind another prompt.'))
      if (state === 'queued' || state === 'started') return
      this.#own.delete(messageId)
      this.#narrator.end()
      const text = `The prompt was ${state}${reason ? `: ${safeLine(reason)}` : ''}.`
      this.#screen.print(state === 'completed' ? '' : yellow(text))
    },
    // Those that wait are shown whole, by whoever can take an answer.
    'permission.requested': ({ requestId, title }, way) => {
      if (way !== 'live' && !this.#screen.wasAsked(requestId))
        this.#screen.print(`The assistant asked: ${safeLine(title)}`)
    },
    'permission.resolved': ({ outcome, by }) => this.#screen.print(dim(`  ${outcome}${whereOf(by ?? '')}`)),
    'question.requested': ({ requestId, title }, way) => {
      if (way !== 'live' && !this.#screen.wasAsked(requestId))
        this.#screen.print(`The assistant wanted to know: ${safeLine(title)}`)
    },
    'question.resolved': ({ outcome, by }) => this.#screen.print(dim(`  ${outcome}${whereOf(by)}`)),
    'session.paused': ({ by }) => this.#screen.print(yellow(`Paused${whereOf(by)}; /resume ends it.`)),
    'session.resumed': ({ by }) => this.#screen.print(yellow(`Resumed${whereOf(by)}.`)),
    'terminal.exited': ({ terminalId, exitCode }, way) => {
      if (way === 'live' && this.#screen.isAway()) return
      const how = exitCode === null ? '' : ` with ${exitCode}`
      this.#screen.print(dim(`Terminal ${shortId(terminalId)} has ended${how}.`))
    },
    'device.joined': (device) => this.#screen.print(dim(`${nameOf(device)} was paired.`)),
    'device.changed': (device) =>
      this.#screen.print(dim(`${nameOf(device)} may now ${device.capabilities.join(', ')}.`)),
    'device.revoked': ({ deviceId }) => this.#screen.print(dim(`${shortId(deviceId)} is no longer paired.`)),
    'journal.lost': ({ count }) =>
      this.#screen.print(yellow(`The computer could not keep ${count} of the events before this.`)),
  }
}

const whereOf = (by: string): string => (by === 'local' ? ' at the computer' : '')

const nameOf = ({ deviceId, name }: { deviceId: string; name: string }): string =>
  safeLine(name, 64) || `A device (${shortId(deviceId)})`

/** Of the steps of a tool call the last, and those with output. */
function withoutSteps(entries: readonly JournalEntry[]): JournalEntry[] {
  const lastOf = new Map<string, JournalEntry>()
  const stepOf = (entry: JournalEntry) => {
    if (!('at' in entry) || entry.kind !== 'claude.message' || !eventFits('claude.message', entry.body)) return null
    return entry.body.role === 'tool' && entry.body.text === '' ? entry.body : null
  }
  for (const entry of entries) {
    if ('at' in entry && eventFits('claude.message', entry.body)) lastOf.set(entry.body.messageId, entry)
  }
  return entries.filter((entry) => {
    const step = stepOf(entry)
    return !step || lastOf.get(step.messageId) === entry
  })
}
