// `happy-remote devices`

import { encodeBase32 } from '../crypto/base32.ts'
import { deviceIdOf } from '../crypto/identity.ts'
import type { PairingRecord } from '../session/record.ts'
import { type Command, CommandFailure, EXIT_NOT_PAIRED, EXIT_OK, UsageError } from './command.ts'
import { readOptions, STATE_OPTIONS } from './options.ts'
import { safeLine } from './safe-text.ts'
import { readSettings } from './settings.ts'
import { openState } from './state.ts'

const USAGE = `happy-remote devices: the devices that are paired with the agent of this
computer

Usage: happy-remote devices [list] [options]
       happy-remote devices revoke <name or id> [options]

The agent must not be running: while it is, it holds its state. A revoked
device must be paired again to come back.

  --state <dir>        as that of the agent; default
                       ~/.local/state/happy-remote
  --config <file>      settings; default ~/.config/happy-remote/config.json
  --json               one JSON object a line: device {deviceId, name,
                       capabilities, relay, pairedAt}, or revoked {deviceId,
                       name}
  --help               this text

Deno needs --allow-read and --allow-write for the state, and
--allow-env='HAPPY_REMOTE_*,HOME,XDG_*'.

Exit codes: 0 done, 1 failed (the agent is running), 2 wrong use, 3 no such
device, or no agent has run here.`

const idOf = ({ peer }: PairingRecord): string => encodeBase32(deviceIdOf(peer.identityKey)).toLowerCase()

/** By its name, or by the beginning of its id. Throws CommandFailure. */
export function findDevice(records: readonly PairingRecord[], wanted: string): PairingRecord {
  const prefix = wanted.toLowerCase().replace(/^hd1/, '')
  const found = records.filter((one) => one.peerName === wanted || (prefix !== '' && idOf(one).startsWith(prefix)))
  const [first] = found
  if (first && found.length === 1) return first
  const message = first
    ? `There are several devices "${wanted}": give more of the id`
    : `There is no device "${wanted}"`
  throw new CommandFailure(message, EXIT_NOT_PAIRED, 'not-found')
}

export const devicesCommand: Command = {
  name: 'devices',
  summary: 'list or revoke the devices that are paired with the agent of this computer',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = readOptions(args, STATE_OPTIONS)
    const [action = 'list', wanted, ...more] = positionals
    const isRevoke = action === 'revoke'
    if ((action !== 'list' && !isRevoke) || more.length > 0 || (wanted !== undefined) !== isRevoke) {
      throw new UsageError(
        isRevoke ? 'revoke takes the name or id of one device' : `There is no "${positionals.join(' ')}"`,
      )
    }
    const settings = readSettings(values, io)
    const store = await openState(settings, 'agent', `No agent has run here yet (${settings.state})`)
    try {
      if (isRevoke) {
        const record = findDevice(store.pairings, wanted as string)
        const { peerName: name, pairingId } = record
        // pairing.revoke.denied first: what follows may be interrupted
        await store.deny({ deviceId: deviceIdOf(record.peer.identityKey), name, deniedAt: Date.now() })
        const deviceId = idOf(record)
        await store.deletePairing(pairingId)
        io.out(values.json ? JSON.stringify({ event: 'revoked', deviceId, name }) : `Revoked ${safeLine(name)}`)
        return EXIT_OK
      }
      for (const record of store.pairings) {
        const { peerName: name, capabilities, relay, pairedAt } = record
        const device = { deviceId: idOf(record), name, capabilities, relay, pairedAt }
        const text = `${safeLine(name).padEnd(24)} ${device.deviceId}  ${capabilities.join(', ')}`
        io.out(values.json ? JSON.stringify({ event: 'device', ...device }) : text)
      }
      if (store.pairings.length === 0 && !values.json) io.out('No device is paired.')
      return EXIT_OK
    } finally {
      await store.close()
    }
  },
}
