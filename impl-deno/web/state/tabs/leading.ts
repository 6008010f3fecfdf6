// The tab that holds the keys: tells the others what happens, and does what they ask for.

import type { MethodName, Params } from '@happy-remote/schemas/rpc/registry.ts'
import { effect, untracked } from '@preact/signals'
import type { Agent, Status } from '../agent.ts'
import { type AgentEvent, factsOf } from '../agent-controller.ts'
import type { Home } from '../home.ts'
import { CHANNEL, type Deeds, type Picture, type Presence, type Refusal, type Said } from './said.ts'

/** A terminal is shown by the tab that has the connection. */
const KEPT_HERE: readonly string[] = ['output', 'gap', 'terminals', 'terminal-over']

export class Leading {
  readonly #id = crypto.randomUUID()
  readonly #home: Home
  readonly #letGo: () => void
  readonly #channel = new BroadcastChannel(CHANNEL)
  /** How to follow each computer no longer. */
  readonly #told = new Map<Agent, () => void>()
  readonly #end: () => void
  #isClosed = false

  /** `letGo`: another tab wants to have the keys, because the person uses it. */
  constructor(home: Home, letGo: () => void) {
    this.#home = home
    this.#letGo = letGo
    this.#channel.onmessage = ({ data }) => this.#heard(data as Said)
    this.#end = effect(() => {
      const agents = home.agents.value
      for (const { alias } of agents) void alias.value
      untracked(() => this.#tellOf(agents))
    })
  }

  /** Another tab can have them now. */
  gone(): void {
    this.#say({ say: 'gone' })
  }

  /** Tells no more. */
  end(): void {
    this.#end()
    for (const deafen of this.#told.values()) deafen()
    this.#told.clear()
    this.#channel.onmessage = null
  }

  close(): void {
    this.#isClosed = true
    this.#channel.close()
  }

  #say(said: Said): void {
    if (!this.#isClosed) this.#channel.postMessage(said)
  }

  #tellOf(agents: readonly Agent[]): void {
    for (const [agent, deafen] of this.#told) {
      if (agents.includes(agent)) continue
      deafen()
      this.#told.delete(agent)
    }
    for (const agent of agents) if (!this.#told.has(agent)) this.#told.set(agent, this.#follow(agent))
    this.#say(this.#homeNow())
  }

  #homeNow(): Extract<Said, { say: 'home' }> {
    const { name, agents } = this.#home
    return { say: 'home', by: this.#id, name: name.peek(), pictures: agents.peek().map(pictureOf) }
  }

  #follow(agent: Agent): () => void {
    const { controller, id } = agent
    const deafen = [
      controller.listen((event) => {
        if (KEPT_HERE.includes(event.type)) return
        this.#say({ say: 'event', agent: id, event: withoutKeys(event), presence: presenceOf(agent) })
      }),
      controller.queue.listen((changed) => {
        void controller.queue.list().then((queue) => {
          if (this.#told.has(agent)) this.#say({ say: 'queue', agent: id, queue, changed })
        })
      }),
    ]
    return () => {
      for (const end of deafen) end()
    }
  }

  #heard(said: Said): void {
    switch (said.say) {
      case 'join':
        this.#say({ ...this.#homeNow(), to: said.from })
        break
      case 'look': {
        const presences = Object.fromEntries(this.#home.agents.peek().map((agent) => [agent.id, presenceOf(agent)]))
        this.#say({ say: 'presence', to: said.from, presences })
        break
      }
      case 'let go':
        this.#letGo()
        break
      case 'do':
        void this.#do(said)
    }
  }

  async #do({ from: to, number, agent: id, deed }: Extract<Said, { say: 'do' }>): Promise<void> {
    const agent = this.#home.agent(id)
    try {
      if (!agent || !Object.hasOwn(this.#deedsOf(agent), deed.what)) throw new Error('This tab cannot do that')
      const act = this.#deedsOf(agent)[deed.what] as (...given: unknown[]) => Promise<unknown>
      this.#say({ say: 'done', to, number, result: await act(...deed.given) })
    } catch (error) {
      this.#say({ say: 'refused', to, number, refusal: refusalOf(error as Error) })
    }
  }

  #deedsOf(agent: Agent): Deeds {
    const { controller } = agent
    const { queue } = controller
    return {
      call: (method, params) => controller.call(method as MethodName, params as Params<MethodName>),
      enqueue: (method, params, id) => controller.enqueue(method as MethodName, params as Params<MethodName>, id),
      edit: (id, params) => queue.edit(id, params),
      move: (id, place) => queue.move(id, place),
      cancel: (id) => queue.cancel(id),
      giveAgain: (id) => queue.giveAgain(id),
      sendQueue: async () => controller.sendQueue(),
      reconnect: async () => controller.connection.reconnect(),
      remove: () => this.#home.remove(agent),
      drop: async () => this.#home.drop(agent),
      keepPrompt: (prompt) => agent.keepPrompt(prompt),
      rename: (alias) => agent.rename(alias),
    }
  }
}

function presenceOf({ controller: { online, away, silentFor } }: Agent): Presence {
  return { online, away, heardAt: Number.isFinite(silentFor) ? Date.now() - silentFor : null }
}

function pictureOf(agent: Agent): Picture {
  return {
    id: agent.id,
    record: factsOf(agent.controller.record),
    presence: presenceOf(agent),
    known: agent.remembered.known,
    alias: agent.alias.peek(),
    prompt: agent.drafts.prompt.peek(),
    relay: agent.relay.peek(),
    status: statusOf(agent),
    pieces: agent.conversation.pieces,
    queue: agent.queue.peek(),
    isOver: agent.isOver.peek(),
  }
}

/** With what waits now, and not what waited when it was asked for. */
function statusOf(agent: Agent): Status | undefined {
  const status = agent.status.peek()
  const waiting = agent.waiting.peek()
  return (
    status && {
      ...status,
      pending: waiting.flatMap((one) => (one.kind === 'permission' ? [one.request] : [])),
      questions: waiting.flatMap((one) => (one.kind === 'question' ? [one.request] : [])),
    }
  )
}

const withoutKeys = (event: AgentEvent): AgentEvent =>
  event.type === 'paired' ? { ...event, record: factsOf(event.record) } : event

const refusalOf = ({ name, message, ...more }: Error & { code?: string; data?: unknown }): Refusal => ({
  ...{ name, message },
  ...(more.code !== undefined && { code: more.code }),
  ...(more.data !== undefined && { data: more.data }),
})
