// The form of an elicitation, as a question to people, and how their answers are put to the assistant.

import {
  CreateElicitationRequest,
  type CreateElicitationResponse,
  ElicitationPropertySchema,
  type EnumOption,
} from '@agentclientprotocol/sdk'
import type { QuestionAnswer, QuestionField } from '@happy-remote/schemas/rpc/question.ts'
import type { Question } from '../questions.ts'

/**
 * Undefined where it is no form of this session, or asks for something of a type that is not known: a URL, say, is not
 * among what the agent says that it can do.
 */
export function acpQuestion(request: CreateElicitationRequest, sessionId: string): Question | undefined {
  if (!CreateElicitationRequest.isForm(request) || !('sessionId' in request) || request.sessionId !== sessionId) {
    return undefined
  }
  const { properties = {}, required } = request.requestedSchema
  const names = new Set(required ?? [])
  const fields = Object.entries(properties).map(([name, property]) => fieldOf(name, property, names.has(name)))
  const isWhole = fields.every((field) => field !== undefined)
  // Nobody could answer what is required and not asked for.
  const isAnswerable = [...names].every((name) => Object.hasOwn(properties, name))
  return isWhole && isAnswerable ? { title: request.message, fields } : undefined
}

/** `answers` is null for a person who declines, and undefined where there is no answer. */
export function acpAnswer(answers: readonly QuestionAnswer[] | null | undefined): CreateElicitationResponse {
  if (answers === undefined) return { action: 'cancel' }
  if (answers === null) return { action: 'decline' }
  return { action: 'accept', content: Object.fromEntries(answers.map(({ name, value }) => [name, value])) }
}

function fieldOf(name: string, property: ElicitationPropertySchema, required: boolean): QuestionField | undefined {
  if (name === '') return undefined
  const field = (type: QuestionField['type'], more: Partial<QuestionField> = {}): QuestionField => {
    const {
      title,
      description,
      default: preset,
    } = property as {
      [member in 'title' | 'description']?: string | null
    } & { default?: QuestionField['default'] | null }
    return {
      ...{ name, label: title ?? name, type, required },
      ...(description && { description }),
      ...(preset !== undefined && preset !== null && { default: preset }),
      ...more,
    }
  }
  if (ElicitationPropertySchema.isString(property)) {
    const { minLength, maxLength, format, pattern } = property
    const options = optionsOf(property.oneOf, property.enum)
    const hints = { ...(format && { format }), ...(pattern && { pattern }) }
    return options ? field('choice', { options }) : field('text', { ...limits(minLength, maxLength), ...hints })
  }
  if (ElicitationPropertySchema.isInteger(property) || ElicitationPropertySchema.isNumber(property)) {
    return field(property.type, limits(property.minimum, property.maximum))
  }
  if (ElicitationPropertySchema.isBoolean(property)) return field('boolean')
  if (!ElicitationPropertySchema.isArray(property)) return undefined
  const items = property.items as { anyOf?: EnumOption[]; enum?: string[] }
  const options = optionsOf(items.anyOf, items.enum)
  return options && field('choices', { options, ...limits(property.minItems, property.maxItems) })
}

function optionsOf(titled?: readonly EnumOption[] | null, values?: readonly string[] | null): QuestionField['options'] {
  return (
    titled?.map(({ const: value, title, description }) => ({
      value,
      label: title,
      ...(description && { description }),
    })) ?? values?.map((value) => ({ value, label: value }))
  )
}

const limits = (min?: number | null, max?: number | null): Pick<QuestionField, 'min' | 'max'> => ({
  ...(typeof min === 'number' && { min }),
  ...(typeof max === 'number' && { max }),
})
