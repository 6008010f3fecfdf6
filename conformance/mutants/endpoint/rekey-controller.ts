// Faults of a controller in a rekey: what makes it begin one, how long it waits, and what it falls back to.

import type { EndpointMutant } from '../mutant.ts'

const runs = { role: 'controller', file: 'impl-node/link/rekey-controller.ts' } as const
const link = { role: 'controller', file: 'impl-node/link/link.ts' } as const
const reason = { role: 'controller', file: 'impl-node/link/rekey-reason.ts' } as const

const ACCEPT = '    const answer = acceptM2(run.bundle, frame, identity, record().peer, random)\n'

export const rekeyController: readonly EndpointMutant[] = [
  {
    name: 'rekey-unheard',
    does: 'ignores the control message "rekey"',
    breaks: ['pairing.rekey.triggers'],
    ...link,
    find: `        // pairing.rekey.triggers
        this.#rekeyController?.request(now)
`,
    replace: '',
  },
  {
    name: 'skip-limit-borne',
    does: 'begins no rekey when more messages are lost than it may skip',
    breaks: ['pairing.rekey.triggers'],
    ...reason,
    find: "  if (seen.skipLimitReached) return 'skip-limit'\n",
    replace: '',
  },
  {
    name: 'failures-summed',
    does: 'counts failures that were not in a row',
    breaks: ['pairing.rekey.triggers'],
    role: 'controller',
    file: 'impl-node/session/session.ts',
    find: '    this.#decryptFailures = 0\n',
    replace: '',
  },
  {
    name: 'rekey-without-gap',
    does: 'begins a rekey right after the last one',
    breaks: ['pairing.rekey.gap'],
    ...runs,
    find: 'this.#notBefore = now + this.#gap',
    replace: 'this.#notBefore = now',
  },
  {
    name: 'suite-given-up',
    does: 'does not try a higher suite when its own is refused',
    breaks: ['pairing.rekey.suite-repeat'],
    ...runs,
    find: '&& higher && !run.repeated && !run.accepted)',
    replace: '&& higher && run.repeated && !run.accepted)',
  },
  {
    name: 'r2-unknown-ends-run',
    does: 'gives a run up when an R2 names another prekey',
    breaks: ['pairing.rekey.r2-unknown'],
    ...runs,
    find: ACCEPT,
    replace: `    let answer: AcceptedM2
    try {
      answer = acceptM2(run.bundle, frame, identity, record().peer, random)
    } catch (error) {
      if ((error as { code?: unknown }).code === 'prekey-unknown') this.#fail(run)
      throw error
    }
`,
  },
  {
    name: 'r2-refused-aloud',
    does: 'answers an R2 that it refuses with HS_ERROR',
    breaks: ['pairing.rekey.r2-refused'],
    ...runs,
    find: ACCEPT,
    replace: `    let answer: AcceptedM2
    try {
      answer = acceptM2(run.bundle, frame, identity, record().peer, random)
    } catch (error) {
      const copy = new Uint8Array(frame)
      void import('../session/wrap.ts').then((wrap) => send(wrap.wrapError(record().pairingKey, copy, 'rejected')))
      throw error
    }
`,
  },
  {
    name: 'r2-slow',
    does: 'waits for R2 for a minute',
    breaks: ['pairing.rekey.r2-time'],
    ...runs,
    find: '      deadline: now + limits.rekeyRunTtl,',
    replace: '      deadline: now + 2 * limits.rekeyRunTtl,',
  },
  {
    name: 'uses-new-session-first',
    does: 'uses a new session as soon as it has sent R3',
    breaks: ['pairing.rekey.controller-wait'],
    ...link,
    find: '            this.#sessions.await(new Session(run.ratchet, this.#clocks.wall()))\n',
    replace: `            const session = new Session(run.ratchet, this.#clocks.wall())
            this.#sessions.begin(session, this.#clocks.wall())
            this.#startSession(session)
`,
  },
  {
    name: 'r3-thrice',
    does: 'sends R3 again 1, 2 and 4 s after the first time, and no more',
    breaks: ['pairing.rekey.r3-resend'],
    ...runs,
    find: '    run.resendAt = REPEATS.map((delay) => now + delay)\n',
    replace: '    run.resendAt = REPEATS.slice(0, 3).map((delay) => now + delay)\n',
  },
  {
    name: 'new-session-awaited',
    does: 'waits for the first message of a new session for a minute',
    breaks: ['pairing.rekey.drop'],
    ...runs,
    find: '    run.deadline = now + limits.rekeyRunTtl\n',
    replace: '    run.deadline = now + 2 * limits.rekeyRunTtl\n',
  },
  {
    name: 'r3-refusal-unheard',
    does: 'ignores that its R3 was refused',
    breaks: ['pairing.rekey.r3-error'],
    ...runs,
    find: '    if (code === null) return\n',
    replace: '    if (code === null || run.accepted) return\n',
  },
  {
    name: 'drops-and-rests',
    does: 'begins no other rekey when it has dropped a new session',
    breaks: ['pairing.rekey.drop-again'],
    ...runs,
    find: `    this.#wanted = true
    if (run.accepted) this.#hooks.givenUp()
`,
    replace: '    if (run.accepted) this.#hooks.givenUp()\n',
  },
  {
    name: 'ask-while-alive',
    does: 'honours a REKEY_ASK while the session is alive',
    breaks: ['pairing.rekey-ask.quiet'],
    ...runs,
    find: 'if (this.#honoured.has(salt) || heardAgo < limits.rekeyAskQuiet) return',
    replace: 'if (this.#honoured.has(salt)) return',
  },
  {
    name: 'ask-of-another-run',
    does: 'ignores the REKEY_ASK of an agent that was heard a moment before it was started again',
    breaks: ['pairing.rekey-ask.back'],
    role: 'controller',
    file: 'impl-node/link/peer-presence.ts',
    find: '    if (!online) this.#heardAt = Number.NEGATIVE_INFINITY\n',
    replace: '',
  },
  {
    name: 'old-session-kept',
    does: 'keeps a session of suite 0x0002 for 30 days',
    breaks: ['pairing.rekey.triggers'],
    ...reason,
    find: "  if (suite !== SUITES[0] && age > limits.sessionAgePostQuantum) return 'age-or-count'\n",
    replace: '',
  },
  {
    name: 'rekey-certificate-forgotten',
    does: 'does not store the certificate of a rekey',
    breaks: ['pairing.rekey.record'],
    ...link,
    file: 'impl-node/link/live-record.ts',
    find: 'this.change({ suite, peer: { identityKey, dhKey, epoch } })',
    replace: 'this.change({ suite })',
  },
  {
    name: 'four-sessions',
    does: 'keeps four sessions of a pairing',
    breaks: ['pairing.rekey.third'],
    role: 'controller',
    file: 'impl-node/link/sessions.ts',
    find: 'const kept = limits.sessions -',
    replace: 'const kept = limits.sessions + 1 -',
  },
]
