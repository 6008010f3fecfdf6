// `control rename` and `control grant`.

import { CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import { EXIT, UsageError } from '../command.ts'
import { capabilitiesOf, checkName } from '../config.ts'
import { pairedDevice } from './paired-device.ts'
import type { Sub } from './sub.ts'

export const rename: Sub = {
  name: 'rename',
  usage: 'rename [<name or id>] <new name>',
  summary: 'give this device another name, or with the right `admin` another device',
  details: 'JSON: renamed {deviceId, name}.\n',
  options: {},
  async run({ controller, words, say }) {
    const [wanted, name] = words.length > 1 ? words : [undefined, words[0]]
    if (name === undefined || words.length > 2)
      throw new UsageError('rename wants the new name, in one word or quoted.')
    checkName(name)
    const { deviceId } = await pairedDevice(controller, wanted)
    await controller.call('device.rename', { deviceId, name })
    say('Renamed.', { event: 'renamed', deviceId, name })
    return EXIT.ok
  },
}

export const grant: Sub = {
  name: 'grant',
  usage: 'grant <name or id> <capabilities>',
  summary: 'with the right `admin`: say what a device may do',
  details: `The capabilities stand in one word with commas between them, and replace those
that the device has: ${CAPABILITIES.slice(0, 5).join(', ')},
${CAPABILITIES.slice(5).join(', ')}. terminal, files with git, and prompt with approve each
let the device run programs as you.

JSON: granted {deviceId, capabilities}.
`,
  options: {},
  async run({ controller, words, say }) {
    const [wanted, text] = words
    if (wanted === undefined || text === undefined || words.length > 2)
      throw new UsageError('grant wants a device, and its capabilities with commas between them.')
    const capabilities = capabilitiesOf(text)
    const { deviceId } = await pairedDevice(controller, wanted)
    await controller.call('device.grant', { deviceId, capabilities })
    say('Granted.', { event: 'granted', deviceId, capabilities })
    return EXIT.ok
  },
}
