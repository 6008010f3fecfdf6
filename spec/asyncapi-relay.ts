// spec/asyncapi/relay.yaml: the outer connection, seen by the relay.

import { schemaFile } from '../schemas/generate/files.ts'
import { RELAY_PATH, RELAY_SUBPROTOCOL } from '../schemas/src/constants.ts'
import { codesAt, errorEntry } from '../schemas/src/errors.ts'
import type { DocumentSpec, MessageSpec } from './asyncapi-document.ts'

const control = (name: string, summary: string): MessageSpec => ({ name, summary, schema: schemaFile(name) })

const closeCodes = codesAt('relay').map((error) => {
  const { close = 0, text } = errorEntry(error)
  return { code: close, error, meaning: text }
})

export const relayDocument: DocumentSpec = {
  file: 'relay.yaml',
  title: 'Happy Remote Control: relay',
  description: [
    'The application of this document is the relay: "send" is from a relay to a client, "receive" from a client',
    'to a relay. A client is an agent or a controller. Text frames carry the JSON messages, binary frames the',
    'routed frames. Order, times and close codes: spec/relay.md.',
  ].join('\n'),
  servers: {
    example: {
      host: 'relay.example.com',
      protocol: 'wss',
      description: 'Any relay; its address comes with the pairing code.',
    },
  },
  channel: {
    name: 'relay',
    members: {
      address: RELAY_PATH,
      title: 'One WebSocket connection',
      bindings: {
        ws: {
          bindingVersion: '0.1.0',
          method: 'GET',
          headers: {
            type: 'object',
            required: ['Sec-WebSocket-Protocol'],
            properties: { 'Sec-WebSocket-Protocol': { type: 'string', const: RELAY_SUBPROTOCOL } },
          },
        },
      },
      'x-close-codes': closeCodes,
    },
  },
  messages: [
    control('RelayHello', 'The first message of a connection, with the nonce that a bind signs.'),
    control('RelayBind', 'Proves a route and names its peer.'),
    control('RelayBound', 'The bind of a route is in force.'),
    control('RelayUnbind', 'Gives a route up.'),
    control('RelayPresence', 'The peer of a route came or went.'),
    control('RelayDeliveryFailed', 'A frame was not forwarded.'),
    control('RelayPing', 'Asks whether the relay is there.'),
    control('RelayPong', 'Answers a ping with its timestamp.'),
    control('RelayDraining', 'The relay is about to stop.'),
    control('RelayError', 'What went wrong; most often a close follows.'),
    { name: 'RoutedFrame', summary: 'A sealed payload from one route to another.', layouts: ['RoutedFrame'] },
  ],
  operations: [
    {
      name: 'sendHello',
      action: 'send',
      message: 'RelayHello',
      summary: 'Opens the conversation on a new connection.',
      requirements: ['relay.hello.first', 'relay.hello.nonce', 'relay.hello.max-frame'],
    },
    {
      name: 'receiveBind',
      action: 'receive',
      message: 'RelayBind',
      replies: ['RelayBound', 'RelayError'],
      summary: 'Verifies the signature and takes the route over.',
      requirements: ['relay.bind.first', 'relay.bind.strict', 'relay.bind.verify', 'relay.bind.bound'],
    },
    {
      name: 'receiveUnbind',
      action: 'receive',
      message: 'RelayUnbind',
      summary: 'Gives the route up.',
      requirements: ['relay.unbind'],
    },
    {
      name: 'receivePing',
      action: 'receive',
      message: 'RelayPing',
      replies: ['RelayPong'],
      summary: 'Answers, also before a bind.',
      requirements: ['relay.ping'],
    },
    {
      name: 'sendPresence',
      action: 'send',
      message: 'RelayPresence',
      summary: 'Tells both of a pair of routes that name each other.',
      requirements: ['relay.presence.online', 'relay.presence.offline', 'relay.presence.mutual'],
    },
    {
      name: 'receiveRoutedFrame',
      action: 'receive',
      message: 'RoutedFrame',
      summary: 'Checks the sender and the permission.',
      requirements: ['relay.frame.layout', 'relay.frame.from', 'relay.frame.permission'],
    },
    {
      name: 'sendRoutedFrame',
      action: 'send',
      message: 'RoutedFrame',
      summary: 'Forwards the very bytes that came.',
      requirements: ['relay.frame.verbatim'],
    },
    {
      name: 'sendDeliveryFailed',
      action: 'send',
      message: 'RelayDeliveryFailed',
      summary: 'Answers a frame that is not forwarded, whatever the reason.',
      requirements: ['relay.failed.answer', 'relay.failed.uniform'],
    },
    {
      name: 'sendDraining',
      action: 'send',
      message: 'RelayDraining',
      summary: 'Says that this relay is about to stop.',
      requirements: ['relay.drain'],
    },
    {
      name: 'sendError',
      action: 'send',
      message: 'RelayError',
      summary: 'Comes before every close with a code above 4000.',
      requirements: ['relay.error.first'],
    },
  ],
}
