// spec/asyncapi/pairing.yaml: what travels inside routed frames, seen by the agent.

import { HANDSHAKE_TYPES, type HandshakeTypeName } from '../schemas/src/pairing.ts'
import type { DocumentSpec, MessageSpec } from './asyncapi-document.ts'

const handshake = (name: HandshakeTypeName, summary: string, bodies: readonly string[]): MessageSpec => ({
  name,
  summary,
  layouts: ['HandshakeFrame', ...bodies],
  extensions: { 'x-type-byte': HANDSHAKE_TYPES[name] },
})

export const pairingDocument: DocumentSpec = {
  file: 'pairing.yaml',
  title: 'Happy Remote Control: pairing and session frames',
  description: [
    'The application of this document is the agent: "send" is from an agent to a controller, "receive" from a',
    'controller to an agent. Every message is the payload of a routed frame and binary: x-layout names its layout',
    'and x-json-form that layout with bytes in hex, x-sealed-layouts what is encrypted in it (one of them, by',
    'suite), and x-type-byte its second byte. Meaning and order: spec/pairing.md, spec/session.md.',
  ].join('\n'),
  channel: {
    name: 'peer',
    members: {
      address: null,
      title: 'A pair of routes at a relay',
      description: 'Runs over the relay connection of relay.yaml; the relay forwards without reading.',
    },
  },
  messages: [
    handshake('M1', 'Pairing, first: certificate, prekeys and the commitment.', ['M1Body1', 'M1Body2']),
    handshake('M2', 'Pairing, second: certificate, ephemeral keys and proof.', ['M2Body1', 'M2Body2']),
    handshake('M3', 'Pairing, third: opens the commitment, and proof.', ['M3Body']),
    handshake('R1', 'Rekey, first; as M1.', ['M1Body1', 'M1Body2']),
    handshake('R2', 'Rekey, second; as M2.', ['M2Body1', 'M2Body2']),
    handshake('R3', 'Rekey, third; as M3.', ['M3Body']),
    handshake('REKEY_ASK', 'Asks the controller for a rekey.', ['RekeyAskBody']),
    handshake('HS_ERROR', 'Refuses a handshake message.', ['HsErrorBody']),
    {
      name: 'RatchetMessage',
      summary: 'A message of the session; rpc.yaml tells what its plaintext carries.',
      layouts: ['RatchetMessage', 'PlaintextFrame'],
    },
  ],
  operations: [
    {
      name: 'receiveM1',
      action: 'receive',
      message: 'M1',
      replies: ['M2', 'HS_ERROR'],
      summary: 'The first that opens consumes the pairing code.',
      requirements: ['pairing.m1.body', 'pairing.m1.single-use', 'pairing.m2.body'],
    },
    {
      name: 'receiveM3',
      action: 'receive',
      message: 'M3',
      summary: 'The digits are asked for when it verifies.',
      requirements: ['pairing.m3.body', 'pairing.m3.commitment', 'pairing.sas.typed'],
    },
    {
      name: 'receiveR1',
      action: 'receive',
      message: 'R1',
      replies: ['R2', 'HS_ERROR'],
      summary: 'Answered for a stored pairing only.',
      requirements: ['pairing.rekey.stored', 'pairing.rekey.repeat'],
    },
    {
      name: 'receiveR3',
      action: 'receive',
      message: 'R3',
      summary: 'The new session begins when it verifies.',
      requirements: ['pairing.rekey.agent-switch'],
    },
    {
      name: 'sendRekeyAsk',
      action: 'send',
      message: 'REKEY_ASK',
      summary: 'Sent where the agent has no session for a stored pairing.',
      requirements: ['pairing.rekey-ask.when'],
    },
    {
      name: 'sendHsError',
      action: 'send',
      message: 'HS_ERROR',
      summary: 'Refuses a message of the controller.',
      requirements: ['pairing.hs-error.code', 'pairing.hs-error.reference'],
    },
    {
      name: 'receiveHsError',
      action: 'receive',
      message: 'HS_ERROR',
      summary: 'Refuses a message of the agent.',
      requirements: ['pairing.hs-error.outstanding', 'pairing.hs-error.stored'],
    },
    {
      name: 'sendRatchetMessage',
      action: 'send',
      message: 'RatchetMessage',
      summary: 'Type byte 0x10.',
      requirements: ['session.message.layout', 'session.frame.layout'],
    },
    {
      name: 'receiveRatchetMessage',
      action: 'receive',
      message: 'RatchetMessage',
      summary: 'Type byte 0x11.',
      requirements: ['session.receive.header', 'session.receive.unchanged'],
    },
  ],
}
