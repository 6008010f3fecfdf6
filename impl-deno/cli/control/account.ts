// What happens at the computer, told to the person: lately, now, and what was missed, each thing once
// (spec/rpc.md, Following it).

import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import { type EventName, type EventParams, events } from '@happy-remote/schemas/rpc/registry.ts'
import { Check } from 'typebox/value'
import type { Controller, ControllerEvent } from '../../controller/controller.ts'
import type { Arrival, Missed } from '../../controller/journal.ts'
import type { JournalPlace } from '../../controller/journal-place.ts'
import { safeLine, safeText } from '../../controller/safe-text.ts'

/** Entries of the first page that are shown. */
const SHOWN = 50
/** Lines of a tool's output, and of a prompt, that are shown. */
const LINES = 12

/** rpc.journal.missed */
const MISSED: Readonly<Record<Missed['why'], string>> = {
  lost: 'Something was lost on the way and is fetched.',
  pruned: 'The computer no longer keeps some of what happened meanwhile.',
  restarted: 'The history of the computer began anew; what happened before is unknown.',
}

export interface Paper {
  /** A line, or several. */
  line(text: string): void
  /** Words of the assistant as they come. */
  words(text: string): void
}

type Told = { readonly [E in EventName]?: (params: EventParams<E>, arrival: Arrival) => void }

export class Account {
  readonly #controller: Pick<Controller, 'capabilities'>
  readonly #place: JournalPlace
  readonly #paper: Paper
  /** Prompts that were given here and have not come back, and ids of the requests that were shown whole. */
  readonly #own: string[] = []
  readonly #asked = new Set<string>()
  /** Messages whose words have come one by one, and the one that is not at its end. */
  readonly #spoken = new Set<string>()
  #speaking: string | undefined
  readonly #tools = new Map<string, string>()
  #page: JournalEntry[] = []

  constructor(controller: Pick<Controller, 'capabilities'>, place: JournalPlace, paper: Paper) {
    this.#controller = controller
    this.#place = place
    this.#paper = paper
  }

  /** The prompt was given here, so that nobody needs to be told of it. */
  gave(prompt: string): void {
    this.#own.push(safeText(prompt).trim())
  }

  /** The request was shown whole. */
  asked(requestId: string): void {
    this.#asked.add(requestId)
  }

  take(event: ControllerEvent): void {
    if (event.type === 'missed') this.line(MISSED[event.missed.why])
    if (event.type === 'entry') this.#entry(event.entry, event.arrival)
    // What is journaled comes as its entry: once, and in order.
    const isEntry = event.type === 'event' && event.journaled && this.#controller.capabilities.includes('observe')
    if (event.type === 'event' && !isEntry) this.#tell(event.method, event.params, 'live')
  }

  /** Below the words that have come so far. */
  line(text: string): void {
    this.#hush()
    this.#paper.line(text)
  }

  #hush(): void {
    if (this.#speaking === undefined) return
    this.#speaking = undefined
    this.#paper.words('\n')
  }

  #entry(entry: JournalEntry, arrival: Arrival): void {
    if (arrival === 'history') {
      if (this.#page.length === 0) queueMicrotask(() => this.#begin())
      this.#page.push(entry)
      return
    }
    this.#begin()
    if ('at' in entry) this.#tell(entry.kind, entry.body, arrival)
    this.#place.shown(entry)
  }

  /** The first page, when it is whole. */
  #begin(): void {
    const page = this.#page.splice(0)
    const [first, last] = [page.at(-SHOWN) ?? page[0], page.at(-1)]
    if (!first || !last) return
    const { before } = this.#place
    if (first.seq > 1) this.line('… /history shows what was before.')
    const between = before?.epoch === first.epoch ? first.seq - 1 - before.seq : 0
    if (before && before.epoch !== first.epoch) this.line(MISSED.restarted)
    if (between > 0) {
      this.line(`${between} entries since you were here are not shown; /history --limit ${between + SHOWN} does.`)
    }
    for (const entry of page.slice(-SHOWN)) {
      const isNew = before?.epoch === entry.epoch && entry.seq === before.seq + 1
      if (isNew && entry !== first) this.line('— new since you were here —')
      if ('at' in entry) this.#tell(entry.kind, entry.body, 'history')
    }
    this.#place.shown(last)
  }

  #tell(kind: string, params: unknown, arrival: Arrival): void {
    if (!Object.hasOwn(events, kind)) {
      this.line(`Something happened that this program does not know: ${safeLine(kind).slice(0, 64)}`)
    } else if (Check(events[kind as EventName].params, params)) {
      const tell = this.#told[kind as EventName] as ((params: unknown, arrival: Arrival) => void) | undefined
      tell?.(params, arrival)
    }
  }

  readonly #told: Told = {
    'claude.delta': ({ messageId, kind, text }) => {
      if (kind !== 'text') return
      if (this.#speaking !== messageId) this.#hush()
      this.#speaking = messageId
      this.#spoken.add(messageId)
      this.#paper.words(safeText(text))
    },
    'claude.message': (message, arrival) => this.#message(message, arrival),
    'claude.state': ({ reason }) => {
      if (reason !== undefined) this.line(safeLine(reason))
    },
    'claude.messageState': ({ state, reason }) => {
      if (state === 'queued' || state === 'started') return
      this.#spoken.clear()
      this.#tools.clear()
      if (state === 'completed') this.line('')
      else this.line(`The prompt was ${state}${reason === undefined ? '' : `: ${safeLine(reason)}`}.`)
    },
    // One that waits now is shown whole, by whoever takes the answer.
    'permission.requested': ({ requestId, title }, arrival) => {
      if (arrival !== 'live' && !this.#asked.has(requestId)) this.line(`The assistant asked: ${safeLine(title)}`)
    },
    'permission.resolved': ({ outcome, by }) => this.line(`  ${outcome}${placeOf(by ?? '')}`),
    'question.requested': ({ requestId, title }, arrival) => {
      if (arrival !== 'live' && !this.#asked.has(requestId))
        this.line(`The assistant wanted to know: ${safeLine(title)}`)
    },
    'question.resolved': ({ outcome, by }) => this.line(`  ${outcome}${placeOf(by)}`),
    'session.paused': ({ by }) => this.line(`Paused${placeOf(by)}; /resume ends it.`),
    'session.resumed': ({ by }) => this.line(`Resumed${placeOf(by)}.`),
    'terminal.exited': ({ terminalId, exitCode }) =>
      this.line(`Terminal ${terminalId.slice(0, 8)} has ended${exitCode === null ? '' : ` with ${exitCode}`}.`),
    'device.joined': ({ name, deviceId }) => this.line(`${safeLine(name) || deviceId.slice(0, 8)} was paired.`),
    'device.changed': ({ name, deviceId, capabilities }) =>
      this.line(`${safeLine(name) || deviceId.slice(0, 8)} may now ${capabilities.join(', ')}.`),
    'device.revoked': ({ deviceId }) => this.line(`${deviceId.slice(0, 8)} is no longer paired.`),
    'journal.lost': ({ count }) => this.line(`The computer could not keep ${count} of the events before this.`),
  }

  #message({ role, text, messageId, tool }: EventParams<'claude.message'>, arrival: Arrival): void {
    const said = safeText(text).trim()
    if (role === 'assistant') {
      if (!this.#spoken.has(messageId)) this.line(safeText(text))
      else if (this.#speaking === messageId) this.#hush()
    } else if (role === 'tool') {
      const status = tool?.status ?? ''
      // Of what is over, only how it ended counts.
      const isStep = arrival === 'history' && (status === 'pending' || status === 'in_progress')
      if (this.#tools.get(messageId) !== status && !isStep) {
        this.line(`• ${safeLine(tool?.title ?? 'tool')}: ${safeLine(status).replace('_', ' ')}`)
      }
      this.#tools.set(messageId, status)
      if (said !== '') this.line(beginning(said, '  '))
    } else if (role === 'user') {
      const own = arrival === 'history' ? -1 : this.#own.indexOf(said)
      if (own < 0) this.line(`› ${beginning(said)}`)
      else this.#own.splice(own, 1)
    } else if (said !== '') this.line(beginning(said, '  '))
  }
}

const placeOf = (by: string): string => (by === 'local' ? ' at the computer' : '')

/** The first lines, and how many there are more. */
function beginning(text: string, indent = ''): string {
  const lines = text.split('\n')
  const more = lines.length - LINES
  return [
    ...lines.slice(0, LINES).map((line) => indent + line),
    ...(more > 0 ? [`${indent}… and ${more} lines more`] : []),
  ].join('\n')
}
