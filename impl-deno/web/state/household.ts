// The computers of this device, as a tab shows them: the one that holds the keys (home.ts), and those that follow it.

import { computed, signal } from '@preact/signals'
import type { Agent } from './agent.ts'

/** Milliseconds in the background after which a socket may be dead without anybody knowing. */
const SLEPT = 20_000

export class Household {
  /** What computers call this device. */
  readonly name
  readonly agents = signal<readonly Agent[]>([])
  /** Requests of all computers that wait for an answer. */
  readonly waiting = computed(() => this.agents.value.reduce((sum, { waiting }) => sum + waiting.value.length, 0))

  constructor(name: string) {
    this.name = signal(name)
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

  /**
   * The page is looked at again, after so many milliseconds; Infinity where the network is another one. Where a relay has
   * sent this device away, only the person brings it back.
   */
  shownAfter(hidden: number): void {
    for (const agent of this.agents.value) {
      const { state } = agent.relay.value ?? {}
      if (state === 'ended' || state === 'refused' || agent.isOver.value) continue
      if (state === 'lost' || hidden > SLEPT) agent.wake()
    }
  }

  /** The page may be closed. */
  async save(): Promise<void> {
    await Promise.all(this.agents.value.map((agent) => agent.save()))
  }
}
