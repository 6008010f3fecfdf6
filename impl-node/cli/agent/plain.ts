// The agent without a terminal: a line, or with `--json` an object, for whatever happens; pairing by
// lines on standard input.

import { deviceIdOf, deviceIdText } from '../../crypto/identity.ts'
import type { AgentPairing, PairingEnd } from '../../link/pairing-agent.ts'
import { devicesMeant } from '../device-meant.ts'
import { sayTo } from '../output.ts'
import { safeLine } from '../safe-text.ts'
import { shortId } from '../state.ts'
import { readLines } from '../terminal/ask.ts'
import { type AgentHost, endSentence, relayText } from './host.ts'
import { nameOf, whenNamed } from './named.ts'

export interface PlainOptions {
  readonly json: boolean
  /** Begin with a pairing. */
  readonly pair: boolean
  /** ms */
  readonly ttl?: number | undefined
}

/** Tells of the agent until `stopped`. */
export async function runPlain(host: AgentHost, options: PlainOptions, stopped: Promise<void>): Promise<void> {
  const { json, ttl } = options
  const { agent, settings, deviceId, relay } = host
  const say = sayTo(json)
  let pairing = null as AgentPairing | null

  function pair(): void {
    if (pairing) return
    pairing = agent.pair(
      {
        onScanned: () => say('A device has scanned the code.', { event: 'scanned' }),
        onDigits: (triesLeft, until) => {
          const history = settings.grant.includes('observe')
          const sees = history ? ' It will see what happened here before.' : ''
          say(`Type the six digits that the device shows.${sees}`, { event: 'digits', triesLeft, until, history })
        },
        onOtherDevice: () => say('Another device has used this code, too.', { event: 'other-device' }),
        onEnd: (end) => void ended(end),
      },
      { capabilities: settings.grant, ttl },
    )
    const { uri, expiresAt } = pairing
    const seconds = Math.round((expiresAt - Date.now()) / 1_000)
    say(`Pairing code, good for ${seconds} s and one device:\n${uri}`, { event: 'offer', uri, expiresAt })
  }

  async function ended(end: PairingEnd): Promise<void> {
    pairing = null
    if (end.outcome === 'failed') {
      say(endSentence(end.reason), { event: 'pairing-failed', reason: end.reason })
      return
    }
    const id = deviceIdText(deviceIdOf(end.record.peer.identityKey))
    const name = await whenNamed(host, id)
    const { capabilities } = end.record
    say(`Paired with ${name ?? id}.`, { event: 'paired', deviceId: id, name, capabilities })
  }

  function onLine(line: string): void {
    const [word = ''] = line.split(/\s+/, 1)
    if (/^[\d\s-]{6,}$/.test(line)) digits(line)
    else if (word === 'pair') pair()
    else if (word === 'cancel') pairing?.cancel()
    else if (word === 'revoke') revoke(line.slice(word.length).trim())
    else if (word === 'pause') agent.pause.begin('local')
    else if (word === 'resume') resume()
    else if (word !== '')
      say('There are: the six digits, pair, cancel, revoke <device>, pause, resume.', { event: 'unknown-input' })
  }

  function digits(line: string): void {
    const answer = pairing?.enterDigits(line) ?? 'ended'
    if (answer === 'wrong') {
      const triesLeft = pairing?.triesLeft ?? 0
      say(`Wrong digits; tries left: ${triesLeft}.`, { event: 'wrong-digits', triesLeft })
    } else if (answer === 'ended' && pairing) say('No digits are asked for yet.', { event: 'unknown-input' })
  }

  function resume(): void {
    const { present } = agent.pause
    if (present) agent.pause.end(present.pauseId, 'local')
    else say('The agent is not paused.', { event: 'unknown-input' })
  }

  function revoke(wanted: string): void {
    const [device, ...others] = devicesMeant(agent.devices, wanted)
    if (others.length > 0) {
      say(`Several devices fit ${JSON.stringify(wanted)}; give the whole id.`, { event: 'unknown-input' })
    } else if (device && agent.revoke(device.deviceId)) {
      say(`Revoked ${nameOf(device) ?? device.deviceId}.`, { event: 'revoked', deviceId: device.deviceId })
    } else say(`No device ${JSON.stringify(wanted)} is paired.`, { event: 'unknown-input' })
  }

  const stopWatching = watch(host, say)
  const { name, workspace } = settings
  const { assistant, trouble } = host
  say(
    `Agent "${name}" (${shortId(deviceId)}) works in ${workspace}, by the relay ${relay.origin}. Assistant: ${assistant}${trouble === null ? '' : `: ${trouble}`}.`,
    { event: 'started', deviceId, name, workspace, relay: relay.origin, assistant: settings.assistant?.[0] ?? null },
  )
  const stopLines = readLines(onLine)
  if (options.pair) pair()
  await stopped
  pairing?.cancel()
  stopLines()
  stopWatching()
}

/** Tells when the relay or a device comes or goes. */
function watch(host: AgentHost, say: ReturnType<typeof sayTo>): () => void {
  let relay = ''
  let trouble = null as string | null
  let pauseId = null as string | null
  const online = new Map<string, boolean>()
  return host.onChange(() => {
    const state = host.relayState
    if (state && state.name !== 'connecting' && state.name !== 'closed' && state.name !== relay) {
      relay = state.name
      const reason = state.name === 'open' ? null : state.reason
      say(`Relay: ${relayText(state)}.`, { event: 'relay', state: state.name, reason })
    }
    const { present } = host.agent.pause
    if ((present?.pauseId ?? null) !== pauseId) {
      pauseId = present?.pauseId ?? null
      if (present) say('Paused: what has an effect is refused.', { event: 'paused', pauseId, by: present.by })
      else say('Resumed.', { event: 'resumed' })
    }
    if (host.trouble !== trouble) {
      trouble = host.trouble
      if (trouble !== null) say(`Assistant: ${trouble}`, { event: 'assistant', trouble })
    }
    for (const { deviceId, name, online: isOnline, lastHeardAt } of host.agent.devices) {
      if ((online.get(deviceId) ?? false) === isOnline) continue
      online.set(deviceId, isOnline)
      const shown = safeLine(name, 64) || deviceId
      say(`${shown} is ${isOnline ? 'here' : 'away'}.`, {
        event: 'device',
        deviceId,
        name,
        online: isOnline,
        lastHeardAt,
      })
    }
  })
}
