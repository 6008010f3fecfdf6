// Faults of what is refused: messages, frames, control messages, chunks.

import type { EndpointMutant } from '../mutant.ts'
import { agent, controller } from './fault.ts'

const LINK = 'link/link'
const SESSION = 'session/session'
const INCOMING = 'link/incoming'
const NAME = 'link/device-name'

export const refusing: readonly EndpointMutant[] = [
  {
    name: 'message-too-long',
    does: 'opens a message that is one byte longer than any may be',
    breaks: ['session.receive.too-long'],
    role: 'agent',
    file: 'schemas/src/session.ts',
    find: 'max: limits.plaintextMax + 16,',
    replace: 'max: limits.plaintextMax + 17,',
  },
  {
    name: 'unsafe-integer',
    does: 'reads a number of 64 bits that it cannot hold exactly',
    breaks: ['security.parse.integer'],
    role: 'controller',
    file: 'schemas/src/layout.ts',
    find: '(size === 8 ? Number.MAX_SAFE_INTEGER :',
    replace: '(size === 8 ? Number.MAX_VALUE :',
  },
  controller(
    'signature-first',
    'looks at the signature of M2 before its confirmation',
    ['security.parse.order'],
    'session/responder',
    '  if (!equal(confirmation(keys.confirmAgent, transcript, body.signature), body.confirmation)) {\n',
    `  if (!verify(body.cert.identityKey, concat(label('auth-agent'), transcript), body.signature)) {
    throw new ProtocolError('auth-signature')
  }
  if (!equal(confirmation(keys.confirmAgent, transcript, body.signature), body.confirmation)) {
`,
  ),
  agent(
    'signature-first',
    'looks at the signature of M3 before its confirmation',
    ['security.parse.order'],
    'session/initiator',
    '  if (!equal(confirmation(keys.confirmController, transcript, body.signature), body.confirmation)) {\n',
    `  if (!verify(peer.identityKey, concat(label('auth-controller'), transcript), body.signature)) {
    throw new ProtocolError('auth-signature')
  }
  if (!equal(confirmation(keys.confirmController, transcript, body.signature), body.confirmation)) {
`,
  ),
  controller(
    'known-capabilities',
    'ignores a "pair.complete" with a capability that it does not know',
    ['session.control.capabilities'],
    'link/confirmation',
    'const allowed = capabilities.filter(isCapability)\n',
    `const allowed = capabilities.filter(isCapability)
    if (allowed.length < capabilities.length) return false
`,
  ),
  agent(
    'complains',
    'says hello because a message was refused',
    ['session.receive.silent', 'security.secret.no-oracle'],
    LINK,
    '      // session.receive.silent: what does not open or parse changes nothing\n',
    '      this.#sendHello()\n',
  ),
  controller(
    'refused-unacknowledged',
    'does not acknowledge a frame that it refuses',
    ['session.frame.refused'],
    SESSION,
    `    this.#highest = Math.max(this.#highest, opened.seq + 1)
    // session.persist.before-deliver
    this.#advance()
    const frame = decodeFrame(opened.plaintext)
`,
    `    this.#advance()
    const frame = decodeFrame(opened.plaintext)
    this.#highest = Math.max(this.#highest, opened.seq + 1)
`,
  ),
  agent(
    'refused-used',
    'uses what stands in a frame whose padding it refuses',
    ['session.frame.refused'],
    'session/frame',
    "  if (padding.some((byte) => byte !== 0)) throw new ProtocolError('padding')\n",
    '',
  ),
  controller(
    'unknown-control',
    'answers a control message that it does not know',
    ['session.control.unknown'],
    LINK,
    '    if (!json) return false\n',
    "    if (!json) return !this.#channel.control({ type: 'error', code: 'invalid-request', message: 'What?' })\n",
  ),
  agent(
    'malformed-control',
    'takes a control content that it cannot read for the end of the session',
    ['session.control.malformed'],
    LINK,
    '    if (!json) return false\n',
    `    if (!json) {
      this.#sessions.clear()
      return false
    }
`,
  ),
  agent(
    'answers-errors',
    'answers a control error with a hello',
    ['session.control.error-final'],
    LINK,
    "      case 'ack':\n",
    "      case 'error':\n        this.#sendHello()\n        break\n      case 'ack':\n",
  ),
  controller(
    'long-name',
    'tells its name at any length',
    ['session.control.name'],
    NAME,
    'if (Buffer.byteLength(name + character) > limits.nameMax) break',
    'if (Buffer.byteLength(name + character) > 1_000) break',
  ),
  agent(
    'raw-name',
    'leaves control characters in its name',
    ['session.control.name'],
    NAME,
    "text.toWellFormed().replace(CONTROL, ' ').trim()",
    "text.toWellFormed().replace(/\\0/gu, ' ').trim()",
  ),
  agent(
    'bad-chunk-ends',
    'ends a body because of a chunk that does not decode',
    ['session.stream.malformed'],
    INCOMING,
    '      if (error instanceof ProtocolError) return\n',
    '      if (error instanceof ProtocolError) return this.interrupt()\n',
  ),
]
