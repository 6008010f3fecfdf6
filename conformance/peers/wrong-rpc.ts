// Contents that are no valid message, by name. Each would open a terminal, or tell an event, were it valid.

import { randomUUID } from 'node:crypto'
import type { ContentType } from '@happy-remote/schemas/session.ts'

export interface WrongContent {
  readonly contentType: ContentType
  readonly content: Uint8Array
}

const open = { method: 'terminal.open', params: { cols: 80, rows: 24, command: ['cat'] } }
const state = { method: 'claude.state', params: { state: 'running', conversationId: null } }

/** A right message of the role that sends it: a request of a controller, an event of an agent. */
export const rightMessage = (of: 'request' | 'event'): Record<string, unknown> => ({
  id: randomUUID(),
  type: of,
  ...(of === 'request' ? open : state),
})

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const without = (name: string, from: Record<string, unknown>) => {
  const { [name]: _, ...rest } = from
  return rest
}
const rpc = (value: unknown): WrongContent => ({ contentType: 'rpc', content: bytes(value) })
const batch = (value: unknown): WrongContent => ({ contentType: 'batch', content: bytes(value) })
const messages = (of: 'request' | 'event', count: number) => Array.from({ length: count }, () => rightMessage(of))

const notUtf8 = (of: 'request' | 'event'): Uint8Array => {
  const content = Uint8Array.from(bytes({ ...rightMessage(of), more: 'x' }))
  content[content.length - 3] = 0xff
  return content
}

/** What is not JSON, and is answered with `parse-error`. */
const unparsable = (of: 'request' | 'event'): Record<string, () => WrongContent> => ({
  'a message frame that is empty': () => ({ contentType: 'rpc', content: new Uint8Array(0) }),
  [`a message frame that ends in the middle of a${of === 'event' ? 'n event' : ' request'}`]: () => ({
    contentType: 'rpc',
    content: bytes(rightMessage(of)).subarray(0, -1),
  }),
  'a message frame that holds a byte that is not UTF-8': () => ({ contentType: 'rpc', content: notUtf8(of) }),
  'a batch frame that is empty': () => ({ contentType: 'batch', content: new Uint8Array(0) }),
  [`a batch frame that ends in the middle of a${of === 'event' ? 'n event' : ' request'}`]: () => ({
    contentType: 'batch',
    content: bytes({ type: 'batch', messages: messages(of, 2) }).subarray(0, -3),
  }),
})

/** What is JSON and no valid message, and is answered with `invalid-request`. */
const invalid = (of: 'request' | 'event', a: string): Record<string, () => WrongContent> => ({
  [`${a} without an id`]: () => rpc(without('id', rightMessage(of))),
  [`${a} with an id in upper case`]: () => rpc({ ...rightMessage(of), id: randomUUID().toUpperCase() }),
  [`${a} with a number for an id`]: () => rpc({ ...rightMessage(of), id: 7 }),
  [`${a} without a type`]: () => rpc(without('type', rightMessage(of))),
  'a message of an unknown type': () => rpc({ ...rightMessage(of), type: 'notification' }),
  [`${a} without a method`]: () => rpc(without('method', rightMessage(of))),
  [`${a} with a method of 65 characters`]: () => rpc({ ...rightMessage(of), method: 'm'.repeat(65) }),
  [`${a} without params`]: () => rpc(without('params', rightMessage(of))),
  [`${a} with an array for params`]: () => rpc({ ...rightMessage(of), params: [rightMessage(of).params] }),
  [`an array with ${a} in it`]: () => rpc([rightMessage(of)]),
  'a batch in a message frame': () => rpc({ type: 'batch', messages: messages(of, 2) }),
  [`a batch of one ${of}`]: () => batch({ type: 'batch', messages: messages(of, 1) }),
  [`a batch of eleven ${of}s`]: () => batch({ type: 'batch', messages: messages(of, 11) }),
  'a batch with a batch among its messages': () =>
    batch({ type: 'batch', messages: [rightMessage(of), { type: 'batch', messages: messages(of, 2) }] }),
  'a batch whose second message has no id': () =>
    batch({ type: 'batch', messages: [rightMessage(of), without('id', rightMessage(of))] }),
  'a batch without a type': () => batch({ messages: messages(of, 2) }),
  [`an array of ${of}s in a batch frame`]: () => batch(messages(of, 2)),
  [`${a} in a batch frame`]: () => batch(rightMessage(of)),
})

/** By the role of who sends them. */
export const wrongContents: Readonly<Record<'agent' | 'controller', Readonly<Record<string, () => WrongContent>>>> = {
  controller: { ...unparsable('request'), ...invalid('request', 'a request') },
  agent: { ...unparsable('event'), ...invalid('event', 'an event') },
}
