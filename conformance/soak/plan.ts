// What a seed decides: the fate of each frame, and when something is cut, killed or asked for.

import { createHash } from 'node:crypto'
import type { Fault } from '../peers/faulty-relay.ts'

/** Numbers that a text decides, the same on every machine. */
export class Dice {
  #block = Buffer.alloc(0)
  #count = 0
  readonly #text: string

  constructor(...words: readonly (string | number)[]) {
    this.#text = words.join('/')
  }

  /** From 0 up to, but without, 1. */
  roll(): number {
    if (this.#block.length < 4) {
      this.#block = createHash('sha256')
        .update(`${this.#text}/${this.#count++}`)
        .digest()
    }
    const value = this.#block.readUInt32BE()
    this.#block = this.#block.subarray(4)
    return value / 2 ** 32
  }

  of<T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.roll() * choices.length)] ?? choices[0]
  }

  between(least: number, most: number): number {
    return least + this.roll() * (most - least)
  }
}

export interface FaultKind {
  readonly fault: Fault
  /** Of all frames. */
  readonly share: number
  /** ms. */
  readonly delay: number
}

/** A frame that waits for 2.5 s is overtaken by hundreds; one for 60 ms by its answer. */
export const FAULTS: readonly FaultKind[] = [
  { fault: 'dropped', share: 0.05, delay: 0 },
  { fault: 'duplicated', share: 0.05, delay: 0 },
  { fault: 'swapped with the next', share: 0.05, delay: 300 },
  { fault: 'delayed', share: 0.03, delay: 60 },
  { fault: 'delayed', share: 0.015, delay: 500 },
  { fault: 'delayed', share: 0.005, delay: 2_500 },
]

/** What happens to the frame number `count` of one direction; undefined: it passes. */
export function fateOf(seed: string, direction: number, count: number): FaultKind | undefined {
  let rest = new Dice(seed, 'frame', direction, count).roll()
  return FAULTS.find(({ share }) => {
    rest -= share
    return rest < 0
  })
}

/** At `at` ms something is away for `time` ms. */
export interface Outage {
  readonly at: number
  readonly time: number
}

/** A connection that the relay loses, or a program: the agent, or one of the controllers. */
export interface Cut {
  readonly at: number
  readonly by: 'relay' | 'agent' | 'one' | 'two'
  /** From 0 up to 1: which connection of the relay. */
  readonly which: number
}

export interface Plan {
  readonly cuts: readonly Cut[]
  readonly relay: readonly Outage[]
  readonly agent: readonly Outage[]
  readonly controller: readonly Outage[]
}

/** Until when, as a part of the whole time, a program is killed. Then it lives to the end, and its memory can be compared. */
const KILLED = { agent: 0.5, controller: 0.75 }

/**
 * So long, in ms, one of the programs has a bad network: were it always any of them, none would ever live long enough
 * to reconnect at once again, and little would happen.
 */
const BAD_TIME = 25_000
/** Without the agent nothing happens at all. */
const PROGRAMS = ['agent', 'one', 'two', 'one', 'two'] as const

/** Faults for `time` ms. */
export function planOf(seed: string, time: number): Plan {
  const times = (what: string, least: number, most: number, end = time): { at: number; dice: Dice }[] => {
    const dice = new Dice(seed, what)
    const all: { at: number; dice: Dice }[] = []
    // The first comes early, so that a short soak has one.
    for (let at = dice.between(least / 2, least); at < end; at += dice.between(least, most)) all.push({ at, dice })
    return all
  }
  const outages = (what: string, least: number, most: number, longest: number, end?: number): Outage[] =>
    times(what, least, most, end).map(({ at, dice }) => ({ at, time: dice.between(50, longest) }))
  return {
    cuts: times('cut', 1_500, 6_000).map(({ at, dice }) => {
      const [isRelay, which] = [dice.roll() < 0.25, dice.roll()]
      const bad = new Dice(seed, 'bad', Math.floor(at / BAD_TIME)).of(PROGRAMS)
      return { at, which, by: isRelay ? 'relay' : bad }
    }),
    relay: outages('relay', 30_000, 90_000, 2_000),
    // A program that is killed has to start, connect and make a session before it can do anything.
    agent: outages('agent', 15_000, 60_000, 2_500, KILLED.agent * time),
    controller: outages('controller', 12_000, 45_000, 2_500, KILLED.controller * time),
  }
}

export const KINDS = ['terminal', 'prompt', 'asking prompt'] as const
export type Kind = (typeof KINDS)[number]

/** What the person gives as command number `count` at a controller. */
export function kindOf(seed: string, controller: string, count: number): Kind {
  const roll = new Dice(seed, controller, count).roll()
  return roll < 0.5 ? 'terminal' : roll < 0.85 ? 'prompt' : 'asking prompt'
}
