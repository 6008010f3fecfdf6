// Faults of a controller that has scanned a code, up to its M3.

import type { EndpointMutant } from '../mutant.ts'

const attempt = { role: 'controller', file: 'impl-node/link/pairing-controller.ts' } as const
const messages = { role: 'controller', file: 'impl-node/session/responder.ts' } as const

export const scan: readonly EndpointMutant[] = [
  {
    name: 'mlkem-only',
    does: 'speaks the suite with ML-KEM only',
    breaks: ['pairing.suite.mandatory'],
    ...attempt,
    find: 'SUITES.findLast((candidate) => code',
    replace: 'SUITES.findLast((candidate) => candidate !== SUITES[0] && code',
  },
  {
    name: 'hashes-known-suites',
    does: 'hashes only those suites of a code that it knows',
    breaks: ['pairing.suite.unknown-bits'],
    role: 'controller',
    file: 'impl-node/session/pairing-code.ts',
    find: 'context: contextOf(payload) }',
    replace: 'context: contextOf({ ...payload, suites: payload.suites & SUITE_BITS }) }',
  },
  {
    name: 'm1-lowest-suite',
    does: 'takes the lowest suite that both know',
    breaks: ['pairing.m1.suite'],
    ...attempt,
    find: 'SUITES.findLast(',
    replace: 'SUITES.find(',
  },
  {
    name: 'm1-same-spk',
    does: 'has one signed prekey for all its M1',
    breaks: ['pairing.m1.fresh'],
    ...messages,
    find: 'const spk = generateDhKeyPair(random)',
    replace: 'const spk = generateDhKeyPair(() => new Uint8Array(32).fill(9))',
  },
  {
    name: 'm1-with-nonce',
    does: 'sends its nonce in an M3 right behind M1',
    breaks: ['pairing.m3.after-m2'],
    ...attempt,
    find: '    this.#sent = true\n',
    replace: `    this.#sent = true
    const { sasNonce, suite } = this.#bundle
    const body = Uint8Array.of(...sasNonce, ...new Uint8Array(96))
    const send = (frame: Uint8Array) => this.#route.send(this.#options.code.payload.routeId, frame)
    void import('../session/wrap.ts').then(({ wrap }) => send(wrap(this.#secret, 'M3', suite, body)))
`,
  },
  {
    name: 'm1-again-late',
    does: 'sends M1 again after 20 s',
    breaks: ['pairing.controller.m1-resend'],
    ...attempt,
    find: 'setTimeout(() => this.#sendM1(), limits.m1Resend)',
    replace: 'setTimeout(() => this.#sendM1(), limits.m1Resend + 5_000)',
  },
  {
    name: 'm1-anew',
    does: 'makes another M1 when it comes back',
    breaks: ['pairing.controller.one-bundle'],
    ...attempt,
    find: `    if (this.#ended) return
    this.#sendM1()
`,
    replace: `    if (this.#ended) return
    const { run, suite } = this.#bundle as Bundle
    if (this.#sent) this.#bundle = createBundle(run, suite, this.#options.identity, this.routeId)
    this.#sendM1()
`,
  },
  {
    name: 'm2-slow',
    does: 'waits for M2 for a minute',
    breaks: ['pairing.controller.m2-time'],
    ...attempt,
    find: `    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => this.#fail('no-answer'), limits.m2Time)`,
    replace: `    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => this.#fail('no-answer'), 2 * limits.m2Time)`,
  },
  {
    name: 'm2-refused-in-silence',
    does: 'refuses an M2 without a word to the agent',
    breaks: ['pairing.controller.m2-error'],
    ...attempt,
    find: '      this.#route.send(code.payload.routeId, wrapError(this.#secret, frame, error.code, random))\n',
    replace: '',
  },
  {
    name: 'm2-again',
    does: 'takes another M2 for an end of the attempt',
    breaks: ['pairing.m2.once'],
    ...attempt,
    find: `    if (!this.#accepted) return null
    try {`,
    replace: `    if (!this.#accepted) return null
    try {
      if (headOf(frame).type === 'M2') return 'rejected'`,
  },
  {
    name: 'busy-as-rejected',
    does: 'tells the person that the pairing was refused where somebody else used the code',
    breaks: ['pairing.controller.other-device'],
    ...attempt,
    find: '        if (refusal) this.#fail(refusal)\n',
    replace: "        if (refusal) this.#fail('rejected')\n",
  },
  {
    name: 'nine-wait',
    does: 'waits for the answer to nine M1',
    breaks: ['pairing.m1.outstanding'],
    role: 'controller',
    file: 'schemas/src/limits.ts',
    find: 'bundles: [8,',
    replace: 'bundles: [9,',
  },
]
