// `happy-remote devices`: the devices that are paired with this computer's agent, while it does not run.

import { isCapability } from '@happy-remote/schemas/constants.ts'
import { AuditLog } from '../agent/audit.ts'
import type { PairingRecord } from '../session/record.ts'
import { type Command, EXIT, UsageError } from './command.ts'
import { capabilitiesOf, checkName, settingsOf } from './config.ts'
import { devicesMeant } from './device-meant.ts'
import { Failure } from './failure.ts'
import { COMMON_OPTIONS, noWords, parseFlags } from './flags.ts'
import { type Say, sayTo } from './output.ts'
import { safeLine } from './safe-text.ts'
import { hasState, openState, pairingsOf, peerIdOf, peerNameOf } from './state.ts'
import { fit } from './terminal/columns.ts'

const help = `happy-remote devices: the devices that are paired with the agent of this
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

Exit codes: 0 done, 1 failed (the agent is running, or the record was changed),
2 wrong use, 3 no such device, or no agent has run here.
`

/** What stands behind each action. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  list: [],
  rename: ['the name or id of a device', 'its new name'],
  grant: ['the name or id of a device', 'its capabilities'],
  revoke: ['the name or id of a device'],
  audit: [],
}

const isoDay = (at: number): string => new Date(at).toISOString().slice(0, 10)

function find(records: readonly PairingRecord[], wanted: string): PairingRecord {
  const devices = records.map((record) => ({ record, deviceId: peerIdOf(record), name: peerNameOf(record) }))
  const [device, ...others] = devicesMeant(devices, wanted)
  if (!device) throw new Failure(EXIT.notPaired, 'not-found', `No device ${JSON.stringify(wanted)} is paired here.`)
  if (others.length > 0) throw new UsageError(`Several devices fit ${JSON.stringify(wanted)}; give the whole id.`)
  return device.record
}

/** Every act, and whether the rows are those that were written. */
function showAudit(audit: AuditLog, records: readonly PairingRecord[], say: Say): number {
  const names = new Map(records.map((record) => [peerIdOf(record), peerNameOf(record)]))
  const named = (deviceId: string) => names.get(deviceId) ?? deviceId
  const found = audit.verify()
  for (const row of audit.rows(found.rows)) {
    const { seq, at, deviceId, method, id, outcome } = row
    const about = deviceId === 'local' ? named(id) : ''
    const line = `${seq}  ${new Date(at).toISOString()}  ${named(deviceId)}  ${method}  ${outcome}  ${about}`
    say(safeLine(line).trimEnd(), { event: 'act', ...row })
  }
  const whole = `${found.rows} acts; the record is whole. Its last hash: ${found.head}`
  const broken = `The record was changed: row ${found.broken} is not what was written.`
  say(found.broken === null ? whole : broken, { event: 'audited', ...found })
  return found.broken === null ? EXIT.ok : EXIT.failed
}

async function run(args: string[]): Promise<number> {
  const { values, words } = parseFlags(args, COMMON_OPTIONS)
  if (values.help) {
    process.stdout.write(help)
    return EXIT.ok
  }
  const [what = 'list', wanted = '', value = ''] = words
  const wants = WORDS[what]
  if (wants === undefined) {
    throw new UsageError(`There is no "devices ${what}"; there are ${Object.keys(WORDS).join(', ')}.`)
  }
  noWords(words.slice(wants.length + 1))
  const missing = wants[Math.max(0, words.length - 1)]
  if (missing !== undefined) throw new UsageError(`devices ${what} wants ${missing}.`)
  const capabilities = what === 'grant' ? capabilitiesOf(value) : []
  const { state } = settingsOf({ state: values.state, logLevel: values['log-level'] }, values.config, process.env)
  if (!hasState(state, 'agent')) {
    throw new Failure(EXIT.notPaired, 'not-paired', `No agent has run here yet (${state}).`)
  }
  const say = sayTo(values.json ?? false)
  const store = openState(state, 'agent')
  try {
    const records = pairingsOf(store, 'agent')
    const audit = new AuditLog(store.database)
    if (what === 'audit') return showAudit(audit, records, say)
    if (what !== 'list') {
      const record = find(records, wanted)
      const [deviceId, name] = [peerIdOf(record), peerNameOf(record)]
      if (what === 'rename') {
        checkName(value)
        store.savePairing({ ...record, peerName: value })
        audit.append({ deviceId: 'local', method: 'device.rename', id: deviceId, outcome: 'ok' })
        say(`"${name}" is called "${value}" now.`, { event: 'renamed', deviceId, name: value })
        return EXIT.ok
      }
      if (what === 'grant') {
        store.savePairing({ ...record, capabilities })
        audit.append({ deviceId: 'local', method: 'device.grant', id: deviceId, outcome: 'ok' })
        say(`"${name}" may now ${capabilities.join(', ')}.`, { event: 'granted', deviceId, capabilities })
        return EXIT.ok
      }
      store.revokePairing(record)
      audit.append({ deviceId: 'local', method: 'session.revoke', id: deviceId, outcome: 'ok' })
      say(`Revoked "${name}". It must be paired again to come back.`, { event: 'revoked', deviceId, name })
      return EXIT.ok
    }
    if (records.length === 0 && !values.json) process.stdout.write('No device is paired.\n')
    for (const record of records) {
      const [deviceId, name] = [peerIdOf(record), peerNameOf(record)]
      const { relay, createdAt } = record
      const capabilities = record.capabilities.filter(isCapability)
      const line = `${fit(name, 24)} ${deviceId}  paired ${isoDay(createdAt)}  ${capabilities.join(', ')}`
      say(line, { event: 'device', deviceId, name, capabilities, relay, pairedAt: createdAt })
    }
    return EXIT.ok
  } finally {
    store.close()
  }
}

export const devicesCommand: Command = {
  name: 'devices',
  summary: 'list, rename or revoke the devices that are paired with the agent of this computer, or show what they did',
  help,
  run,
}
