// The scene of a soak: a relay that loses, doubles, swaps and delays, and an agent and two controllers that are paired
// through it.

import { FaultyRelay, type Passing } from '../peers/faulty-relay.ts'
import type { Member } from './member.ts'
import { type Cut, FAULTS, type FaultKind, fateOf } from './plan.ts'
import { type Cast, Stage } from './stage.ts'

export class Scene {
  readonly relay: FaultyRelay
  readonly stage: Stage
  readonly agent: Member
  /** The first is killed now and then, the second is there all the time. */
  readonly controllers: readonly [Member, Member]
  /** Frames that met each fault. */
  readonly met = new Map<FaultKind, number>()
  frames = 0
  readonly #seed: string
  /** By route: its number, in the order in which they appeared, and the frames to it so far. */
  readonly #directions = new Map<string, { readonly index: number; count: number }>()

  private constructor(seed: string, cast: Cast, url: string, relay: FaultyRelay) {
    this.#seed = seed
    this.relay = relay
    this.stage = new Stage(url, cast, ['one', 'two'])
    this.agent = this.stage.agent
    this.controllers = this.stage.controllers as readonly [Member, Member]
  }

  /** Everybody runs and is paired, and nothing goes wrong yet. */
  static async begin(seed: string, cast: Cast): Promise<Scene> {
    const relay = new FaultyRelay()
    const scene = new Scene(seed, cast, await relay.listen(), relay)
    try {
      await scene.stage.begin()
    } catch (error) {
      await scene.end()
      throw error
    }
    return scene
  }

  /** From now on each frame meets the fate that the seed has for it. */
  spoil(): void {
    const fates = new WeakMap<Passing, FaultKind | null>()
    const fate = (frame: Passing): FaultKind | null => {
      const known = fates.get(frame)
      if (known !== undefined) return known
      const drawn = this.#draw(frame) ?? null
      fates.set(frame, drawn)
      return drawn
    }
    for (const kind of FAULTS) {
      this.relay.plan(kind.fault, (frame) => fate(frame) === kind, Number.POSITIVE_INFINITY, kind.delay)
    }
  }

  /** Frames pass as they come. */
  calm(): void {
    this.relay.clearPlan()
  }

  /** Without a close, as a pulled cable does: at the relay, or at a program. Rejects with Killed. */
  async cut({ by, which }: Cut): Promise<void> {
    const peers = [...this.relay.peers]
    if (by === 'relay') peers[Math.floor(which * peers.length)]?.socket.terminate()
    else await this.stage.members.find(({ name }) => name === by)?.ask('drop', {})
  }

  /** Looks at everybody's memory. */
  sample(): void {
    this.relay.passed.length = 0
    for (const member of this.stage.members) member.sample(performance.now())
  }

  async end(): Promise<void> {
    await this.stage.end()
    await this.relay.crash()
  }

  #draw({ to }: Passing): FaultKind | undefined {
    const direction = this.#directions.get(to) ?? { index: this.#directions.size, count: 0 }
    this.#directions.set(to, direction)
    this.frames++
    const drawn = fateOf(this.#seed, direction.index, direction.count++)
    if (drawn) this.met.set(drawn, (this.met.get(drawn) ?? 0) + 1)
    return drawn
  }
}
