// This installation: its store, and the computers that it is paired with.

import { computed, signal } from '@preact/signals'
import { Controller } from '../../controller/controller.ts'
import type { Store } from '../../session/store.ts'
import { Agent } from './agent.ts'
import { Pairing } from './pairing.ts'

/** Milliseconds in the background after which a socket may be dead without anybody knowing. */
const SLEPT = 20_000

export class Home {
  readonly store: Store
  readonly name
  readonly agents = signal<readonly Agent[]>([])
  readonly pairing: Pairing
  /** Requests of all computers that wait for an answer. */
  readonly waiting = computed(() => this.agents.value.reduce((sum, { waiting }) => sum + waiting.value.length, 0))

  /** `name`: what computers call this device. */
  constructor(store: Store, name: string) {
    this.store = store
    this.name = signal(name)
    this.pairing = new Pairing(store, (controller) => this.#add(controller))
    for (const record of store.pairings) this.#add(new Controller({ store, record, name }))
  }

  agent(id: string): Agent | undefined {
    return this.agents.value.find((agent) => agent.id === id)
  }

  /** Ends the pairing at the computer and here. Throws CallFailure, and then nothing has changed. */
  async remove(agent: Agent): Promise<void> {
    if (agent.controller.away) await agent.controller.forget()
    else await agent.controller.revoke()
    this.drop(agent)
  }

  /** Shows it no longer; its pairing is over. */
  drop(agent: Agent): void {
    this.agents.value = this.agents.value.filter((other) => other !== agent)
  }

  /** The page is looked at again, after so many milliseconds. */
  shownAfter(hidden: number): void {
    if (hidden > SLEPT) this.wake()
  }

  /** The network is another one. Where a relay has sent this device away, only the person brings it back. */
  wake(): void {
    for (const agent of this.agents.value) {
      const { state } = agent.relay.value ?? {}
      if (state !== 'ended' && state !== 'refused' && !agent.over.value) agent.wake()
    }
  }

  /** Lets go of everything, so that another tab can have it. */
  async close(): Promise<void> {
    this.pairing.restart()
    for (const { controller } of this.agents.value) controller.close()
    await this.store.close()
  }

  /** In the place of an older pairing with the same computer. */
  #add(controller: Controller): void {
    const others = this.agents.value.filter(({ id }) => id !== controller.agentId)
    for (const { controller: older, id } of this.agents.value) if (id === controller.agentId) older.close()
    this.agents.value = [...others, new Agent(controller)]
  }
}
