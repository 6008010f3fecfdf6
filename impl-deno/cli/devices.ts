// `happy-remote devices`

import { type Audit, AuditLog } from '../agent/audit.ts'
import { safeLine } from '../controller/safe-text.ts'
import { encodeBase32 } from '../crypto/base32.ts'
import { deviceIdOf } from '../crypto/identity.ts'
import { nameToSend } from '../link/control.ts'
import type { PairingRecord } from '../session/record.ts'
import { type Command, CommandFailure, EXIT_FAILED, EXIT_NOT_PAIRED, EXIT_OK, UsageError } from './command.ts'
import { readOptions, STATE_OPTIONS } from './options.ts'
import { readCapability, readSettings } from './settings.ts'
import { auditPath, openState } from './state.ts'

const USAGE = `happy-remote devices: the devices that are paired with the agent of this
computer

Usage: happy-remote devices [list] [options]
       happy-remote devices rename <name or id> <new name> [options]
       happy-remote devices grant <name or id> <capabilities> [options]
       happy-remote devices revoke <name or id> [options]
       happy-remote devices audit [options]

The agent must not be running: while it is, it holds its state, and its own key
r revokes a device, as does \`happy-remote control revoke\` on the device
itself. A revoked device must be paired again to come back. The capabilities
stand in one word with commas between them, and replace those that the device
has. audit shows who did what here, the newest last, and whether that record is
whole; whoever notes its last hash sees later whether its end was taken off.

  --state <dir>        as that of the agent; default
                       ~/.local/state/happy-remote
  --config <file>      settings; default ~/.config/happy-remote/config.json
  --json               one JSON object a line: device {deviceId, name,
                       capabilities, relay, pairedAt}, renamed {deviceId,
                       name}, granted {deviceId, capabilities}, or revoked
                       {deviceId, name}; of audit act {seq, at, deviceId,
                       method, id, outcome} and audited {rows, broken, head}
  --no-color           no colours; so do NO_COLOR and TERM=dumb
  --help               this text

Deno needs --allow-read and --allow-write for the state, and
--allow-env='HAPPY_REMOTE_*,HOME,XDG_*'.

Exit codes: 0 done, 1 failed (the agent is running, or the record was changed),
2 wrong use, 3 no such device, or no agent has run here.`

/** How many words stand behind each action. */
const WORDS: Readonly<Record<string, number>> = { list: 0, rename: 2, grant: 2, revoke: 1, audit: 0 }

const idOf = ({ peer }: PairingRecord): string => encodeBase32(deviceIdOf(peer.identityKey)).toLowerCase()

/** By its name or whole id, or else by the beginning of its id. Throws CommandFailure. */
export function findDevice(records: readonly PairingRecord[], wanted: string): PairingRecord {
  const prefix = wanted.toLowerCase().replace(/^hd1/, '')
  const named = records.filter((one) => wanted !== '' && (one.peerName === wanted || idOf(one) === prefix))
  const found = named.length > 0 || prefix === '' ? named : records.filter((one) => idOf(one).startsWith(prefix))
  const [first] = found
  if (first && found.length === 1) return first
  const message = first
    ? `There are several devices "${wanted}": give more of the id`
    : `There is no device "${wanted}"`
  throw new CommandFailure(message, EXIT_NOT_PAIRED, 'not-found')
}

type Say = (event: string, data: object, text: string) => void

function showAudit({ rows, head, broken }: Audit, records: readonly PairingRecord[], say: Say): number {
  const names = new Map(records.map((record) => [idOf(record), record.peerName]))
  const nameOf = (id: string) => names.get(id) ?? id
  for (const row of rows) {
    const { seq, at, deviceId, method, id, outcome } = row
    const who = deviceId === 'local' ? `local  ${method}  ${nameOf(id)}` : `${nameOf(deviceId)}  ${method}`
    say('act', row, safeLine(`${seq}  ${new Date(at).toISOString()}  ${who}  ${outcome}`))
  }
  const text =
    broken === null
      ? `${rows.length} acts, and the record is whole. Its last hash: ${head}`
      : `The record was changed: row ${broken} is not what was written`
  say('audited', { rows: rows.length, broken, head }, text)
  return broken === null ? EXIT_OK : EXIT_FAILED
}

export const devicesCommand: Command = {
  name: 'devices',
  summary: 'list, rename or revoke the devices that are paired with the agent of this computer',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = readOptions(args, STATE_OPTIONS)
    const [action = 'list', wanted = '', value = ''] = positionals
    const words = WORDS[action]
    if (words === undefined) {
      throw new UsageError(`There is no "devices ${action}"; there are ${Object.keys(WORDS).join(', ')}`)
    }
    if (Math.max(1, positionals.length) !== words + 1) {
      throw new UsageError(
        `devices ${action} takes ${words === 0 ? 'nothing' : `${words} word${words > 1 ? 's' : ''}`}`,
      )
    }
    const capabilities = action === 'grant' ? value.split(',').map(readCapability) : []
    const settings = readSettings(values, io)
    const store = await openState(
      { ...settings, keepSessions: false },
      'agent',
      `No agent has run here yet (${settings.state})`,
    )
    const audit = new AuditLog(auditPath(settings))
    try {
      const say: Say = (event, data, text) => io.out(values.json ? JSON.stringify({ event, ...data }) : text)
      const note = (method: string, id: string) => audit.add({ deviceId: 'local', method, id, outcome: 'ok' })
      if (action === 'audit') return showAudit(audit.read(), store.pairings, say)
      if (action !== 'list') {
        const record = findDevice(store.pairings, wanted)
        const { peerName: name, pairingId } = record
        const deviceId = idOf(record)
        if (action === 'rename') {
          const peerName = nameToSend(value)
          await store.savePairing({ ...record, peerName })
          note('device.rename', deviceId)
          say('renamed', { deviceId, name: peerName }, `${safeLine(name)} is called ${safeLine(peerName)} now`)
        } else if (action === 'grant') {
          await store.savePairing({ ...record, capabilities })
          note('device.grant', deviceId)
          say('granted', { deviceId, capabilities }, `${safeLine(name)} may now ${capabilities.join(', ')}`)
        } else {
          // pairing.revoke.denied first: what follows may be interrupted
          await store.deny({ deviceId: deviceIdOf(record.peer.identityKey), name, deniedAt: Date.now() })
          await store.deletePairing(pairingId)
          note('session.revoke', deviceId)
          say('revoked', { deviceId, name }, `Revoked ${safeLine(name)}`)
        }
        return EXIT_OK
      }
      for (const record of store.pairings) {
        const { peerName: name, capabilities, relay, pairedAt } = record
        const device = { deviceId: idOf(record), name, capabilities, relay, pairedAt }
        const text = `${safeLine(name).padEnd(24)} ${device.deviceId}  ${capabilities.join(', ')}`
        say('device', device, text)
      }
      if (store.pairings.length === 0 && !values.json) io.out('No device is paired.')
      return EXIT_OK
    } finally {
      audit.close()
      await store.close()
    }
  },
}
