// An agent without a terminal: a line for what happens, and lines of standard input for what is wanted.

import type { AgentEvents, Offer } from '../../agent/agent.ts'
import { safeLine } from '../../controller/safe-text.ts'
import { CommandFailure, type CommandIo } from '../command.ts'
import { findDevice } from '../devices.ts'
import { Lines } from '../stdin.ts'
import { reasonOf, type Screen, type Shown, wordOf } from './screen.ts'

const DIGITS = /^[0-9]{6}$/

export class LineScreen implements Screen {
  readonly isTerminal = false
  /** Only a signal ends it. */
  readonly ended = new Promise<void>(() => {})
  readonly #io: CommandIo
  readonly #json: boolean
  #shown!: Shown
  #relay = ''
  #tries = 3
  #asked = false

  constructor(io: CommandIo, json: boolean) {
    this.#io = io
    this.#json = json
  }

  readonly events: AgentEvents = {
    relay: (state) => {
      const reason = state.state === 'refused' ? state.code : state.state === 'ended' ? state.why : undefined
      const word = state.state === 'bound' ? 'connected' : state.state
      if (word === this.#relay) return
      this.#relay = word
      this.#say('relay', { state: word, ...(reason && { reason }) }, `Relay: ${word}${reason ? ` (${reason})` : ''}.`)
    },
    scanned: () => this.#say('scanned', {}, 'The code was read.'),
    digits: (triesLeft, until) => {
      if (triesLeft < this.#tries) this.#say('wrong-digits', { triesLeft }, `Wrong digits; tries left: ${triesLeft}.`)
      this.#tries = triesLeft
      this.#asked = true
      // pairing.sas.prompt
      const { relay, grant } = this.#shown
      const history = grant.includes('observe')
      const sees = history ? ' and to see what happened before' : ''
      const text = `Type the six digits that the device shows. By the relay ${relay} it will be able to run commands on this computer${sees}.`
      this.#say('digits', { triesLeft, until, history }, text)
    },
    otherDevice: () =>
      this.#say('other-device', {}, 'Another device has used the code, too. If it is not yours, cancel.'),
    joined: ({ id: deviceId, record: { peerName: name, capabilities } }) => {
      this.#asked = false
      this.#say('paired', { deviceId, name, capabilities }, `Paired with ${safeLine(name) || deviceId}.`)
    },
    pairingFailed: ({ code }) => {
      this.#asked = false
      this.#say('pairing-failed', { reason: wordOf(code) }, `Not paired: ${reasonOf(code)}.`)
    },
    changed: ({ summary: { deviceId, name, online, lastHeardAt } }) => {
      const text = `${safeLine(name) || deviceId} is ${online ? 'here' : 'away'}.`
      this.#say('device', { deviceId, name, online, lastHeardAt }, text)
    },
    revoked: (deviceId) => this.#say('revoked', { deviceId }, `Revoked ${deviceId}.`),
    paused: (lasting) => {
      if (!lasting) return this.#say('resumed', {}, 'Resumed.')
      const { pauseId, by } = lasting
      this.#say('paused', { pauseId, by }, 'Paused: what has an effect is refused.')
    },
    trouble: (trouble) => this.#say('assistant', { trouble }, safeLine(trouble)),
  }

  begin(shown: Shown): void {
    this.#shown = shown
    const { agent, name, workspace, relay, assistant } = shown
    const { deviceId } = agent
    const text = `Agent "${safeLine(name)}" (${deviceId.slice(0, 8)}) works in ${workspace}, by the relay ${relay}. Assistant: ${assistant ?? 'none'}.`
    this.#say('started', { deviceId, name, workspace, relay, assistant }, text)
    if (agent.pause.lasting) this.events.paused?.(agent.pause.lasting)
    void this.#read()
  }

  offered({ uri, expiresAt }: Offer): void {
    this.#tries = 3
    this.#say('offer', { uri, expiresAt }, `Pairing code, good for ${this.#shown.ttl} s and one device:\n${uri}`)
  }

  end(): void {}

  stopped(): void {
    this.#say('stopped', {}, 'Agent stopped.')
  }

  async #read(): Promise<void> {
    const lines = new Lines()
    for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
      await this.#act(line.trim()).catch((error) => this.#io.err((error as Error).message))
    }
  }

  async #act(line: string): Promise<void> {
    const { agent, offer } = this.#shown
    const [word = ''] = line.split(/\s+/, 1)
    const digits = line.replaceAll(/\s/g, '')
    if (DIGITS.test(digits)) {
      if (this.#asked) await agent.typed(digits)
      else this.#say('unknown-input', {}, 'No digits are asked for yet.')
    } else if (line === 'pair') this.offered(await offer())
    else if (line === 'cancel') await agent.cancelPairing()
    else if (word === 'revoke') await this.#revoke(line.slice(word.length).trim())
    else if (line === 'pause') agent.pause.begin('local')
    else if (line === 'resume') {
      if (agent.pause.lasting) agent.pause.end(agent.pause.lasting.pauseId, 'local')
      else this.#say('unknown-input', {}, 'The agent is not paused.')
    } else if (line !== '') {
      this.#say('unknown-input', {}, 'There are: the six digits, pair, cancel, revoke <device>, pause, resume.')
    }
  }

  async #revoke(wanted: string): Promise<void> {
    const { all } = this.#shown.agent.devices
    try {
      const record = findDevice(
        all.map((device) => device.record),
        wanted,
      )
      const device = all.find((one) => one.record === record)
      if (device) await this.#shown.agent.revoke(device.id)
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error
      this.#say('unknown-input', {}, `${error.message}.`)
    }
  }

  #say(event: string, data: object, text: string): void {
    this.#io.out(this.#json ? JSON.stringify({ event, ...data }) : text)
  }
}
