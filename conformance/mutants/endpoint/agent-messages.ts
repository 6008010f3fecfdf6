// Faults of an agent with messages and batches, before anything is asked of it.

import type { EndpointMutant } from '../mutant.ts'
import { agent } from './fault.ts'

const INCOMING = 'link/incoming'
const DISPATCH = 'agent/dispatch'
const AGENT = 'agent/agent'
const BATCH = 'link/batch'
const CHANNEL = 'link/channel'

export const agentMessages: readonly EndpointMutant[] = [
  agent(
    'parse-silent',
    'says nothing of a content that is not JSON',
    ['rpc.message.parse-error'],
    INCOMING,
    "this.#hooks.unreadable('parse-error', 'Cannot read a message: it is not JSON.')",
    '',
  ),
  agent(
    'invalid-silent',
    'says nothing of JSON that is no message',
    ['rpc.message.invalid', 'rpc.batch.invalid'],
    INCOMING,
    "this.#hooks.unreadable('invalid-request', text)",
    '',
  ),
  agent(
    'batch-in-part',
    'acts on the good messages of a bad batch',
    ['rpc.batch.invalid'],
    INCOMING,
    'const entries: unknown[] = !isBatch ? [json] : batch.Check(json) ? json.messages : []',
    'const entries: unknown[] = !isBatch ? [json] : ((json as { messages?: unknown[] }).messages ?? []).filter((entry) => message.Check(entry))',
  ),
  agent(
    'batch-reversed',
    'handles the messages of a batch from the last to the first',
    ['rpc.batch.order'],
    INCOMING,
    '(entries as ReceivedMessage[]).map(withKnownCode)',
    '(entries as ReceivedMessage[]).map(withKnownCode).reverse()',
  ),
  agent(
    'strict-members',
    'takes unknown members for invalid params',
    ['rpc.message.unknown-members'],
    DISPATCH,
    'if (validator.Check(params)) return',
    'if (validator.Check(params) && !Object.keys(params as object).some((key) => key.startsWith("unstable-"))) return',
  ),
  agent(
    'answers-events',
    'answers what is not a request',
    ['rpc.message.agent-ignores'],
    AGENT,
    "if (message.type !== 'request') return",
    "if (message.type !== 'request') {\n            link.send({ id: message.id, type: 'response', error: { code: 'invalid-request', message: 'no' } }, true)\n            return\n          }",
  ),
  agent(
    'batch-slow',
    'keeps messages waiting for three seconds',
    ['rpc.batch.delay'],
    BATCH,
    'else this.#timer ??= setTimeout(() => this.flush(), limits.batchDelay)',
    'else this.#timer ??= setTimeout(() => this.flush(), 3_000)',
  ),
  agent(
    'urgent-first',
    'lets urgent messages overtake those that wait',
    ['rpc.batch.urgent'],
    BATCH,
    'this.#waiting.push(json)',
    'if (urgent) this.#waiting.unshift(json)\n    else this.#waiting.push(json)',
  ),
  agent(
    'large-batch',
    'puts twenty messages into a batch',
    ['rpc.batch.frame'],
    BATCH,
    'this.#waiting.length === limits.batchMessages ||',
    'this.#waiting.length === 20 ||',
  ),
  agent(
    'old-session',
    'answers only in the session of the request',
    ['rpc.message.current-session'],
    AGENT,
    '    const response = await this.#dispatch(request, caller, refuse)\n',
    `    let over = false
    const stream = link.openStream({ onDrain: () => {}, onEnd: () => void (over = true) })
    const response = await this.#dispatch(request, caller, refuse)
    stream.close()
    if (over) return
`,
  ),
  agent(
    'urgent-waits',
    'lets an urgent message wait with the others',
    ['rpc.batch.urgent'],
    BATCH,
    'if (urgent || this.#waiting.length',
    'if (this.#waiting.length',
  ),
  agent(
    'message-as-batch',
    'sends a message under the content type of a batch',
    ['rpc.message.frame'],
    BATCH,
    "? { contentType: 'rpc', content: encoder.encode(messages[0]), isDelta }",
    "? { contentType: 'batch', content: encoder.encode(messages[0]), isDelta }",
  ),
  agent(
    'batch-as-message',
    'sends a batch under the content type of one message',
    ['rpc.batch.frame'],
    BATCH,
    "contentType: 'batch',",
    "contentType: 'rpc',",
  ),
  agent(
    'event-before-body',
    'sends an event while the body of one before it is on its way',
    ['rpc.event.order'],
    CHANNEL,
    'if (isEvent) this.#isEventHeld = true',
    'if (isEvent) this.#isEventHeld = false',
  ),
  agent(
    'piece-behind-whole',
    'keeps a piece of a message for which there is no room until after the message',
    ['rpc.event.order'],
    CHANNEL,
    'if (!hasRoom) continue',
    'if (!hasRoom && this.#outbox.push(next)) continue',
  ),
]
