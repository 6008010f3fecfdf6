// The agent at a terminal: what it does now, in a few lines that change in place, and single keys.

import type { ReadStream, WriteStream } from 'node:tty'
import type { Device } from '../../agent/devices.ts'
import { pairedScreen } from '../../agent/qr-screen.ts'
import { ago, heard, shortId } from '../state.ts'
import { fit } from '../terminal/columns.ts'
import { type KeyPress, readKeys } from '../terminal/keys.ts'
import { LiveBlock } from '../terminal/live.ts'
import { bold, dim, green, yellow } from '../terminal/style.ts'
import { VERSION } from '../version.ts'
import { type AgentHost, endSentence, relayText } from './host.ts'
import { deviceOf, nameOf, whenNamed } from './named.ts'
import { pairOnScreen } from './pair-screen.ts'

export interface StatusOptions {
  readonly input: ReadStream
  readonly output: WriteStream
  /** Begin with a pairing. */
  readonly pair: boolean
  /** ms */
  readonly ttl?: number | undefined
}

const REFRESH = 1_000
const NAME_COLUMNS = 24

export class StatusScreen {
  readonly #host: AgentHost
  readonly #options: StatusOptions
  readonly #block: LiveBlock
  readonly #cancel = new AbortController()
  #stopKeys: (() => void) | null = null
  /** The pairing screen has the terminal; what is to be told waits. */
  #away = false
  #waiting: string[] = []
  #choosing: Device[] | null = null

  constructor(host: AgentHost, options: StatusOptions) {
    this.#host = host
    this.#options = options
    this.#block = new LiveBlock(options.output)
  }

  /** A line of the log, or another message. */
  readonly print = (line: string): void => {
    if (this.#away) this.#waiting.push(line)
    else this.#block.print(line)
  }

  /** Shows the agent until `stopped`; `stop` is called where the person asks for the end. */
  async run(stopped: Promise<void>, stop: () => void): Promise<void> {
    const { settings } = this.#host
    this.print(`${bold('Happy Remote Control')} ${VERSION}: agent "${settings.name}" in ${settings.workspace}`)
    const draw = () => this.#draw()
    const stopWatching = this.#host.onChange(draw)
    const refresh = setInterval(draw, REFRESH)
    const onKey = (key: KeyPress) => this.#onKey(key, stop)
    this.#stopKeys = readKeys(this.#options.input, onKey)
    draw()
    if (this.#options.pair) void this.#pair(onKey)
    await stopped
    this.#cancel.abort()
    clearInterval(refresh)
    stopWatching()
    this.#stopKeys()
    this.#block.close()
    this.print(dim('Stopping…'))
    this.#block.close()
  }

  #onKey({ name, text, ctrl }: KeyPress, stop: () => void): void {
    if ((ctrl && (name === 'c' || name === 'd')) || (text === 'q' && !this.#choosing)) stop()
    else if (this.#choosing) this.#revoke(text)
    else if (text === 'p') void this.#pair((key) => this.#onKey(key, stop))
    else if (text === 's') this.#togglePause()
    else if (text === 'r' && this.#host.agent.devices.length > 0) this.#choosing = this.#host.agent.devices.slice(0, 9)
    this.#draw()
  }

  async #pair(onKey: (key: KeyPress) => void): Promise<void> {
    if (this.#away) return
    const { input, output, ttl } = this.#options
    this.#stopKeys?.()
    this.#block.clear()
    this.#away = true
    const result = await pairOnScreen({ host: this.#host, input, output, ttl, signal: this.#cancel.signal })
    this.#away = false
    if (this.#cancel.signal.aborted) return
    this.#stopKeys = readKeys(input, onKey)
    for (const line of this.#waiting.splice(0)) this.print(line)
    if (result.outcome === 'failed') {
      this.print(`${endSentence(result.reason)} Press p for a new code.`)
    } else {
      const deviceName = await whenNamed(this.#host, result.deviceId)
      const capabilities = deviceOf(this.#host, result.deviceId)?.capabilities ?? []
      const { columns = 80, rows = 24 } = output
      this.print(pairedScreen({ deviceName, at: Date.now(), capabilities, columns, rows, color: true }).join('\n'))
    }
    this.#draw()
  }

  #togglePause(): void {
    const { pause } = this.#host.agent
    if (pause.present) pause.end(pause.present.pauseId, 'local')
    else pause.begin('local')
  }

  #revoke(text: string): void {
    const device = this.#choosing?.[Number(text) - 1]
    this.#choosing = null
    if (!device || !this.#host.agent.revoke(device.deviceId)) return
    this.print(`Revoked ${nameOf(device) ?? shortId(device.deviceId)}: it must be paired again to come back.`)
  }

  #draw(): void {
    if (!this.#away && !this.#cancel.signal.aborted) this.#block.set(this.#lines())
  }

  #lines(): string[] {
    const { agent, relay, relayState, assistant, trouble } = this.#host
    const now = Date.now()
    const { state, queued } = agent.conversation.status()
    const waits = queued > 0 ? `, ${queued} waiting` : ''
    const does = { idle: 'idle', running: `working${waits}`, 'needs-answer': `needs an answer${waits}` }[state]
    const told = trouble === null ? does : yellow(trouble)
    const lamp = relayState?.name === 'open' ? green('●') : yellow('○')
    return [
      '',
      `${lamp} Relay      ${relay.origin}: ${relayText(relayState, now)}`,
      `  Assistant  ${assistant}${assistant === 'none' ? ': prompts are refused; see --assistant' : `: ${told}`}`,
      ...(agent.pause.present
        ? [yellow(`○ Paused     ${ago(agent.pause.present.at, now)}: what has an effect is refused`)]
        : []),
      ...this.#deviceLines(now),
      this.#choosing ? 'Revoke which device? Its number, or any other key for none.' : this.#keys(),
    ]
  }

  #deviceLines(now: number): string[] {
    const { devices } = this.#host.agent
    if (devices.length === 0) return ['  Devices    none is paired yet: press p']
    const most = Math.max(1, (this.#options.output.rows ?? 24) - 9)
    const lines = devices.slice(0, most).map((device, i) => {
      const name = fit(nameOf(device) ?? shortId(device.deviceId), NAME_COLUMNS)
      return `${device.online ? green('●') : dim('○')} ${this.#choosing ? `${i + 1}: ` : 'Device     '}${name} ${heard(device.lastHeardAt, now)}`
    })
    return devices.length > most ? [...lines, `  and ${devices.length - most} more`] : lines
  }

  #keys(): string {
    const revoke = this.#host.agent.devices.length > 0 ? '   r revokes one' : ''
    const pause = this.#host.agent.pause.present ? 's resumes' : 's pauses'
    return dim(`p pairs a device${revoke}   ${pause}   q ends the agent`)
  }
}
