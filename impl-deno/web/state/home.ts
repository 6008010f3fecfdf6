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
  /** Nobody may ever type their digits, so that they are not listed: they last for 10 min (pairing.controller.delete-unconfirmed). */
  readonly #unconfirmed = new Set<Agent>()

  /** `name`: what computers call this device. */
  constructor(store: Store, name: string) {
    super(name)
    this.store = store
    this.pairing = new Pairing(store, (controller) => this.#add(controller))
    // What may replace a pairing comes behind it.
    const records = store.pairings.toSorted((a, b) => Number(b.confirmed) - Number(a.confirmed))
    for (const record of records) this.#add(new Controller({ store, record, name }), true)
  }

  /** Lets go of everything, so that another tab can have it. */
  async close(): Promise<void> {
    this.pairing.restart()
    await Promise.all([...this.agents.value, ...this.#unconfirmed].map((agent) => agent.close()))
    await this.store.close()
  }

  /** `isOfBefore`: it was stored by an earlier life of the page. */
  #add(controller: Controller, isOfBefore = false): void {
    const agent = new Agent(controller, this.#memoryOf(controller))
    if (controller.record.confirmed) {
      this.#list(agent)
      return
    }
    this.#unconfirmed.add(agent)
    if (isOfBefore) this.pairing.goOn(controller)
    controller.listen(({ type }) => {
      if (type === 'paired') this.#list(agent)
      if (type === 'revoked') this.#unconfirmed.delete(agent)
    })
  }

  /** In the place of an older pairing with the same computer, and of what came of other codes of it. */
  #list(agent: Agent): void {
    this.#unconfirmed.delete(agent)
    const isOther = ({ id }: Agent) => id !== agent.id
    for (const older of [...this.agents.value, ...this.#unconfirmed]) {
      if (isOther(older)) continue
      this.#unconfirmed.delete(older)
      void older.close()
    }
    this.agents.value = [...this.agents.value.filter(isOther), agent]
  }

  #memoryOf({ record }: Controller): Memory {
    const { store } = this
    const agent = deviceIdOfRecord(record)
    return {
      known: readKnown(store.keptOf('shown', agent)),
      drafts: Drafts.read(store.keptOf('draft', agent)),
      alias: new TextDecoder().decode(store.keptOf('alias', agent)),
      keep: (what, content) => (content ? store.keep(what, agent, content) : store.drop(what, agent)),
    }
  }
}
