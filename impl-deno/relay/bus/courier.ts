// Frames on their way to another node.

import { Buffer } from 'node:buffer'
import { ROUTED_HEADER } from '@happy-remote/schemas/relay.ts'
import { type Holder, routeKeyAt } from '../table.ts'
import { channelOf } from './envelopes.ts'
import type { Link } from './link.ts'
import type { Voice } from './voice.ts'

/** Bytes that a frame costs beside its own until Redis has answered. */
const FRAME_COST = 256

export class Courier {
  readonly #link: Link
  readonly #voice: Voice
  readonly #most: number
  readonly counts = { published: 0, received: 0 }
  /** Bytes of frames that Redis has not answered. */
  #unanswered = 0

  /** Gives Redis no more while more than `most` bytes have no answer (cluster.frame.slow). */
  constructor(link: Link, voice: Voice, most: number) {
    this.#link = link
    this.#voice = voice
    this.#most = most
  }

  /** Bytes, with what each frame costs beside its own. */
  get unanswered(): number {
    return this.#unanswered
  }

  /** cluster.frame.publish: once, over the one connection of the channel; false where it is not delivered. */
  publish(sender: Holder, to: string, frame: ArrayBuffer): boolean {
    const { servers } = this.#link
    // cluster.redis.frames
    if (!servers) return false
    const channel = channelOf(to)
    const server = servers.find(channel)
    const cost = frame.byteLength + FRAME_COST
    if (!server || this.#unanswered > this.#most) return false
    this.#unanswered += cost
    this.counts.published++
    server.commands.send(
      ['SPUBLISH', channel, Buffer.from(frame)],
      (count) => {
        this.#unanswered -= cost
        // cluster.frame.nobody
        if (count === 0) this.undelivered(sender, frame)
      },
      (error) => {
        this.#unanswered -= cost
        // cluster.frame.unanswered
        this.undelivered(sender, frame)
        this.#link.lose(servers, error.message)
      },
    )
    return true
  }

  /** Tells who sent a frame, a connection of this node or another node, that it is not delivered. */
  undelivered(sender: Holder | undefined, frame: ArrayBuffer): void {
    const header = new Uint8Array(frame, 0, ROUTED_HEADER)
    if (sender) sender.notDelivered(header)
    else this.#voice.nack(routeKeyAt(header, 1), routeKeyAt(header, 17))
  }
}
