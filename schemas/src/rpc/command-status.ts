import { Type } from 'typebox'
import { defineMethod, Uuid } from './method.ts'

const CommandState = Type.Union([
  Type.Literal('unknown'),
  Type.Literal('running'),
  Type.Literal('completed'),
  Type.Literal('failed'),
  Type.Literal('interrupted'),
])

export const commandStatus = defineMethod({
  name: 'command.status',
  kind: 'read',
  capability: 'observe',
  doc: 'What became of a command of the caller, by the id that it was sent under.',
  params: Type.Object({ id: Uuid }),
  result: Type.Object({ state: CommandState }),
  errors: [],
})
