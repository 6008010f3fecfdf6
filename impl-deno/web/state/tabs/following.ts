// A tab that does not hold the keys: shows what the one that holds them tells, and has it do what the person asks for.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { signal } from '@preact/signals'
import { CallFailure } from '../../../controller/failure.ts'
import { Agent } from '../agent.ts'
import { Drafts } from '../drafts.ts'
import { Household } from '../household.ts'
import { FollowedController } from './followed.ts'
import { CHANNEL, type Deed, type Deeds, type Picture, type Refusal, type Said } from './said.ts'

/** Milliseconds between two looks, and after how many without an answer it is said that there is none. */
const LOOK_EVERY = 1_000
const SILENT_AFTER = 5_000

interface Waiting {
  readonly agent: string
  readonly deed: Deed
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

export class Following extends Household {
  readonly #id = crypto.randomUUID()
  readonly #channel = new BroadcastChannel(CHANNEL)
  readonly #controllers = new Map<string, FollowedController>()
  readonly #waiting = new Map<number, Waiting>()
  #number = 0
  #isClosed = false
  #leader: string | undefined
  #heardAt = Date.now()
  readonly #looking: ReturnType<typeof setInterval>
  /** Whether the other tab answers. */
  readonly isAnswered = signal(true)
  /** The person wants to use this tab. */
  readonly takeOver: () => void
  #gone: () => void = () => {}

  constructor(name: string, takeOver: () => void) {
    super(name)
    this.takeOver = takeOver
    this.#channel.onmessage = ({ data }) => this.#heard(data as Said)
    this.#say({ say: 'join', from: this.#id })
    this.#looking = setInterval(() => {
      this.#say({ say: 'look', from: this.#id })
      this.isAnswered.value = Date.now() - this.#heardAt < SILENT_AFTER
    }, LOOK_EVERY)
  }

  override drop(agent: Agent): void {
    super.drop(agent)
    void this.#deedsFor(agent.id)
      .drop()
      .catch(() => {})
  }

  /** Asks the other tab for the keys; resolves when it has let go, and never where it does not. */
  askForKeys(): Promise<void> {
    return new Promise((resolve) => {
      this.#gone = resolve
      this.#say({ say: 'let go', from: this.#id })
    })
  }

  /** The person has given something to this computer that no tab has taken yet. */
  hasGiven(agent: string): boolean {
    return [...this.#waiting.values()].some((waiting) => waiting.agent === agent && waiting.deed.what === 'enqueue')
  }

  /** What the other tab was to do it has done or not; what was given goes into the queues of `next`. */
  close(next?: Household): void {
    clearInterval(this.#looking)
    for (const agent of this.agents.value) void agent.close()
    for (const { agent, deed, resolve, reject } of this.#waiting.values()) {
      const there = next?.agent(agent)
      if (there && deed.what === 'enqueue') void there.takeOver(...deed.given).then(resolve, reject)
      else reject(lost())
    }
    this.#isClosed = true
    this.#channel.close()
  }

  #say(said: Said): void {
    if (!this.#isClosed) this.#channel.postMessage(said)
  }

  #heard(said: Said): void {
    if ('to' in said && said.to !== undefined && said.to !== this.#id) return
    if (said.say !== 'join' && said.say !== 'look' && said.say !== 'let go' && said.say !== 'do') {
      this.#heardAt = Date.now()
      this.isAnswered.value = true
    }
    switch (said.say) {
      case 'home': {
        const isAnother = said.by !== this.#leader
        this.name.value = said.name
        this.#leader = said.by
        if (isAnother) this.#askAgain()
        this.#show(said.pictures, isAnother)
        break
      }
      case 'event':
        this.#controllers.get(said.agent)?.tell(said.event, said.presence)
        break
      case 'queue':
        this.#controllers.get(said.agent)?.queued(said.queue, said.changed)
        break
      case 'presence':
        for (const [id, presence] of Object.entries(said.presences)) this.#controllers.get(id)?.heard(presence)
        break
      case 'done':
        this.#settle(said.number, ({ resolve }) => resolve(said.result))
        break
      case 'refused':
        this.#settle(said.number, ({ reject }) => reject(errorOf(said.refusal)))
        break
      case 'gone':
        this.#gone()
    }
  }

  #settle(number: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    if (waiting) how(waiting)
  }

  /** Another tab has the keys: what the one before did not answer is done there where that cannot do it twice. */
  #askAgain(): void {
    for (const [number, { agent, deed, reject }] of this.#waiting) {
      if (deed.what === 'enqueue') this.#say({ say: 'do', from: this.#id, number, agent, deed })
      else {
        this.#waiting.delete(number)
        reject(lost())
      }
    }
  }

  #do(agent: string, deed: Deed): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(lost())
    const number = ++this.#number
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { agent, deed, resolve, reject })
      this.#say({ say: 'do', from: this.#id, number, agent, deed })
    })
  }

  #deedsFor(agent: string): Deeds {
    const ask = <D extends keyof Deeds>(what: D): Deeds[D] =>
      ((...given: Parameters<Deeds[D]>) => this.#do(agent, { what, given } as Deed)) as unknown as Deeds[D]
    return {
      ...{ call: ask('call'), enqueue: ask('enqueue'), edit: ask('edit'), move: ask('move'), cancel: ask('cancel') },
      ...{ giveAgain: ask('giveAgain'), sendQueue: ask('sendQueue'), reconnect: ask('reconnect') },
      ...{ remove: ask('remove'), drop: ask('drop'), keepPrompt: ask('keepPrompt'), rename: ask('rename') },
    }
  }

  /** Of those that are known already nothing has changed that was not told, unless another tab has the keys now. */
  #show(pictures: readonly Picture[], isAnother: boolean): void {
    const gone = this.agents.value.filter(({ id }) => !pictures.some((picture) => picture.id === id))
    for (const agent of gone) void agent.close()
    this.agents.value = pictures.map((picture) => {
      const known = this.agent(picture.id)
      if (known) known.alias.value = picture.alias
      return known && !isAnother ? known : this.#agentOf(picture, known)
    })
  }

  #agentOf(picture: Picture, before: Agent | undefined): Agent {
    const deeds = this.#deedsFor(picture.id)
    const controller = new FollowedController(picture, deeds)
    void before?.close()
    this.#controllers.set(picture.id, controller)
    const { known, alias, presence, relay, status, pieces, isOver } = picture
    // What is written of files here is kept as long as the tab.
    const written = before?.drafts.prompt
    if (written?.peek() === '' && !this.hasGiven(picture.id)) written.value = picture.prompt
    const drafts = new Drafts(written ?? picture.prompt, before?.files.drafts.peek())
    const agent = new Agent(controller, {
      ...{ known, drafts, alias },
      keep: async (what, content) => {
        if (what === 'draft') await deeds.keepPrompt(drafts.prompt.peek()).catch(() => {})
        if (what === 'alias') await deeds.rename(new TextDecoder().decode(content))
      },
    })
    if (relay) controller.tell({ type: 'relay', state: relay }, presence)
    for (const params of pieces) {
      controller.tell({ type: 'event', method: 'claude.delta', params, live: true, journaled: false }, presence)
    }
    if (status) controller.tell({ type: 'status', status }, presence)
    if (isOver) controller.tell({ type: 'revoked', why: 'revoked' }, presence)
    return agent
  }
}

const lost = () => new CallFailure('uncertain', 'The tab that was to do it has ended')

function errorOf({ name, code, message, data }: Refusal): Error {
  if (name === 'CallFailure' && code !== undefined) return new CallFailure(code, message, data)
  if (name === 'ProtocolError' && code !== undefined) return new ProtocolError(code as ProtocolError['code'], message)
  return new Error(message)
}
