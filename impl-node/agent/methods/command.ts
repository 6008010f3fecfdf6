import type { Commands } from '../commands.ts'
import type { Handlers } from '../handler.ts'

export const commandHandlers = (commands: Commands): Pick<Handlers, 'command.status'> => ({
  'command.status': ({ id }, { deviceId }) => ({ state: commands.status(deviceId, id) }),
})
