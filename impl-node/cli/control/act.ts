// `control cancel` and `control revoke`.

import { deviceIdText } from '../../crypto/identity.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure } from '../failure.ts'
import { canAsk, confirm } from '../terminal/ask.ts'
import { untilReady } from './connection.ts'
import { pairedDevice } from './paired-device.ts'
import type { Sub, SubContext } from './sub.ts'

export const cancel: Sub = {
  name: 'cancel',
  usage: 'cancel',
  summary: 'stop the running prompt',
  details: `  --all   and every prompt that waits behind it

JSON: cancelled {success}.

Exit codes: 0 told, 1 there was nothing to stop.
`,
  options: { all: { type: 'boolean' } },
  async run({ controller, flags, say }) {
    const { success } = await controller.call('claude.cancel', { scope: flags.all ? 'turn-and-queue' : 'turn' })
    say(success ? 'The assistant was told to stop.' : 'There was nothing to stop.', { event: 'cancelled', success })
    return success ? EXIT.ok : EXIT.failed
  },
}

async function revokeOther({ controller, say }: SubContext, wanted: string): Promise<number> {
  const { deviceId } = await pairedDevice(controller, wanted)
  await controller.call('session.revoke', { deviceId })
  say('Revoked.', { event: 'revoked', deviceId })
  return EXIT.ok
}

async function run(context: SubContext): Promise<number> {
  const { controller, store, queue, record, name, flags, words, say, timeout, lost } = context
  if (words[0] !== undefined) {
    await untilReady(context, timeout)
    return revokeOther(context, words[0])
  }
  if (!flags.yes) {
    if (!canAsk())
      throw new UsageError('Nobody can be asked here whether to end the pairing; --yes says that you mean it.')
    if (!(await confirm(`End the pairing with "${name}"?`))) throw new Failure(EXIT.refused, 'cancelled', 'Not ended.')
  }
  const deviceId = deviceIdText(store.identity.deviceId)
  if (!flags.local) {
    try {
      await untilReady(context, timeout)
    } catch (error) {
      if (error instanceof Failure && error.code !== 'timeout') throw error
      throw new Failure(
        EXIT.unreachable,
        'timeout',
        `"${name}" cannot be told: it does not answer, or the relay cannot be reached. --local ends the pairing on this side only.`,
      )
    }
    // The news that the pairing has ended may be faster than the answer.
    await Promise.race([controller.call('session.revoke', { deviceId }), lost]).catch((error) => {
      if (error.code !== 'revoked') throw error
    })
  }
  queue.erase()
  store.removePairing(record.pairingId)
  say(`The pairing with "${name}" is over.`, { event: 'revoked', deviceId })
  return EXIT.ok
}

export const revoke: Sub = {
  name: 'revoke',
  usage: 'revoke [<name or id>]',
  summary: 'end the pairing of this device, or with the right `admin` that of another',
  details: `  --yes     do not ask
  --local   on this side only, where the agent cannot be reached any more

JSON: revoked {deviceId}.
`,
  options: { yes: { type: 'boolean', short: 'y' }, local: { type: 'boolean' } },
  connects: true,
  run,
}
