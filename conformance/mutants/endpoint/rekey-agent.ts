// Faults of an agent in a rekey: which R1 and R3 it answers, how long it keeps what, and when it asks.

import type { EndpointMutant } from '../mutant.ts'

const runs = { role: 'agent', file: 'impl-node/link/rekey-agent.ts' } as const
const link = { role: 'agent', file: 'impl-node/link/link.ts' } as const
const sessions = { role: 'agent', file: 'impl-node/link/sessions.ts' } as const

export const rekeyAgent: readonly EndpointMutant[] = [
  {
    name: 'r1-of-others-answered',
    does: 'answers an R1 that is not of its pairing',
    breaks: ['pairing.rekey.stored'],
    ...runs,
    find: '    const opened = openM1(rekeySecret(record), r1)\n',
    replace: `    let opened: ReturnType<typeof openM1>
    try {
      opened = openM1(rekeySecret(record), r1)
    } catch {
      this.#refuse(r1, new ProtocolError('rejected'))
      return
    }
`,
  },
  {
    name: 'r1-refused-in-silence',
    does: 'refuses an R1 without a word',
    breaks: ['pairing.hs-error.rekey'],
    ...runs,
    find: '      this.#refuse(r1, error)\n',
    replace: '',
  },
  {
    name: 'r1-again-ignored',
    does: 'ignores an R1 that comes again',
    breaks: ['pairing.rekey.repeat'],
    ...runs,
    find: '      this.#hooks.send(known.answered.frame)\n',
    replace: '',
  },
  {
    name: 'r1-any-number',
    does: 'answers any number of R1 within a second',
    breaks: ['pairing.rekey.rate'],
    ...runs,
    find: '    if (wait > 0) return wait\n',
    replace: '',
  },
  {
    name: 'r1-early-dropped',
    does: 'drops an R1 that comes too early',
    breaks: ['pairing.rekey.early'],
    ...runs,
    find: '    if (wait > 0) return wait\n',
    replace: '    if (wait > 0) return 0\n',
  },
  {
    name: 'three-runs',
    does: 'keeps its last 3 runs',
    breaks: ['pairing.rekey.runs'],
    ...runs,
    find: '.slice(-limits.rekeyRuns)',
    replace: '.slice(-3)',
  },
  {
    name: 'older-runs-stay',
    does: 'keeps the runs that it answered before the one whose R3 has verified',
    breaks: ['pairing.rekey.runs-older'],
    ...runs,
    find: 'this.#runs = this.#runs.slice(index + 1)',
    replace: 'this.#runs = this.#runs.filter((_, at) => at !== index)',
  },
  {
    name: 'r3-refused-in-silence',
    does: 'refuses an R3 without a word',
    breaks: ['pairing.rekey.r3-refused'],
    ...runs,
    find: '    if (failure) this.#refuse(r3, failure)\n',
    replace: '',
  },
  {
    name: 'refusal-ends-session',
    does: 'ends its session when it refuses a message of a rekey',
    breaks: ['pairing.rekey.harmless'],
    ...link,
    find: '      send: (frame: Uint8Array) => this.#route.send(this.#record.now.peerRoute, frame),\n',
    replace: `      send: (frame: Uint8Array) => {
        if (frame[1] === HANDSHAKE_TYPES.HS_ERROR) this.#sessions.clear()
        return this.#route.send(this.#record.now.peerRoute, frame)
      },
`,
  },
  {
    name: 'silent-in-new-session',
    does: 'says no hello in a new session before it is due',
    breaks: ['pairing.rekey.agent-switch'],
    ...link,
    find: `    // session.hello.connect, pairing.rekey.agent-switch: the first frame of the session
    this.#sendHello()
`,
    replace: '    this.#hellos.say(this.#freshness.issue(), this.#now(), () => true)\n',
  },
  {
    name: 'opens-before-r3',
    does: 'uses a new session as soon as it has sent R2',
    breaks: ['pairing.rekey.agent-closed'],
    ...runs,
    find: '      this.#hooks.send(answered.frame)\n',
    replace: `      this.#hooks.send(answered.frame)
      const { suite, peer, keys, transcript, ratchetKey: ownKey, spk: remoteKey } = answered
      const { rootKey, sessionId, pairingKey, headerAgent: headerSend, headerController: headerReceive } = keys
      const state = { suite, sessionId, associatedData: transcript, rootKey, headerSend, headerReceive }
      void import('../session/ratchet.ts').then(({ Ratchet }) => {
        const ratchet = Ratchet.agent({ ...state, ownKey, remoteKey })
        this.#hooks.completed({ suite, peer, digits: '', pairingKey, sessionId, ratchet })
      })
`,
  },
  {
    name: 'r3-again-ignored',
    does: 'ignores an R3 that comes again',
    breaks: ['pairing.rekey.r3-repeated'],
    ...runs,
    find: '      this.#hooks.repeated()\n',
    replace: '',
  },
  {
    name: 'short-grace',
    does: 'erases the session that it has replaced after 15 s',
    breaks: ['pairing.rekey.grace'],
    ...sessions,
    find: 'until: now + limits.graceTime',
    replace: 'until: now + limits.graceTime / 2',
  },
  {
    name: 'executes-old',
    does: 'executes a command of a session that it has replaced',
    breaks: ['pairing.rekey.grace-late'],
    ...sessions,
    find: 'const late = frame?.late === true || (!isCurrent && this.#currentHeard)',
    replace: 'const late = frame?.late === true',
  },
  {
    name: 'asks-at-bound-only',
    does: 'asks for a session when it connects, and not when the controller comes',
    breaks: ['pairing.rekey-ask.when'],
    ...link,
    find: '    else this.rekey()\n',
    replace: '',
  },
  {
    name: 'asks-outside-only',
    does: 'asks for a rekey by REKEY_ASK although its session lives',
    breaks: ['pairing.rekey.ask'],
    ...link,
    find: "!this.#channel.isAway && this.#channel.control({ type: 'rekey' })",
    replace: '!this.#channel.isAway && this.#channel.isAway',
  },
  {
    name: 'failures-borne',
    does: 'asks for no rekey when nothing opens any more',
    breaks: ['pairing.rekey.ask'],
    ...link,
    file: 'impl-node/link/rekey-reason.ts',
    find: "  if (decryptFailures >= limits.decryptFailures) return 'decrypt-failures'\n",
    replace: '',
  },
  {
    name: 'rekey-suite-forgotten',
    does: 'does not store the suite of a rekey',
    breaks: ['pairing.rekey.record'],
    ...link,
    file: 'impl-node/link/live-record.ts',
    find: 'this.change({ suite, peer: { identityKey, dhKey, epoch } })',
    replace: 'this.change({ peer: { identityKey, dhKey, epoch } })',
  },
]
