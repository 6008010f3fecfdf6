// Faults of the plaintext frame, of freshness, and of stored states.

import type { EndpointMutant } from '../mutant.ts'

const frames = { role: 'agent', file: 'impl-node/session/frame.ts' } as const
const freshness = { role: 'agent', file: 'impl-node/session/freshness.ts' } as const
const state = { role: 'controller', file: 'impl-node/session/state-image.ts' } as const

export const frame: readonly EndpointMutant[] = [
  {
    name: 'frame-any-type',
    does: 'takes a frame with reserved flags',
    breaks: ['session.frame.content-type'],
    ...frames,
    find: 'if (name === undefined || flags !== 0)',
    replace: 'if (name === undefined)',
  },
  {
    name: 'frame-ack-first',
    does: 'puts the acknowledgement before the challenge',
    breaks: ['session.frame.layout'],
    role: 'agent',
    file: 'schemas/src/session.ts',
    find: `    fresh: Bytes(8, 'newest challenge received from the peer, zero if none'),
    ack: U32('seq + 1 of the newest frame opened from the peer in this session, 0 if none'),`,
    replace: `    ack: U32('seq + 1 of the newest frame opened from the peer in this session, 0 if none'),
    fresh: Bytes(8, 'newest challenge received from the peer, zero if none'),`,
  },
  {
    name: 'frame-length-judged',
    does: 'refuses a frame whose length it would not have chosen',
    breaks: ['session.frame.length-free'],
    ...frames,
    find: 'if (padding.some((byte) => byte !== 0)) throw',
    replace: 'if (padding.some((byte) => byte !== 0) || bytes.length !== paddedSize(18 + content.length)) throw',
  },
  {
    name: 'padding-blocks',
    does: 'pads to a multiple of 256 bytes',
    breaks: ['session.frame.padding'],
    ...frames,
    find: 'const exponent = 31 - Math.clz32(size)',
    replace: 'if (size > 0) return Math.ceil(size / 256) * 256\n  const exponent = 31 - Math.clz32(size)',
  },
  {
    name: 'padding-unchecked',
    does: 'does not look at the padding of a frame',
    breaks: ['session.frame.padding-check'],
    ...frames,
    find: "  if (padding.some((byte) => byte !== 0)) throw new ProtocolError('padding')\n",
    replace: '',
  },
  {
    name: 'fresh-wall-only',
    does: 'tells the age of a challenge by the wall clock alone',
    breaks: ['session.fresh.age'],
    ...freshness,
    find: 'Math.max(now.monotonic - issued.monotonic, wall)',
    replace: 'wall',
  },
  {
    name: 'fresh-clock-back',
    does: 'trusts a wall clock that went back',
    breaks: ['session.fresh.age'],
    ...freshness,
    find: 'return wall < 0 ? null : Math.max',
    replace: 'return Math.max',
  },
  {
    name: 'fresh-all-challenges',
    does: 'remembers every challenge that it ever sent',
    breaks: ['session.fresh.challenge'],
    ...freshness,
    find: '.slice(-limits.challenges)',
    replace: '',
  },
  {
    name: 'stream-zero',
    does: 'takes a chunk of the stream 0',
    breaks: ['session.stream.layout'],
    role: 'controller',
    file: 'schemas/src/session.ts',
    find: "never reused', { min: 1 })",
    replace: "never reused')",
  },
  {
    name: 'at-rest-any-generation',
    does: 'opens a stored record of another generation',
    breaks: ['session.state.at-rest'],
    role: 'controller',
    file: 'impl-node/session/at-rest.ts',
    find: ', id, uint(64, generation))',
    replace: ', id)',
  },
  {
    name: 'state-reserved',
    does: 'does not look at the reserved bytes of a stored state',
    breaks: ['session.state.corrupt'],
    ...state,
    find: 'image = StateImage.decode(Uint8Array.from(bytes))',
    replace: 'image = StateImage.decode(Uint8Array.from(bytes).fill(0, 225, 228))',
  },
  {
    name: 'state-bases-swapped',
    does: 'stores its two bases in the wrong order',
    breaks: ['session.state.layout'],
    role: 'controller',
    file: 'schemas/src/session.ts',
    find: "  baseSend: U32('baseS'),\n  baseReceive: U32('baseR'),",
    replace: "  baseReceive: U32('baseR'),\n  baseSend: U32('baseS'),",
  },
]
