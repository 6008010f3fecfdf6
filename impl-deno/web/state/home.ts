// This installation: its store, and the computers that it is paired with. One tab at a time has it.

import { Controller } from '../../controller/controller.ts'
import { deviceIdOfRecord, type Store } from '../../session/store.ts'
import { Agent, type Memory } from './agent.ts'
import { Drafts } from './drafts.ts'
import { Household } from './household.ts'
import { Pairing } from './pairing.ts'
import { readKnown } from './remembered.ts'

export class Home extends Household {
  readonly store: Store
  readonly pairing: Pairing

  /** `name`: what computers call this device. */
  constructor(store: Store, name: string) {
    super(name)
    this.store = store
    this.pairing = new Pairing(store, (controller) => this.#add(controller))
    for (const record of store.pairings) this.#add(new Controller({ store, record, name }))
  }

  /** Lets go of everything, so that another tab can have it. */
  async close(): Promise<void> {
    this.pairing.restart()
    await Promise.all(this.agents.value.map((agent) => agent.close()))
    await this.store.close()
  }

  /** In the place of an older pairing with the same computer. */
  #add(controller: Controller): void {
    const others = this.agents.value.filter(({ id }) => id !== controller.agentId)
    for (const older of this.agents.value) if (older.id === controller.agentId) void older.close()
    this.agents.value = [...others, new Agent(controller, this.#memoryOf(controller))]
  }

  #memoryOf({ record }: Controller): Memory {
    const { store } = this
    const agent = deviceIdOfRecord(record)
    return {
      known: readKnown(store.keptOf('shown', agent)),
      drafts: Drafts.read(store.keptOf('draft', agent)),
      keep: (what, content) => (content ? store.keep(what, agent, content) : store.drop(what, agent)),
    }
  }
}
