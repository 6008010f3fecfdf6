// Faults in what an end of a pairing or rekey remembers from one message to the next.

import type { EndpointMutant } from '../mutant.ts'

const agent = { role: 'agent', file: 'impl-node/link/pairing-agent.ts' } as const
const controller = { role: 'controller', file: 'impl-node/link/rekey-controller.ts' } as const

export const attempt: readonly EndpointMutant[] = [
  {
    name: 'm1-expired',
    does: 'answers an M1 after the code has expired',
    breaks: ['pairing.m1.expired'],
    ...agent,
    find: 'if (Date.now() < this.#until) return false',
    replace: 'if (Date.now() < this.#until + 86_400_000) return false',
  },
  {
    name: 'm1-single-use',
    does: 'answers a second M1 under the code of the first as if it came again',
    breaks: ['pairing.m1.single-use'],
    ...agent,
    find: 'if (this.#m1 && equal(this.#m1, frame)) {',
    replace: 'if (this.#m1 && this.#m1[1] === frame[1]) {',
  },
  {
    name: 'm1-repeat',
    does: 'takes an M1 that comes again for that of another device',
    breaks: ['pairing.m1.repeat'],
    ...agent,
    find: 'if (this.#m1 && equal(this.#m1, frame)) {',
    replace: 'if (this.#m1 && this.#m1.length === 0) {',
  },
  {
    name: 'rekey-ask-again',
    does: 'honours the same REKEY_ASK again',
    breaks: ['pairing.rekey-ask.once'],
    ...controller,
    find: '    this.#honoured.add(salt)\n',
    replace: '',
  },
]
