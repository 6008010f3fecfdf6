// Faults of a controller from its M3 on: what it stores, what confirms a pairing, and what ends it.

import type { EndpointMutant } from '../mutant.ts'

const pair = { role: 'controller', file: 'impl-node/controller/pair.ts' } as const
const link = { role: 'controller', file: 'impl-node/link/link.ts' } as const
const times = { role: 'controller', file: 'schemas/src/limits.ts' } as const

export const confirmation: readonly EndpointMutant[] = [
  {
    name: 'unconfirmed-in-memory',
    does: 'stores a pairing only when it is confirmed',
    breaks: ['pairing.controller.unconfirmed'],
    ...pair,
    find: '            store.savePairing(record)\n',
    replace: '',
  },
  {
    name: 'm3-thrice',
    does: 'sends M3 again 2, 4 and 8 s after the first time, and no more',
    breaks: ['pairing.controller.m3-resend'],
    ...link,
    file: 'impl-node/link/confirmation.ts',
    find: 'const REPEATS = [2_000, 4_000, 8_000, 16_000]',
    replace: 'const REPEATS = [2_000, 4_000, 8_000]',
  },
  {
    name: 'hello-confirms',
    does: 'takes a hello for the confirmation of a pairing',
    breaks: ['pairing.controller.confirm'],
    ...link,
    find: '        if (!this.#hellos.take(json, received)) break\n',
    replace: `        if (!this.#hellos.take(json, received)) break
        this.#record.confirm()
`,
  },
  {
    name: 'event-unconfirmed',
    does: 'heeds an event of a pairing that is not confirmed',
    breaks: ['pairing.controller.control-only'],
    ...link,
    find: '    if (!this.#record.isStored) return false\n',
    replace: '',
  },
  {
    name: 'ack-once',
    does: 'answers the first pair.complete only',
    breaks: ['pairing.controller.ack'],
    ...link,
    file: 'impl-node/link/confirmation.ts',
    find: "    acknowledge({ type: 'pair.ack',",
    replace: "    if (state !== 'stored') acknowledge({ type: 'pair.ack',",
  },
  {
    name: 'unconfirmed-long',
    does: 'keeps an unconfirmed record for twenty minutes',
    breaks: ['pairing.controller.delete-unconfirmed'],
    ...times,
    find: 'unconfirmedTtl: [600_000,',
    replace: 'unconfirmedTtl: [1_200_000,',
  },
  {
    name: 'complete-awaited',
    does: 'waits for pair.complete for ten minutes, and tries no rekey',
    breaks: ['pairing.controller.complete-time'],
    ...times,
    find: 'completeTime: [90_000,',
    replace: 'completeTime: [600_000,',
  },
  {
    name: 'hs-error-deletes',
    does: 'deletes the unconfirmed record when M3 is answered with HS_ERROR',
    breaks: ['pairing.controller.error-keeps', 'pairing.hs-error.stored'],
    ...pair,
    find: 'if (refusal) fail(failure(refusal), false)',
    replace: 'if (refusal) fail(failure(refusal), true)',
  },
  {
    name: 'revocation-unheard',
    does: 'keeps a pairing that the agent has ended',
    breaks: ['pairing.revoke.received'],
    ...link,
    find: '        this.#handlers.onRevoked()\n',
    replace: '',
  },
]
