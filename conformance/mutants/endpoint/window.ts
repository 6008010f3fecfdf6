// Faults of the window, of acknowledgements, and of the judgement that a peer is away.

import type { EndpointMutant } from '../mutant.ts'
import { agent, controller } from './fault.ts'

const SESSION = 'session/session'
const CHANNEL = 'link/channel'

export const window: readonly EndpointMutant[] = [
  agent(
    'no-window',
    'sends as many messages as it has',
    ['session.window.frames'],
    SESSION,
    '  message: limits.window,',
    '  message: 10_000,',
  ),
  controller(
    'no-control-window',
    'sends as many control messages as it has',
    ['session.window.frames'],
    SESSION,
    '  control: limits.window + limits.windowControl,',
    '  control: 10_000,',
  ),
  controller(
    'no-byte-window',
    'counts the frames of its window, and not their bytes',
    ['session.window.bytes'],
    SESSION,
    "(traffic === 'control' || this.#outstandingBytes + messageSize <= limits.windowBytes)",
    "(traffic === 'control' || messageSize > 0)",
  ),
  agent(
    'never-acknowledges',
    'acknowledges only with what it sends anyway',
    ['session.window.ack'],
    CHANNEL,
    `if (this.#session) this.#transmit('control', encoder.encode('{"type":"ack"}'), false)`,
    '',
  ),
  controller(
    'slow-ack',
    'waits for 200 ms however much comes',
    ['session.window.ack'],
    CHANNEL,
    'if (this.#unacknowledged >= limits.ackEvery) this.#acknowledge()',
    'if (this.#unacknowledged >= 1_000) this.#acknowledge()',
  ),
  agent(
    'acks-acks',
    'acknowledges acknowledgements',
    ['session.window.ack-alone'],
    CHANNEL,
    '    if (!isAckOnly) {',
    '    if (this.#session) {',
  ),
  agent(
    'ack-beyond',
    'believes an acknowledgement of what it never sent',
    ['session.window.bogus-ack'],
    SESSION,
    'if (ack <= this.#acked || ack > this.ratchet.nextSeq) return',
    'if (ack <= this.#acked) return',
  ),
  controller(
    'never-away',
    'goes on sending to a peer that does not acknowledge',
    ['session.window.stall'],
    CHANNEL,
    'return this.stalledFor > limits.ackStall && this.#hooks.now() - this.#heardAt > limits.ackStall',
    'return this.#closed && this.stalledFor > limits.ackStall',
  ),
  agent(
    'away-though-heard',
    'counts a peer as away that it hears',
    ['session.window.stall'],
    CHANNEL,
    'return this.stalledFor > limits.ackStall && this.#hooks.now() - this.#heardAt > limits.ackStall',
    'return this.stalledFor > limits.ackStall',
  ),
  controller(
    'away-for-acks',
    'counts a peer as away that does not acknowledge an acknowledgement',
    ['session.window.stall'],
    CHANNEL,
    'if (isAwaited) this.#awaited = session.ratchet.nextSeq',
    'this.#awaited = session.ratchet.nextSeq',
  ),
]
