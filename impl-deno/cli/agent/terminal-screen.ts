// An agent at a terminal: a list of what happens, keys for what is wanted, and the pairing code on the
// alternate screen, so that it does not stay in the scrollback (pairing.qr.clear).

import type { AgentEvents, Offer } from '../../agent/agent.ts'
import { safeLine } from '../../controller/safe-text.ts'
import { qrLines, qrWidth } from './qr-code.ts'
import { reasonOf, type Screen, type Shown } from './screen.ts'

const ALTERNATE = '\u001b[?1049h'
const MAIN = '\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_DOWN = '\u001b[J'
const CLEAR_LINE = '\u001b[K'
const encoder = new TextEncoder()

type Mode =
  | { readonly kind: 'list' }
  | { readonly kind: 'code'; readonly offer: Offer; asText: boolean }
  | { readonly kind: 'digits'; typed: string; readonly triesLeft: number; readonly until: number }
  | { readonly kind: 'revoke' }

export class TerminalScreen implements Screen {
  readonly isTerminal = true
  readonly ended: Promise<void>
  #quit!: () => void
  #shown!: Shown
  #mode: Mode = { kind: 'list' }
  #isAlternate = false
  #timer: ReturnType<typeof setInterval> | undefined
  #relay = ''
  #otherDevice = false

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#quit = resolve
  }

  readonly events: AgentEvents = {
    relay: (state) => {
      const word = state.state === 'bound' ? 'connected' : state.state
      if (word !== this.#relay) this.#note(`Relay: ${word}.`)
      this.#relay = word
      this.#draw()
    },
    scanned: () => this.#draw(),
    digits: (triesLeft, until) => this.#show({ kind: 'digits', typed: '', triesLeft, until }),
    otherDevice: () => {
      this.#otherDevice = true
      this.#draw()
    },
    joined: ({ id, record: { peerName } }) => this.#note(`Paired with ${safeLine(peerName) || id} at ${clock()}.`),
    paired: () => this.#show({ kind: 'list' }),
    pairingFailed: ({ code }) => {
      this.#show({ kind: 'list' })
      this.#note(`Not paired: ${reasonOf(code)}.`)
    },
    changed: ({ summary: { deviceId, name, online } }) =>
      this.#note(`${safeLine(name) || deviceId} is ${online ? 'here' : 'away'} (${clock()}).`),
    revoked: (deviceId) => this.#note(`Revoked ${deviceId}.`),
    paused: (lasting) =>
      this.#note(lasting ? 'Paused: what has an effect is refused; s resumes.' : `Resumed at ${clock()}.`),
    trouble: (text) => this.#note(safeLine(text)),
  }

  begin(shown: Shown): void {
    this.#shown = shown
    const { agent, name, workspace, relay, assistant } = shown
    this.#note(`Agent "${safeLine(name)}" (${agent.deviceId.slice(0, 8)}) works in ${workspace}.`)
    this.#note(`Relay: ${relay}. Assistant: ${assistant ?? 'none'}. Devices: ${agent.devices.all.length}.`)
    this.#note('p pairs a device, r revokes one, s pauses and resumes, q ends this.')
    if (agent.pause.lasting) this.events.paused?.(agent.pause.lasting)
    Deno.stdin.setRaw(true)
    this.#timer = setInterval(() => this.#draw(), 1_000)
    void this.#read()
  }

  offered(offer: Offer): void {
    this.#otherDevice = false
    this.#show({ kind: 'code', offer, asText: false })
  }

  end(): void {
    clearInterval(this.#timer)
    this.#show({ kind: 'list' })
    Deno.stdin.setRaw(false)
  }

  stopped(): void {
    write('Agent stopped.\r\n')
  }

  async #read(): Promise<void> {
    for await (const bytes of Deno.stdin.readable) {
      for (const key of new TextDecoder().decode(bytes)) await this.#key(key)
    }
    this.#quit()
  }

  async #key(key: string): Promise<void> {
    const { agent, offer } = this.#shown
    const mode = this.#mode
    if (key === '\u0003') return this.#quit()
    if (mode.kind === 'list') {
      if (key === 'q') this.#quit()
      if (key === 'p') this.offered(await offer())
      if (key === 'r') this.#askRevoke()
      if (key === 's') {
        if (agent.pause.lasting) agent.pause.end(agent.pause.lasting.pauseId, 'local')
        else agent.pause.begin('local')
      }
    } else if (mode.kind === 'revoke') {
      const device = agent.devices.all[Number(key) - 1]
      this.#mode = { kind: 'list' }
      if (device) await agent.revoke(device.id)
      else this.#note('Nothing was revoked.')
    } else if (key === '\u001b' || key === 'q') await agent.cancelPairing()
    else if (mode.kind === 'code' && key === 't') {
      mode.asText = !mode.asText
      this.#draw()
    } else if (mode.kind === 'digits') await this.#digit(mode, key)
  }

  async #digit(mode: Extract<Mode, { kind: 'digits' }>, key: string): Promise<void> {
    if (key === '\u007f' || key === '\b') mode.typed = mode.typed.slice(0, -1)
    else if (/^[0-9]$/.test(key)) mode.typed += key
    this.#draw()
    if (mode.typed.length === 6) await this.#shown.agent.typed(mode.typed)
  }

  #askRevoke(): void {
    const { all } = this.#shown.agent.devices
    if (all.length === 0) {
      this.#note('No device is paired.')
      return
    }
    this.#mode = { kind: 'revoke' }
    for (const [i, { id, record }] of all.slice(0, 9).entries()) {
      this.#note(`  ${i + 1}  ${safeLine(record.peerName) || id}`)
    }
    this.#note('Which one? Any other key revokes none.')
  }

  /** A line of the list; what is on the alternate screen stays in front. */
  #note(text: string): void {
    write(this.#isAlternate ? `${MAIN}${text}\r\n${ALTERNATE}` : `${text}\r\n`)
    this.#draw()
  }

  #show(mode: Mode): void {
    const isAlternate = mode.kind === 'code' || mode.kind === 'digits'
    this.#mode = mode
    if (isAlternate !== this.#isAlternate) write(isAlternate ? ALTERNATE : `${HOME}${CLEAR_DOWN}${MAIN}`)
    this.#isAlternate = isAlternate
    this.#draw()
  }

  #draw(): void {
    if (!this.#isAlternate) return
    const lines = this.#mode.kind === 'code' ? this.#codeLines(this.#mode) : this.#digitLines()
    write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_DOWN}`)
  }

  #codeLines({ offer, asText }: Extract<Mode, { kind: 'code' }>): string[] {
    const { columns, rows } = Deno.consoleSize()
    const left = Math.max(0, Math.ceil((offer.expiresAt - Date.now()) / 1_000))
    const beside = [
      'Scan this with the device',
      'that may control this',
      'computer.',
      '',
      `Good for ${left} s and one device,`,
      'by the relay',
      this.#shown.relay,
      '',
      'It will be able to run',
      'commands as you, and see what',
      'happened here before.',
      '',
      't    the code as text',
      'Esc  give up',
    ]
    const code = qrLines(offer.uri)
    const width = qrWidth(code)
    if (asText || code.length > rows || width + 2 > columns) return [...beside, '', offer.uri]
    if (columns - width < 30) return code
    return code.map((line, i) => `${line}  ${(beside[i] ?? '').slice(0, columns - width - 3)}`)
  }

  #digitLines(): string[] {
    if (this.#mode.kind !== 'digits') return []
    const { typed, triesLeft, until } = this.#mode
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1_000))
    return [
      'A device has read the code.',
      '',
      'Type the six digits that it shows:',
      '',
      `    ${typed.padEnd(6, '_').replace(/(...)/, '$1 ')}`,
      '',
      `Time left: ${left} s. Tries left: ${triesLeft}.`,
      '',
      // pairing.sas.prompt
      `By the relay ${this.#shown.relay}`,
      'it will be able to run commands on this computer, as you.',
      ...(this.#otherDevice ? ['', 'Another device has used the code, too. If it is not yours, give up.'] : []),
      '',
      'Esc  give up',
    ]
  }
}

const write = (text: string): void => void Deno.stdout.writeSync(encoder.encode(text))
const clock = (): string => new Date().toTimeString().slice(0, 5)
