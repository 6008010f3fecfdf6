// Where the nodes of one scenario meet.

import { Door } from '../peers/door.ts'
import { RedisServer } from '../peers/redis-server.ts'
import { ScriptedNode } from '../peers/scripted-node.ts'
import type { Transcript } from '../peers/transcript.ts'

export class Meeting {
  readonly redis: RedisServer
  /** Through which the nodes under test reach Redis; the scripted one has its own way. */
  readonly door: Door
  /** The scripted node; a scenario that has two names the other "the other scripted node". */
  readonly node: ScriptedNode
  readonly other: ScriptedNode

  private constructor(redis: RedisServer, door: Door, [node, other]: readonly [ScriptedNode, ScriptedNode]) {
    this.redis = redis
    this.door = door
    this.node = node
    this.other = other
  }

  static async open(transcript: Transcript, isApart = false): Promise<Meeting> {
    const redis = await (isApart ? RedisServer.startApart() : RedisServer.start())
    const { host, port } = redis
    const join = () => ScriptedNode.join(`redis://${host}:${port}`, transcript)
    return new Meeting(redis, await Door.to(redis), [await join(), await join()])
  }

  /** Where the nodes under test find Redis; one that is apart has no door before it that would answer for it. */
  get url(): string {
    const { host, port, network } = this.redis
    return network ? `redis://${host}:${port}` : `redis://127.0.0.1:${this.door.port}`
  }

  async end(): Promise<void> {
    for (const node of [this.node, this.other]) node.end()
    await this.door.end()
    await this.redis.end()
  }
}
