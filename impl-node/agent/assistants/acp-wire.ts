// The wire of ACP: newline-delimited JSON-RPC over an assistant's stdio.

import { Readable, Writable } from 'node:stream'
import {
  type AnyMessage,
  type ClientConnection,
  MessageTooLargeError,
  methods,
  ndJsonStream,
  RequestError,
  type Stream,
} from '@agentclientprotocol/sdk'
import { type AssistantProcess, forPeople } from './process.ts'

/** JSON-RPC error code of ACP. */
const AUTH_REQUIRED = -32_000

/**
 * The messages of an assistant, but for its `session/update`, which `onUpdate` gets in order with what
 * passes: the SDK refuses a kind of update that it does not know before any handler of ours sees it.
 * A line of more than `lineMax` bytes errors the stream.
 */
export function acpStream(
  { stdin, stdout }: AssistantProcess,
  lineMax: number,
  onUpdate: (params: unknown) => void,
): Stream {
  const output = Writable.toWeb(stdin)
  // Node types its web streams apart from the global ones.
  const input = Readable.toWeb(stdout) as ReadableStream<Uint8Array>
  const { readable, writable } = ndJsonStream(output, input, { maxMessageBytes: lineMax })
  const updates = new TransformStream<AnyMessage, AnyMessage>({
    transform(message, passed) {
      if ('method' in message && message.method === methods.client.session.update && !('id' in message)) {
        onUpdate(message.params)
      } else if ('method' in message || typeof message.id === 'number') {
        // Our ids are numbers; what answers to others would be printed by the SDK, over the agent's screen.
        passed.enqueue(message)
      }
    },
  })
  return { readable: readable.pipeThrough(updates), writable }
}

/** What a line that was too long did to the connection, for people; null where that is not why it closed. */
export function lineError(connection: ClientConnection, max: number): string | null {
  return connection.signal.reason instanceof MessageTooLargeError ? `sent a line of more than ${max} bytes` : null
}

/** What an assistant's error answer says, for people. */
export function reasonOf(error: unknown): string {
  if (error instanceof RequestError && error.code === AUTH_REQUIRED) return 'asks to be logged in first'
  const details = error instanceof RequestError ? error.data : undefined
  const more =
    typeof details === 'object' && details !== null && 'details' in details && typeof details.details === 'string'
      ? `: ${details.details}`
      : ''
  return forPeople((error instanceof Error ? error.message : String(error)) + more)
}
