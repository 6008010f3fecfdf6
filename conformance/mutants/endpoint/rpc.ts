// Faults in messages, batches, requests and commands.

import type { EndpointMutant } from '../mutant.ts'

export const rpc: readonly EndpointMutant[] = [
  {
    name: 'parse-error-silent',
    does: 'says nothing of a message that is no JSON',
    breaks: ['rpc.message.parse-error'],
    role: 'agent',
    file: 'impl-node/link/incoming.ts',
    find: "this.#hooks.unreadable('parse-error', 'Cannot read a message: it is not JSON.')",
    replace: 'void content',
  },
  {
    name: 'invalid-silent',
    does: 'says nothing of a message that is none',
    breaks: ['rpc.message.invalid', 'rpc.batch.invalid'],
    role: 'agent',
    file: 'impl-node/link/incoming.ts',
    find: `      this.#hooks.unreadable('invalid-request', text)
`,
    replace: `      void text
`,
  },
  {
    name: 'batch-backwards',
    does: 'executes a batch from its end',
    breaks: ['rpc.batch.order'],
    role: 'agent',
    file: 'impl-node/link/incoming.ts',
    find: '(entries as ReceivedMessage[]).map(withKnownCode)',
    replace: '(entries as ReceivedMessage[]).map(withKnownCode).toReversed()',
  },
  {
    name: 'batch-slow',
    does: 'lets small messages wait for a second',
    breaks: ['rpc.batch.delay'],
    role: 'agent',
    file: 'impl-node/link/batch.ts',
    find: 'else this.#timer ??= setTimeout(() => this.flush(), limits.batchDelay)',
    replace: 'else this.#timer ??= setTimeout(() => this.flush(), 1_000)',
  },
  {
    name: 'urgent-waits',
    does: 'lets an urgent message wait with the others',
    breaks: ['rpc.batch.urgent'],
    role: 'agent',
    file: 'impl-node/link/batch.ts',
    find: 'if (urgent || this.#waiting.length',
    replace: 'if (this.#waiting.length',
  },
  {
    name: 'batch-as-message',
    does: 'sends a batch under the content type of one message',
    breaks: ['rpc.batch.frame'],
    role: 'agent',
    file: 'impl-node/link/batch.ts',
    find: "contentType: 'batch',",
    replace: "contentType: 'rpc',",
  },
  {
    name: 'method-unknown-internal',
    does: 'calls a method that it does not have a failure of its own',
    breaks: ['rpc.request.unknown-method'],
    role: 'agent',
    file: 'impl-node/agent/dispatch.ts',
    find: "throw new ProtocolError('unknown-method', ",
    replace: "throw new ProtocolError('internal', ",
  },
  {
    name: 'params-first',
    does: 'looks at params before it asks whether the call is granted',
    breaks: ['rpc.request.forbidden'],
    role: 'agent',
    file: 'impl-node/agent/dispatch.ts',
    find: `    const { capability, kind } = methods[name]
`,
    replace: `    const { capability, kind } = methods[name]
    checkParams(name, request.params)
`,
  },
  {
    name: 'capability-any',
    does: 'lets every controller call everything',
    breaks: ['rpc.request.forbidden'],
    role: 'agent',
    file: 'impl-node/agent/dispatch.ts',
    find: 'if (!caller.capabilities.has(capability)) {',
    replace: 'if (caller.capabilities === undefined) {',
  },
  {
    name: 'params-unchecked',
    does: 'does not check params',
    breaks: ['rpc.request.invalid-params'],
    role: 'agent',
    file: 'impl-node/agent/dispatch.ts',
    find: `if (validator.Check(params)) return
  throw new ProtocolError('invalid-params'`,
    replace: `if (validator.Check(params) || params) return
  throw new ProtocolError('invalid-params'`,
  },
  {
    name: 'command-twice',
    does: 'executes a command again that it has finished',
    breaks: ['rpc.command.once'],
    role: 'agent',
    file: 'impl-node/agent/commands.ts',
    find: `      if (record?.outcome) return Promise.resolve(record.outcome)
`,
    replace: '',
  },
  {
    name: 'command-conflict',
    does: 'answers another command under a used id with the old outcome',
    breaks: ['rpc.command.conflict'],
    role: 'agent',
    file: 'impl-node/agent/commands.ts',
    find: 'if (record !== undefined && record.fingerprint !== print) {',
    replace: 'if (record !== undefined && record.fingerprint === undefined) {',
  },
  {
    name: 'command-stale-again',
    does: 'refuses the repetition of a finished command that is stale',
    breaks: ['rpc.command.recorded-stale'],
    role: 'agent',
    file: 'impl-node/agent/commands.ts',
    find: 'if (record?.outcome) return Promise.resolve(record.outcome)',
    replace: 'if (record?.outcome && !refuse) return Promise.resolve(record.outcome)',
  },
  {
    name: 'command-recorded-first',
    does: 'records a command before it is refused',
    breaks: ['rpc.command.unrecorded'],
    role: 'agent',
    file: 'impl-node/agent/commands.ts',
    find: `      if (refuse !== undefined) throw refuse

      store.accept(controller, id, print)`,
    replace: `      store.accept(controller, id, print)
      if (refuse !== undefined) throw refuse
`,
  },
  {
    name: 'command-restarted',
    does: 'executes a command again during which it was killed',
    breaks: ['rpc.command.interrupted'],
    role: 'agent',
    file: 'impl-node/agent/commands.ts',
    find: `      if (record !== undefined) throw new ProtocolError('interrupted')
`,
    replace: '',
  },
  {
    name: 'code-unknown-dropped',
    does: 'ignores a response whose error code it does not know',
    breaks: ['errors.code.unknown'],
    role: 'controller',
    file: 'impl-node/link/incoming.ts',
    find: "return { ...received, error: { ...received.error, code: 'internal' } }",
    replace: "return { type: 'event', method: 'claude.state', params: {} } as never",
  },
]
