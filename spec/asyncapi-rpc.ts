// spec/asyncapi/rpc.yaml: what travels inside the session, seen by the agent; from the registry.

import { rpcFile, schemaFile } from '../schemas/generate/files.ts'
import { COMMON_ERRORS, type EventType, type Method } from '../schemas/src/rpc/method.ts'
import { events, methods } from '../schemas/src/rpc/registry.ts'
import { CONTENT_TYPES, type ContentType } from '../schemas/src/session.ts'
import type { DocumentSpec, MessageSpec, OperationSpec } from './asyncapi-document.ts'

const allMethods: readonly Method[] = Object.values(methods)
const allEvents: readonly EventType[] = Object.values(events)

/** What the prose says about one method or event beyond its row in the table. */
const requirementsOf: Readonly<Record<string, readonly string[]>> = {
  'claude.sendMessage': ['rpc.claude.accept', 'rpc.claude.order', 'rpc.conversation.closed', 'rpc.attachment.given'],
  'claude.listConversations': ['rpc.conversation.list', 'rpc.conversation.page', 'rpc.conversation.after'],
  'claude.openConversation': ['rpc.conversation.new', 'rpc.conversation.open', 'rpc.conversation.busy'],
  'claude.cancel': ['rpc.claude.cancel'],
  'permission.answer': ['rpc.permission.hash-mismatch', 'rpc.permission.option', 'rpc.permission.first-wins'],
  'question.answer': [
    'rpc.question.values',
    'rpc.question.declined',
    'rpc.question.first-wins',
    'rpc.question.expired',
  ],
  'terminal.open': ['rpc.terminal.id', 'rpc.terminal.cwd', 'rpc.terminal.program'],
  'terminal.attach': ['rpc.terminal.attach', 'rpc.terminal.gap', 'rpc.terminal.attach-ahead'],
  'terminal.write': ['rpc.write.offset', 'rpc.write.conflict', 'rpc.write.result', 'rpc.write.ended'],
  'terminal.resize': ['rpc.terminal.resize', 'rpc.write.ended'],
  'terminal.close': ['rpc.terminal.close'],
  'stream.credit': ['rpc.credit.raise', 'rpc.credit.unknown'],
  'session.pause': ['rpc.pause.begin', 'rpc.pause.refuses', 'rpc.pause.goes-on', 'rpc.pause.queue', 'rpc.pause.kept'],
  'session.resume': ['rpc.pause.resume', 'rpc.pause.unknown'],
  'session.revoke': ['rpc.device.own', 'rpc.device.admin', 'rpc.device.not-found'],
  'device.list': ['rpc.device.list'],
  'device.rename': ['rpc.device.rename', 'rpc.device.name', 'rpc.device.rename-other', 'rpc.device.change-not-found'],
  'device.grant': ['rpc.device.grant', 'rpc.device.grant-output', 'rpc.device.change-not-found'],
  'command.status': ['rpc.command.status', 'rpc.command.status-own'],
  'git.status': ['rpc.git.repository', 'rpc.git.failed', 'rpc.git.status', 'rpc.git.cut', 'rpc.git.programs'],
  'git.diff': ['rpc.git.diff', 'rpc.git.path', 'rpc.git.literal', 'rpc.git.cut', 'rpc.git.programs'],
  'git.log': ['rpc.git.log', 'rpc.git.log-after'],
  'git.show': [
    'rpc.git.show',
    'rpc.git.show-unknown',
    'rpc.git.path',
    'rpc.git.literal',
    'rpc.git.cut',
    'rpc.git.programs',
  ],
  'git.commit': ['rpc.git.commit', 'rpc.git.message', 'rpc.git.hooks', 'rpc.git.path', 'rpc.git.literal'],
  'git.push': ['rpc.git.push', 'rpc.git.remote', 'rpc.git.branch'],
  'claude.state': ['rpc.claude.state', 'rpc.claude.died', 'rpc.conversation.told'],
  'claude.message': ['rpc.claude.message', 'rpc.claude.unknown-update', 'rpc.attachment.told'],
  'claude.messageState': ['rpc.claude.states'],
  'permission.requested': ['rpc.permission.requested', 'rpc.permission.input-text'],
  'permission.resolved': ['rpc.permission.resolved'],
  'question.requested': ['rpc.question.requested'],
  'question.resolved': ['rpc.question.resolved'],
  'terminal.opened': ['rpc.terminal.opened'],
  'terminal.resized': ['rpc.terminal.resize'],
  'terminal.exited': ['rpc.terminal.exited'],
  'session.paused': ['rpc.pause.told'],
  'session.resumed': ['rpc.pause.told'],
  'device.joined': ['rpc.device.events'],
  'device.changed': ['rpc.device.changed'],
  'device.revoked': ['rpc.device.events'],
  'journal.subscribe': ['rpc.journal.page', 'rpc.journal.before', 'rpc.journal.newest', 'rpc.journal.gap'],
  'journal.withheld': ['rpc.journal.stand-in'],
  'journal.lost': ['rpc.journal.lost'],
}

const required = (name: string) => {
  const requirements = requirementsOf[name]
  return requirements === undefined ? {} : { requirements }
}

const within = (type: ContentType) => ({ 'x-plaintext-content-type': CONTENT_TYPES[type] })

const control = (name: string, summary: string): MessageSpec => ({
  name,
  summary,
  schema: schemaFile(name),
  extensions: within('control'),
})

const rpc = (name: string, summary: string, schema: string): MessageSpec => ({
  name,
  summary,
  schema,
  correlated: true,
  extensions: within('rpc'),
})

const callMessages = ({ name, doc }: Method): MessageSpec[] => [
  rpc(`${name}.request`, doc, rpcFile(name, 'request')),
  rpc(`${name}.success`, `The result of ${name}.`, rpcFile(name, 'success')),
]

const call = ({ name, kind, capability, doc, errors }: Method): OperationSpec => ({
  name,
  action: 'receive',
  message: `${name}.request`,
  replies: [`${name}.success`, 'Failure'],
  summary: doc,
  ...required(name),
  extensions: { 'x-kind': kind, 'x-capability': capability, 'x-errors': errors },
})

const happening = ({ name, capability, urgent, journaled, doc }: EventType): OperationSpec => ({
  name,
  action: 'send',
  message: `${name}.event`,
  summary: doc,
  ...required(name),
  extensions: { 'x-capability': capability, 'x-urgent': urgent, 'x-journaled': journaled },
})

const both = (name: string, message: string, summary: string, requirements: readonly string[]): OperationSpec[] => [
  { name: `send${name}`, action: 'send', message, summary, requirements },
  { name: `receive${name}`, action: 'receive', message, summary, requirements },
]

export const rpcDocument: DocumentSpec = {
  file: 'rpc.yaml',
  title: 'Happy Remote Control: messages within the session',
  description: [
    'The application of this document is the agent: "send" is from an agent to a controller, "receive" from a',
    'controller to an agent. Every message is the content of a plaintext frame, and x-plaintext-content-type the',
    'first byte of that frame. A member that is too large for one message is replaced by a StreamReference.',
    'Delivery, order and capabilities: spec/rpc.md; control messages: spec/session.md.',
  ].join('\n'),
  channel: {
    name: 'session',
    members: {
      address: null,
      title: 'A session between an agent and a controller',
      description: 'Runs inside the ratchet messages of pairing.yaml.',
    },
  },
  messages: [
    control('ControlHello', 'A challenge, and what the sender supports.'),
    control('ControlAck', 'Carries nothing but the acknowledgement of its frame.'),
    control('ControlRekey', 'Asks the controller for a rekey.'),
    control('ControlPairComplete', 'The agent has stored the pairing.'),
    control('ControlPairAck', 'The controller has confirmed the pairing.'),
    control('ControlPairingRevoked', 'The pairing is over.'),
    control('ControlError', 'A frame that could not be read.'),
    ...allMethods.flatMap(callMessages),
    rpc('Failure', 'Why a request was refused or failed.', schemaFile('Failure')),
    ...allEvents.map(({ name, doc }) => rpc(`${name}.event`, doc, rpcFile(name, 'event'))),
    {
      name: 'Batch',
      summary: 'Several messages in one frame.',
      schema: schemaFile('Batch'),
      extensions: within('batch'),
    },
    {
      name: 'StreamChunk',
      summary: 'Bytes of a stream: terminal output, or what was too large for a message.',
      layouts: ['StreamChunk'],
      extensions: within('stream'),
    },
  ],
  operations: [
    ...both('Hello', 'ControlHello', 'On every connection and every 30 seconds while the peer is present.', [
      'session.hello.connect',
      'session.hello.interval',
    ]),
    ...both('Ack', 'ControlAck', 'When there is nothing else to send.', [
      'session.window.ack',
      'session.window.ack-alone',
    ]),
    {
      name: 'sendRekey',
      action: 'send',
      message: 'ControlRekey',
      summary: 'When a trigger for a rekey is met.',
      requirements: ['pairing.rekey.ask'],
    },
    {
      name: 'sendPairComplete',
      action: 'send',
      message: 'ControlPairComplete',
      summary: 'Once the digits were typed and the record is stored.',
      requirements: ['pairing.agent.complete'],
    },
    {
      name: 'receivePairAck',
      action: 'receive',
      message: 'ControlPairAck',
      summary: "Brings the device's name.",
      requirements: ['pairing.controller.ack'],
    },
    {
      name: 'sendPairingRevoked',
      action: 'send',
      message: 'ControlPairingRevoked',
      summary: 'Best effort, before the records are erased.',
      requirements: ['pairing.revoke.notify'],
    },
    ...both('ControlError', 'ControlError', 'Answers what cannot be answered by id.', [
      'rpc.message.parse-error',
      'rpc.message.invalid',
      'session.control.error-final',
    ]),
    ...allMethods.map(call),
    ...allEvents.map(happening),
    ...both('Batch', 'Batch', 'Each message in it counts as if it had come alone.', [
      'rpc.batch.frame',
      'rpc.batch.order',
    ]),
    ...both('StreamChunk', 'StreamChunk', 'Placed by its offset.', ['session.stream.layout', 'session.stream.order']),
  ],
  extensions: { 'x-common-errors': COMMON_ERRORS },
}
