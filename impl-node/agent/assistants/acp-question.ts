// The form of an ACP elicitation, checked and put into our words, and the reply to it.

import type { CreateElicitationResponse } from '@agentclientprotocol/sdk'
import type { QuestionField } from '@happy-remote/schemas/rpc/question.ts'
import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { QuestionAsk, Reply } from './assistant.ts'

const nullable = <T extends TSchema>(type: T) => Type.Optional(Type.Union([type, Type.Null()]))
const Titled = Type.Array(
  Type.Object({ const: Type.String(), title: Type.String(), description: nullable(Type.String()) }),
)
const Values = Type.Array(Type.String())

const Property = Type.Object({
  type: Type.Union(['string', 'number', 'integer', 'boolean', 'array'].map((type) => Type.Literal(type))),
  title: nullable(Type.String()),
  description: nullable(Type.String()),
  minLength: nullable(Type.Integer({ minimum: 0 })),
  maxLength: nullable(Type.Integer({ minimum: 0 })),
  minimum: nullable(Type.Number()),
  maximum: nullable(Type.Number()),
  minItems: nullable(Type.Integer({ minimum: 0 })),
  maxItems: nullable(Type.Integer({ minimum: 0 })),
  pattern: nullable(Type.String()),
  format: nullable(Type.String()),
  enum: nullable(Values),
  oneOf: nullable(Titled),
  items: nullable(Type.Union([Type.Object({ anyOf: Titled }), Type.Object({ enum: Values })])),
  default: nullable(Type.Union([Type.String(), Type.Number(), Type.Boolean(), Values])),
})
type Property = Static<typeof Property>

const form = Compile(
  Type.Object({
    mode: Type.Literal('form'),
    sessionId: Type.String(),
    message: Type.String(),
    requestedSchema: Type.Object({
      properties: Type.Optional(Type.Object({})),
      required: nullable(Type.Array(Type.String())),
    }),
  }),
)
const property = Compile(Property)

export interface ParsedQuestion extends Omit<QuestionAsk, 'requestId' | 'expiresAt'> {
  readonly sessionId: string
}

/**
 * The params of `elicitation/create`; null where they are no form of a session, or hold a property that cannot be
 * asked for. Another mode, a URL say, is not among the capabilities that we declare.
 */
export function parseQuestion(params: unknown): ParsedQuestion | null {
  if (!form.Check(params)) return null
  const { sessionId, message, requestedSchema } = params
  const { properties = {}, required } = requestedSchema
  const fields: QuestionField[] = []
  for (const [name, value] of Object.entries(properties)) {
    const field = property.Check(value) && name !== '' ? fieldOf(name, value, required?.includes(name) ?? false) : null
    if (!field) return null
    fields.push(field)
  }
  // What is required and is no property, nobody could answer.
  if (required?.some((name) => !Object.hasOwn(properties, name))) return null
  return { sessionId, title: message, fields }
}

function fieldOf(name: string, property: Property, required: boolean): QuestionField | null {
  const { title, description, default: preset, format, pattern } = property
  const described = {
    name,
    label: title ?? name,
    ...(description != null && { description }),
    required,
    ...(preset != null && { default: preset }),
  }
  switch (property.type) {
    case 'string': {
      const options = optionsOf(property.oneOf, property.enum)
      if (options) return { ...described, type: 'choice', options }
      const hints = { ...(format != null && { format }), ...(pattern != null && { pattern }) }
      return { ...described, type: 'text', ...between(property.minLength, property.maxLength), ...hints }
    }
    case 'number':
    case 'integer':
      return { ...described, type: property.type, ...between(property.minimum, property.maximum) }
    case 'boolean':
      return { ...described, type: 'boolean' }
    default: {
      const { items } = property
      const options = items && ('anyOf' in items ? optionsOf(items.anyOf, null) : optionsOf(null, items.enum))
      return options
        ? { ...described, type: 'choices', options, ...between(property.minItems, property.maxItems) }
        : null
    }
  }
}

function optionsOf(titled: Static<typeof Titled> | null | undefined, values: readonly string[] | null | undefined) {
  if (titled) {
    return titled.map(({ const: value, title, description }) => ({
      value,
      label: title,
      ...(description != null && { description }),
    }))
  }
  return values?.map((value) => ({ value, label: value }))
}

const between = (min: number | null | undefined, max: number | null | undefined) => ({
  ...(min != null && { min }),
  ...(max != null && { max }),
})

/** rpc.question.handed, rpc.question.declined */
export function responseTo(reply: Reply): CreateElicitationResponse {
  if (reply === null) return { action: 'cancel' }
  if (reply === 'declined') return { action: 'decline' }
  return { action: 'accept', content: Object.fromEntries(reply.map(({ name, value }) => [name, value])) }
}
