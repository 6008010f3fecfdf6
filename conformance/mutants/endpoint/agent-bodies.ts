// Faults of an agent with bodies, which travel beside their message.

import type { EndpointMutant } from '../mutant.ts'
import { agent } from './fault.ts'

const BODIES = 'link/bodies'
const CHANNEL = 'link/channel'

export const agentBodies: readonly EndpointMutant[] = [
  agent(
    'no-streams',
    'sends large messages whole',
    ['rpc.stream.replace'],
    BODIES,
    'if (Buffer.byteLength(json) <= limits.messageMax) return json',
    'if (json.length > 0) return json',
  ),
  agent(
    'body-first',
    'sends the body before the message that names it',
    ['rpc.stream.name-first'],
    CHANNEL,
    'return { content: encoder.encode(naming(streamId)), after: () => this.#sendBody(streamId, body, done) }',
    'this.#sendBody(streamId, body, done)\n        return { content: encoder.encode(naming(streamId)) }',
  ),
  agent(
    'long-prompt-cut',
    'tells only the beginning of a prompt that is too large',
    ['rpc.claude.long'],
    'agent/assistants/transcript',
    "for (const piece of rest) this.#message({ messageId: randomUUID(), role: 'user', text: piece })",
    'void rest',
  ),
  agent(
    'large-events',
    'sends events of whatever size',
    ['rpc.journal.large'],
    'agent/agent',
    'if (journal && Buffer.byteLength(JSON.stringify(params)) > limits.bodyLeast) {',
    'if (journal && Buffer.byteLength(JSON.stringify(params)) < 1) {',
  ),
  agent(
    'asks-anything',
    'asks for what is too large to be shown',
    ['rpc.permission.large'],
    'agent/conversation',
    'return limits.askedBytes - this.#permissions.size - this.#questions.size',
    'return 16 * limits.askedBytes - this.#permissions.size - this.#questions.size',
  ),
  agent(
    'any-hash',
    'does not look at the hash of a body',
    ['rpc.stream.verify', 'rpc.stream.mismatch'],
    BODIES,
    "if (!equal(sha256(bytes), Buffer.from(reference.sha256, 'base64url'))) throw new TypeError('another hash')",
    '',
  ),
  agent(
    'any-body',
    'takes a body that is no object',
    ['rpc.stream.mismatch'],
    BODIES,
    "if (memberOf(message) === 'params' && !isObject) throw new TypeError('no object')",
    '',
  ),
  agent(
    'small-bodies',
    'accepts bodies of 100,000 bytes',
    ['rpc.stream.size'],
    BODIES,
    'const LARGEST_BODY = 16 * 1_048_576',
    'const LARGEST_BODY = 100_000',
  ),
  agent(
    'too-large-interrupted',
    'answers a body that is too large "interrupted"',
    ['rpc.stream.too-large'],
    BODIES,
    "this.#hooks.failed(message, 'too-large')",
    "this.#hooks.failed(message, 'interrupted')",
  ),
  agent(
    'fresh-at-once',
    'judges the freshness of a body when its request comes',
    ['rpc.stream.fresh'],
    'link/incoming',
    'isFresh: () => freshness.isFresh(challenge),',
    'isFresh: ((fresh) => () => fresh)(freshness.isFresh(challenge)),',
  ),
  agent(
    'patient-bodies',
    'never drops a body',
    ['rpc.stream.stall', 'rpc.stream.interrupted'],
    BODIES,
    'if (now - progressAt <= limits.streamStall) continue',
    'if (now >= progressAt) continue',
  ),
  agent(
    'silent-interrupt',
    'says nothing of a body that ends with its session',
    ['rpc.stream.interrupted'],
    BODIES,
    "for (const message of messages) this.#hooks.failed(message, 'interrupted')",
    '',
  ),
]
