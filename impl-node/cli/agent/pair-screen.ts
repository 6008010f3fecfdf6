// Pairing at the agent's terminal: the code with its countdown, then the digits. All of it stands on the
// alternate screen, so that the secret is not in the scrollback afterwards.

import type { ReadStream, WriteStream } from 'node:tty'
import { codeScreen, digitsScreen } from '../../agent/qr-screen.ts'
import { deviceIdOf, deviceIdText } from '../../crypto/identity.ts'
import type { PairingEnd } from '../../link/pairing-agent.ts'
import { PROGRAM } from '../invocation.ts'
import { openAlternateScreen } from '../terminal/alternate.ts'
import { cut, rowsOf } from '../terminal/columns.ts'
import { type KeyPress, readKeys } from '../terminal/keys.ts'
import { bold, dim, red } from '../terminal/style.ts'
import { type AgentHost, relayText } from './host.ts'

export type ScreenResult =
  | { readonly outcome: 'paired'; readonly deviceId: string }
  | { readonly outcome: 'failed'; readonly reason: string }

export interface PairScreenOptions {
  readonly host: AgentHost
  readonly input: ReadStream
  readonly output: WriteStream
  /** ms */
  readonly ttl?: number | undefined
  /** What leaving means, for the last line: `gives up`. */
  readonly leaving?: string
  /** Ends the attempt. */
  readonly signal?: AbortSignal
}

const REFRESH = 250

/** Shows a code and takes the digits; resolves when the attempt has ended, the screen as it was before. */
export function pairOnScreen(options: PairScreenOptions): Promise<ScreenResult> {
  const { host, input, output, ttl, leaving = 'gives up', signal } = options
  const { relay, settings, deviceId, agent } = host
  const { promise, resolve } = Promise.withResolvers<ScreenResult>()
  const screen = openAlternateScreen(output)
  let digits: { until: number } | null = null
  let typed = ''
  let notice = ''
  let asText = false

  const end = (end: PairingEnd) => {
    clearInterval(refresh)
    stopKeys()
    output.off('resize', draw)
    signal?.removeEventListener('abort', cancel)
    screen.close()
    if (end.outcome === 'failed') resolve(end)
    else resolve({ outcome: 'paired', deviceId: deviceIdText(deviceIdOf(end.record.peer.identityKey)) })
  }
  const pairing = agent.pair(
    {
      onScanned: () => {
        notice = 'A device has scanned the code…'
        draw()
      },
      onDigits: (_tries, until) => {
        digits = { until }
        notice = ''
        draw()
      },
      onOtherDevice: () => {
        notice = 'Another device has used this code, too.'
        draw()
      },
      onEnd: end,
    },
    { capabilities: settings.grant, ttl },
  )
  const cancel = () => pairing.cancel()

  function lines(columns: number, rows: number): string[] {
    const now = Date.now()
    const shape = { columns, rows: rows - 1, color: true, relay: relay.origin, capabilities: settings.grant }
    if (digits) {
      const secondsLeft = (digits.until - now) / 1_000
      return digitsScreen({ ...shape, triesLeft: pairing.triesLeft, secondsLeft, entered: typed })
    }
    if (host.relayState?.name !== 'open') {
      return [
        bold('Pair a device'),
        '',
        `Relay ${relay.origin}`,
        relayText(host.relayState, now),
        '',
        'The code is shown once the relay is connected. `happy-remote relay` starts one.',
      ]
    }
    const secondsLeft = (pairing.expiresAt - now) / 1_000
    const { uri, expiresAt } = pairing
    const pairCommand = `${PROGRAM} pair`
    return codeScreen({ ...shape, rows, uri, agentId: deviceId, secondsLeft, expiresAt, asText, pairCommand })
  }

  function draw(): void {
    const { columns = 80, rows = 24 } = output
    const shown: string[] = []
    let free = rows - 1
    for (const line of lines(columns, rows)) {
      free -= rowsOf(line, columns)
      if (free >= 0) shown.push(line)
    }
    while (free-- > 0) shown.push('')
    const text = `   t shows the code as ${asText ? 'a picture' : 'text'}`
    const keys = `Esc ${leaving}${digits || host.relayState?.name !== 'open' ? '' : text}`
    shown.push(cut(`${notice === '' ? '' : `${red(notice)} `}${dim(keys)}`, columns - 1))
    screen.draw(shown)
  }

  function onKey({ name, text, ctrl }: KeyPress): void {
    if (name === 'escape' || (ctrl && (name === 'c' || name === 'd'))) cancel()
    else if (digits) onDigit(name, text)
    else if (text === 't') {
      asText = !asText
      draw()
    }
  }

  function onDigit(name: string, text: string): void {
    if (name === 'backspace') typed = typed.slice(0, -1)
    else if (/^\d$/.test(text) && typed.length < 6) typed += text
    notice = ''
    draw()
    if (typed.length < 6) return
    const answer = pairing.enterDigits(typed)
    typed = ''
    if (answer !== 'wrong') return
    notice = 'Those are not the digits of your device.'
    draw()
  }

  const stopKeys = readKeys(input, onKey)
  const refresh = setInterval(draw, REFRESH)
  output.on('resize', draw)
  signal?.addEventListener('abort', cancel)
  draw()
  return promise
}
