import type { Handlers } from '../caller.ts'
import type { Commands } from '../commands.ts'

export const commandMethods = (commands: Commands): Pick<Handlers, 'command.status'> => ({
  'command.status': ({ id }, { identityKey }) => ({ result: { state: commands.status(identityKey, id) } }),
})
