// Faults of streams and of the bodies that travel in them.

import type { EndpointMutant } from '../mutant.ts'
import { agent, controller } from './fault.ts'

const BODIES = 'link/bodies'
const CHANNEL = 'link/channel'

export const streams: readonly EndpointMutant[] = [
  controller(
    'one-stream-id',
    'uses one stream id for all its bodies',
    ['session.stream.id'],
    CHANNEL,
    'const streamId = this.#takeStreamId()\n',
    'const streamId = this.#session?.nextStream ?? 0\n',
  ),
  controller(
    'in-order-only',
    'places each chunk of a body behind the last one',
    ['session.stream.order'],
    BODIES,
    '    awaited.bytes.set(bytes, offset)\n',
    '    awaited.bytes.set(bytes, Math.min(covered(awaited.ranges), awaited.bytes.length - bytes.length))\n',
  ),
  agent(
    'any-overlap',
    'keeps the bytes that it has where a chunk contradicts them',
    ['session.stream.overlap'],
    BODIES,
    'return start >= end || equal(bytes.subarray(start, end), chunk.subarray(start - offset, end - offset))',
    'if (start < end) chunk.set(bytes.subarray(start, end), start - offset)\n    return true',
  ),
  controller(
    'no-overlap',
    'gives a body up when its chunks overlap',
    ['session.stream.overlap'],
    BODIES,
    'return start >= end || equal(',
    'return start >= end && equal(',
  ),
  agent(
    'chunks-kept',
    'keeps a chunk until a message names its stream',
    ['session.stream.unknown'],
    BODIES,
    '    if (!awaited) return false\n',
    `    if (!awaited) {
      const kept = bytes.slice()
      setTimeout(() => this.chunk({ streamId, offset, bytes: kept }, now), 50).unref()
      return true
    }
`,
  ),
  agent(
    'stream-survives',
    'goes on with a body in a new session',
    ['session.stream.end'],
    'link/link',
    '    this.#incoming.interrupt()\n',
    '',
  ),
  controller(
    'body-credit',
    'sends 262,144 bytes of a body, and waits for credit',
    ['rpc.stream.window'],
    CHANNEL,
    'while (at < body.length) {',
    'while (at < Math.min(body.length, limits.terminalWindow)) {',
  ),
]
