// How the three AsyncAPI documents are put together from a list of messages and operations.

import { schemaFile } from '../schemas/generate/files.ts'
import type { Yaml } from './yaml.ts'

type Extensions = { readonly [key: `x-${string}`]: Yaml }

export interface MessageSpec {
  readonly name: string
  readonly summary: string
  /** Path below schemas/dist of a JSON message's schema; a binary message has `layouts` instead. */
  readonly schema?: string
  /** Names of the layouts of a binary message: the frame first, then what may be sealed in it. */
  readonly layouts?: readonly string[]
  /** Whether `id` ties it to the message that it answers or that answers it. */
  readonly correlated?: boolean
  readonly extensions?: Extensions
}

export interface OperationSpec {
  readonly name: string
  readonly action: 'send' | 'receive'
  readonly message: string
  readonly replies?: readonly string[]
  readonly summary: string
  /** Requirement ids of the prose. */
  readonly requirements?: readonly string[]
  readonly extensions?: Extensions
}

export interface DocumentSpec {
  /** File name below spec/asyncapi. */
  readonly file: string
  readonly title: string
  /** Says first whose view it is. */
  readonly description: string
  readonly servers?: Yaml
  readonly channel: { readonly name: string; readonly members: { readonly [key: string]: Yaml } }
  readonly messages: readonly MessageSpec[]
  readonly operations: readonly OperationSpec[]
  readonly extensions?: Extensions
}

const DIST = '../../schemas/dist/'
const SCHEMA_FORMAT = 'application/schema+json;version=draft-07'
const reference = (target: string): Yaml => ({ $ref: target })

/** Paths below schemas/dist of everything that a message is made of. */
export const schemaFilesOf = ({ schema, layouts = [] }: MessageSpec): readonly string[] =>
  schema === undefined ? layouts.map(schemaFile) : [schema]

function messageObject({ name, summary, schema, layouts = [], correlated = false, extensions }: MessageSpec): Yaml {
  const common = { name, title: name, summary }
  if (schema === undefined) {
    const [frame = '', ...bodies] = layouts
    return {
      ...common,
      contentType: 'application/octet-stream',
      payload: { type: 'string', format: 'binary' },
      'x-layout': frame,
      'x-json-form': reference(DIST + schemaFile(frame)),
      ...(bodies.length > 0 && {
        'x-sealed-layouts': bodies,
        'x-sealed-json-forms': bodies.map((body) => reference(DIST + schemaFile(body))),
      }),
      ...extensions,
    }
  }
  return {
    ...common,
    contentType: 'application/json',
    payload: { schemaFormat: SCHEMA_FORMAT, schema: reference(DIST + schema) },
    ...(correlated && { correlationId: { location: '$message.payload#/id' } }),
    ...extensions,
  }
}

function operationObject(channel: string, operation: OperationSpec): Yaml {
  const { action, message, replies, summary, requirements, extensions } = operation
  const messageOf = (name: string): Yaml => reference(`#/channels/${channel}/messages/${name}`)
  return {
    action,
    channel: reference(`#/channels/${channel}`),
    summary,
    messages: [messageOf(message)],
    ...(replies && { reply: { channel: reference(`#/channels/${channel}`), messages: replies.map(messageOf) } }),
    ...(requirements && { 'x-requirement': requirements }),
    ...extensions,
  }
}

const byName = <T extends { readonly name: string }>(list: readonly T[], value: (entry: T) => Yaml): Yaml =>
  Object.fromEntries(list.map((entry) => [entry.name, value(entry)]))

export function documentOf(spec: DocumentSpec): Yaml {
  const { name, members } = spec.channel
  return {
    asyncapi: '3.1.0',
    info: {
      title: spec.title,
      version: '1.0.0',
      description: spec.description,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    ...(spec.servers !== undefined && { servers: spec.servers }),
    channels: {
      [name]: {
        ...members,
        messages: byName(spec.messages, (message) => reference(`#/components/messages/${message.name}`)),
      },
    },
    operations: byName(spec.operations, (operation) => operationObject(name, operation)),
    components: { messages: byName(spec.messages, messageObject) },
    ...spec.extensions,
  }
}
