// Faults of an agent that shows a code: what it accepts, what it tells, and when it ends the attempt.

import type { EndpointMutant } from '../mutant.ts'

export const pairing: readonly EndpointMutant[] = [
  {
    name: 'code-long-lived',
    does: 'lets a code live for as long as it was asked to',
    breaks: ['pairing.qr.ttl'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: 'Math.min(options.ttl ?? limits.qrTtl, limits.qrTtlMax)',
    replace: 'options.ttl ?? 3 * limits.qrTtlMax',
  },
  {
    name: 'code-given-up-late',
    does: 'never gives a code up, whatever comes',
    breaks: ['pairing.m1.failures'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: "if (++this.#failures >= limits.openFailures) this.#fail('rejected', false)",
    replace: 'this.#failures++',
  },
  {
    name: 'code-route-stays-open',
    does: 'leaves the route of a code open for everybody',
    breaks: ['pairing.m2.rebind'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: `    this.#route.bindTo(from)
`,
    replace: '',
  },
  {
    name: 'code-route-kept',
    does: 'keeps the route of a code whose attempt has ended',
    breaks: ['pairing.agent.abort'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: `      this.#erase()
      this.#route.release()`,
    replace: '      this.#erase()',
  },
  {
    name: 'digits-any',
    does: 'takes any six digits',
    breaks: ['pairing.sas.typed', 'pairing.agent.nothing-before'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: 'if (!equal(typed, new TextEncoder().encode(completed.digits))) {',
    replace: 'if (typed.length !== completed.digits.length) {',
  },
  {
    name: 'digits-endless',
    does: 'lets the digits be tried again and again',
    breaks: ['pairing.sas.tries'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: "if (this.#tries > 0) return 'wrong'",
    replace: "if (this.#tries > -1_000) return 'wrong'",
  },
  {
    name: 'digits-slow',
    does: 'waits for the digits without end',
    breaks: ['pairing.sas.time'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: 'this.#restartTimer(limits.sasTime)',
    replace: 'this.#restartTimer(86_400_000)',
  },
  {
    name: 'm3-slow',
    does: 'waits for M3 without end',
    breaks: ['pairing.agent.m3-time'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: 'this.#restartTimer(limits.m3Time)',
    replace: 'this.#restartTimer(86_400_000)',
  },
  {
    name: 'refuses-in-silence',
    does: 'does not tell a device that its attempt has ended',
    breaks: ['pairing.agent.abort-answer', 'pairing.agent.refused'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: 'if (tell && last && this.#from) {',
    replace: 'if (!tell && last && this.#from) {',
  },
  {
    name: 'hs-error-ignored',
    does: 'goes on after the controller has refused',
    breaks: ['pairing.agent.hs-error'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: 'if (code) this.#fail(code, false)',
    replace: "if (code === null) this.#fail('rejected', false)",
  },
  {
    name: 'hs-error-answered',
    does: 'answers an HS_ERROR with another one',
    breaks: ['pairing.hs-error.no-loop'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: 'if (code) this.#fail(code, false)',
    replace: 'if (code) this.#fail(code, true)',
  },
  {
    name: 'm3-again',
    does: 'ends the attempt when M3 comes again',
    breaks: ['pairing.agent.repeated-m3'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: "    } else if (type === 'M3' && this.#state === 'm2-sent' && equal(from, answered.peerRoute)) {",
    replace: `    } else if (type === 'M3' && this.#state !== 'm2-sent') {
      this.#fail('rejected', true)
    } else if (type === 'M3' && equal(from, answered.peerRoute)) {`,
  },
  {
    name: 'other-device-silent',
    does: 'does not tell the person that another device has tried',
    breaks: ['pairing.agent.other-device'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: `    this.#options.events.onOtherDevice()
`,
    replace: '',
  },
  {
    name: 'refuses-with-own-code',
    does: 'tells a device its reason where it should say rejected',
    breaks: ['pairing.hs-error.code'],
    role: 'agent',
    file: 'impl-node/session/wrap.ts',
    find: "errorEntry(code).handshake === undefined ? 'rejected'",
    replace: "errorEntry(code).handshake === undefined ? 'suite'",
  },
  {
    name: 'not-opened-answered',
    does: 'answers what it could not open',
    breaks: ['pairing.hs-error.silent'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: `if (!(error instanceof ProtocolError)) throw error
    }
  }

  /** True`,
    replace: `if (!(error instanceof ProtocolError)) throw error
      this.#route.send(from, wrapError(this.#secret, frame, error.code, this.#options.random))
    }
  }

  /** True`,
  },
  {
    name: 'epoch-zero',
    does: 'makes its first certificate with the epoch 2',
    breaks: ['pairing.identity.epoch-first'],
    role: 'agent',
    file: 'impl-node/crypto/identity.ts',
    find: 'generateDhKeyPair(random), 1)',
    replace: 'generateDhKeyPair(random), 2)',
  },
  {
    name: 'epoch-zero-taken',
    does: 'takes a certificate with the epoch 0',
    breaks: ['pairing.identity.epoch-zero'],
    role: 'agent',
    file: 'schemas/src/pairing.ts',
    find: "one more for each rotation of IKd', { min: 1 })",
    replace: "one more for each rotation of IKd')",
  },
  {
    name: 'salt-fixed',
    does: 'wraps every handshake message with the same salt',
    breaks: ['pairing.wrap.salt'],
    role: 'agent',
    file: 'impl-node/session/wrap.ts',
    find: '    salt: random(32),',
    replace: '    salt: new Uint8Array(32),',
  },
  {
    name: 'm2-same-keys',
    does: 'answers every M1 with the same keys',
    breaks: ['pairing.m2.fresh'],
    role: 'agent',
    file: 'impl-node/session/initiator.ts',
    find: 'const ephemeral = generateDhKeyPair(random)',
    replace: 'const ephemeral = generateDhKeyPair(() => new Uint8Array(32).fill(9))',
  },
  {
    name: 'code-same-secret',
    does: 'shows every code with the same secret',
    breaks: ['pairing.qr.secret'],
    role: 'agent',
    file: 'impl-node/link/pairing-agent.ts',
    find: 'pairingSecret: this.#secret,',
    replace: 'pairingSecret: this.#secret.fill(7),',
  },
]
