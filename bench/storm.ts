// What happens when a node of a cluster ends: its clients come back to the others, by the rules of spec/relay.md. A small
// simulation, a millisecond after the other, because a queue that first packets are turned away from has no formula.

/** ms: relay.reconnect.backoff. */
const FIRST_DELAY = 1_000
const LONGEST_DELAY = 30_000
/** ms: relay.ping.interval, relay.ping.dead. */
const PING_EVERY = 15_000
const DEAD = 60_000
/** Connections that nobody has accepted yet; the first packet of a further one is lost, and sent again after a second. */
const BACKLOG = 4_096
const FIRST_RESEND = 1_000
/** ms after which a storm that has not ended is not going to. */
const LONGEST = 600_000

export interface Storm {
  readonly seed: number
  /** Clients of the node that ends. */
  readonly clients: number
  readonly survivors: number
  /** Milliseconds of CPU of a node for an upgrade with its bind, and of Redis for a bind. */
  readonly connect: number
  readonly redis: number
  readonly shards: number
  /** The part of a core of a node, and of Redis, that other work has already. */
  readonly busy: number
  /** ms of a way through the network and back. */
  readonly roundTrip: number
  /** Whether clients are told, because the system closes the connections of a process that ends; or find out by silence. */
  readonly isSilent: boolean
}

export interface Outcome {
  /** Seconds until so many clients are bound again; infinite where they are not within ten minutes. */
  readonly half: number
  readonly most: number
  readonly all: number
  /** Attempts of each client, on average. */
  readonly attempts: number
}

/** Numbers from 0 up to 1 that a seed decides (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Servers that do one thing after the other, with what is left of a core each. */
class Servers {
  readonly #freeAt: number[]
  readonly #left: number

  constructor(count: number, busy: number) {
    this.#freeAt = Array.from({ length: count }, () => 0)
    this.#left = 1 - busy
  }

  /** How many pieces of work of so many ms wait there. */
  waiting(which: number, at: number, ms: number): number {
    return (Math.max(0, (this.#freeAt[which] as number) - at) * this.#left) / ms
  }

  /** When work of so many ms that arrives at `at` is done. */
  work(which: number, at: number, ms: number): number {
    const done = Math.max(at, this.#freeAt[which] as number) + ms / this.#left
    this.#freeAt[which] = done
    return done
  }
}

export function simulate(storm: Storm): Outcome {
  const { clients, survivors, connect, shards, busy, roundTrip } = storm
  const random = randomFrom(storm.seed)
  const nodes = new Servers(survivors, busy)
  const redis = new Servers(shards, busy)
  /** What happens in each millisecond. */
  const agenda: (() => void)[][] = []
  const later = (at: number, what: () => void) => {
    const slot = Math.floor(at)
    if (slot >= LONGEST) return
    agenda[slot] ??= []
    agenda[slot].push(what)
  }
  const bound: number[] = []
  let attempts = 0

  function dialAfter(from: number, attempt: number): void {
    const began = from + random() * Math.min(FIRST_DELAY * 2 ** attempt, LONGEST_DELAY)
    const node = Math.floor(random() * survivors)
    later(began, () => {
      attempts++
      packet(began, 0)
    })
    /** The first packet of an attempt, so often sent again. */
    function packet(at: number, resends: number): void {
      if (nodes.waiting(node, at, connect) > BACKLOG) {
        const again = at + FIRST_RESEND * 2 ** resends
        if (again - began > DEAD) dialAfter(began + DEAD, attempt + 1)
        else later(again, () => packet(again, resends + 1))
        return
      }
      // Three ways there and back: the connection, the upgrade until the `hello`, the bind.
      const served = nodes.work(node, at + 3 * roundTrip, connect)
      later(served, () => bound.push(redis.work(Math.floor(random() * shards), served, storm.redis)))
    }
  }

  // What clients of a node without a sign heard last is the pong of their last ping.
  for (let client = 0; client < clients; client++) dialAfter(storm.isSilent ? DEAD - random() * PING_EVERY : 0, 0)
  // More comes while it runs, never for an earlier millisecond.
  for (let slot = 0; slot < agenda.length; slot++) {
    for (const happen of agenda[slot] ?? []) happen()
    delete agenda[slot]
  }
  bound.sort((a, b) => a - b)
  const part = (share: number) =>
    (bound[Math.min(clients - 1, Math.floor(share * clients))] ?? Number.POSITIVE_INFINITY) / 1_000
  return { half: part(0.5), most: part(0.99), all: part(1), attempts: attempts / clients }
}
