// The controller of another tab, as this one sees it: what it tells is passed on, and what is asked for is done there.

import type { QueuedCommand } from '../../../controller/queued-command.ts'
import type { AgentController, AgentEvent, PairingFacts } from '../agent-controller.ts'
import type { Deeds, Picture, Presence } from './said.ts'

export class FollowedController implements AgentController {
  readonly agentId: string
  readonly queue: AgentController['queue']
  readonly connection: AgentController['connection']
  readonly #deeds: Deeds
  readonly #listeners = new Set<(event: AgentEvent) => void>()
  readonly #queueListeners = new Set<(command: QueuedCommand) => void>()
  #record: PairingFacts
  #queue: readonly QueuedCommand[]
  #presence: Presence

  constructor({ id, record, presence, queue }: Picture, deeds: Deeds) {
    this.agentId = id
    this.#record = record
    this.#presence = presence
    this.#queue = queue
    this.#deeds = deeds
    this.queue = {
      list: async () => this.#queue,
      listen: (listener) => {
        this.#queueListeners.add(listener)
        return () => void this.#queueListeners.delete(listener)
      },
      edit: (...given) => deeds.edit(...given),
      move: (...given) => deeds.move(...given),
      cancel: (...given) => deeds.cancel(...given),
      giveAgain: (...given) => deeds.giveAgain(...given),
    }
    this.connection = { reconnect: () => void deeds.reconnect().catch(() => {}) }
  }

  get record(): PairingFacts {
    return this.#record
  }

  get capabilities(): PairingFacts['capabilities'] {
    return this.#record.capabilities
  }

  get silentFor(): number {
    const { heardAt } = this.#presence
    return heardAt === null ? Number.POSITIVE_INFINITY : Date.now() - heardAt
  }

  get online(): boolean {
    return this.#presence.online
  }

  get away(): boolean {
    return this.#presence.away
  }

  listen(listener: (event: AgentEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  call: AgentController['call'] = async (method, params, signal) => {
    const given = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    return (await Promise.race([this.#deeds.call(method, params), given])) as never
  }

  enqueue: AgentController['enqueue'] = (method, params, id = crypto.randomUUID()) =>
    this.#deeds.enqueue(method, params, id)

  sendQueue(): void {
    void this.#deeds.sendQueue().catch(() => {})
  }

  /** Terminals are with the tab that has the connection. */
  async type(): Promise<void> {}

  leave(): void {}

  revoke(): Promise<void> {
    return this.#deeds.remove()
  }

  forget(): Promise<void> {
    return this.#deeds.remove()
  }

  close(): void {
    this.#listeners.clear()
    this.#queueListeners.clear()
  }

  tell(event: AgentEvent, presence: Presence): void {
    this.#presence = presence
    if (event.type === 'paired') this.#record = event.record
    if (event.type === 'introduced') {
      const { peerName, capabilities } = event
      this.#record = { ...this.#record, peerName, capabilities }
    }
    for (const listener of this.#listeners) listener(event)
  }

  queued(queue: readonly QueuedCommand[], changed: QueuedCommand): void {
    this.#queue = queue
    for (const listener of this.#queueListeners) listener(changed)
  }

  heard(presence: Presence): void {
    const { online } = this.#presence
    // Whoever shows it is told of a change alone.
    if (online === presence.online) this.#presence = presence
    else this.tell({ type: 'presence', away: !presence.online }, presence)
  }
}
