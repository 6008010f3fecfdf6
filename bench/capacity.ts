// What a number of pairings needs, from what was measured of one: formulas where they do.

/** Measured: bench/constants.json. Times are microseconds of CPU. */
export interface Costs {
  /** KiB that a bound connection costs a node of a cluster, and a bound route Redis. */
  readonly idle: number
  readonly idleRedis: number
  readonly ping: number
  /** An upgrade until the `hello`, a bind until the `bound`, and what Redis does for it. */
  readonly connect: number
  readonly bind: number
  readonly bindRedis: number
  /** A frame of 256 bytes, alone on its way, that one node forwards; and each further KiB of it. */
  readonly frame: number
  readonly kib: number
  /** A frame of 256 bytes whose peer is at another node: both nodes together, and Redis. */
  readonly hop: number
  readonly hopRedis: number
}

/** Of an assistant that speaks, an event every 4 ms: measured with batching. */
export interface Speech {
  readonly framesPerSecond: number
  /** Of a routed frame, on average. */
  readonly bytes: number
}

export const ASSUMED = {
  /** Of each pairing both sides are there, each with a connection of its own. */
  connectionsPerPairing: 2,
  /** s: relay.ping.interval. */
  pingEvery: 15,
  /** Times that a client connects in a day: a phone that sleeps and moves, a desktop that does not. */
  connectsPerDay: 20,
  /** The part of its time in which the assistant of an active pairing speaks. */
  speaking: 0.25,
  /** Frames that come back meanwhile: session.window.ack asks for one in 200 ms. */
  acksPerSecond: 5,
  /** A routed frame with the smallest sealed message: header, overhead and padding. */
  ackBytes: 369,
  /** Bytes of TLS record, WebSocket, TCP and IP around a frame, and around a ping or pong with its text. */
  frameOverhead: 90,
  pingBytes: 130,
  /** Bytes around a frame on a connection to Redis: command, channel, lengths, answer, TCP and IP. */
  redisOverhead: 170,
  /** The part of a core that may be used: the rest is for bursts, and for the clients of a node that ended. */
  busy: 0.6,
  /** GiB that the clients of a node may take: a heap of V8 ends at 4. */
  nodeMemory: 2,
} as const

export interface Demand {
  readonly idle: number
  readonly active: number
}

export interface Need {
  readonly connections: number
  readonly pings: number
  readonly connects: number
  readonly frames: number
  /** Cores that the work takes, by what it is for. */
  readonly cores: {
    readonly pings: number
    readonly connects: number
    readonly frames: number
    readonly all: number
  }
  /** GiB of all nodes together. */
  readonly memory: number
  /** Nodes, a core each, and the larger of the two. */
  readonly nodesByCpu: number
  readonly nodesByMemory: number
  readonly nodes: number
  readonly redis: {
    readonly cores: number
    readonly shards: number
    readonly memory: number
    readonly megabits: number
  }
  /** Megabits a second in and out of all nodes together: between clients and nodes. */
  readonly megabits: number
}

const MICRO = 1e-6
const MEGABITS = 8 / 1e6
const KIB_PER_GIB = 2 ** 20
const DAY = 86_400

/** Frames and bytes a second of one active pairing, in both directions. */
export function trafficOf({ framesPerSecond, bytes }: Speech): { readonly frames: number; readonly bytes: number } {
  const { speaking, acksPerSecond, ackBytes } = ASSUMED
  return {
    frames: speaking * (framesPerSecond + acksPerSecond),
    bytes: speaking * (framesPerSecond * bytes + acksPerSecond * ackBytes),
  }
}

/** Microseconds of a frame at the nodes, where `hops` is the part whose peer is at another node. */
function frameCost({ frame, kib, hop }: Costs, bytes: number, hops: number): number {
  const more = Math.max(0, (bytes - 256) / 1_024) * kib
  // The bytes pass two nodes where there is a hop.
  return (1 - hops) * (frame + more) + hops * (hop + 2 * more)
}

/** Nobody sees which clients belong together, so that with n nodes n - 1 of n peers are elsewhere. */
export const hopsOf = (nodes: number): number => (nodes - 1) / nodes

export function needOf({ idle, active }: Demand, costs: Costs, speech: Speech): Need {
  const { connectionsPerPairing, pingEvery, connectsPerDay, frameOverhead, pingBytes, redisOverhead } = ASSUMED
  const connections = (idle + active) * connectionsPerPairing
  const pings = connections / pingEvery
  const connects = (connections * connectsPerDay) / DAY
  const traffic = trafficOf(speech)
  const frames = active * traffic.frames
  const bytesOfFrame = traffic.bytes / traffic.frames
  const memory = (connections * costs.idle) / KIB_PER_GIB
  const nodesByMemory = Math.ceil(memory / ASSUMED.nodeMemory)
  const coresWith = (nodes: number) => {
    const forPings = pings * costs.ping * MICRO
    const forConnects = connects * (costs.connect + costs.bind) * MICRO
    const forFrames = frames * frameCost(costs, bytesOfFrame, hopsOf(nodes)) * MICRO
    return { pings: forPings, connects: forConnects, frames: forFrames, all: forPings + forConnects + forFrames }
  }
  // With more nodes more frames hop, which needs more nodes: it ends, because no more than all of them do.
  let nodesByCpu = 1
  while (nodesByCpu < Math.ceil(coresWith(nodesByCpu).all / ASSUMED.busy)) nodesByCpu++
  const nodes = Math.max(nodesByCpu, nodesByMemory)
  const hopping = frames * hopsOf(nodes)
  const redisCores = (hopping * costs.hopRedis + connects * costs.bindRedis) * MICRO
  return {
    ...{ connections, pings, connects, frames, memory, nodesByCpu, nodesByMemory, nodes },
    cores: coresWith(nodes),
    redis: {
      cores: redisCores,
      shards: Math.ceil(redisCores / ASSUMED.busy),
      memory: (connections * costs.idleRedis) / KIB_PER_GIB,
      megabits: hopping * (bytesOfFrame + redisOverhead) * MEGABITS,
    },
    megabits: (frames * (bytesOfFrame + frameOverhead) + pings * pingBytes) * MEGABITS,
  }
}

/** What one node, or one Redis server, is full of first. */
export interface Ceiling {
  /** Idle pairings for which a node has the memory, and the CPU for their pings. */
  readonly idleByMemory: number
  readonly idleByPings: number
  /** Active pairings for which a node has the CPU, alone and where every peer is elsewhere; and a Redis server. */
  readonly activeAlone: number
  readonly activeHopping: number
  readonly activeOfRedis: number
  /** Clients that a Redis server lets bind in a second. */
  readonly bindsOfRedis: number
}

export function ceilingOf(costs: Costs, speech: Speech): Ceiling {
  const { busy, nodeMemory, connectionsPerPairing, pingEvery } = ASSUMED
  const { frames, bytes } = trafficOf(speech)
  const micros = busy / MICRO
  return {
    idleByMemory: (nodeMemory * KIB_PER_GIB) / costs.idle / connectionsPerPairing,
    idleByPings: (micros / costs.ping) * (pingEvery / connectionsPerPairing),
    activeAlone: micros / (frames * frameCost(costs, bytes / frames, 0)),
    activeHopping: micros / (frames * frameCost(costs, bytes / frames, 1)),
    activeOfRedis: micros / (frames * costs.hopRedis),
    bindsOfRedis: micros / costs.bindRedis,
  }
}
