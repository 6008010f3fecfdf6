// The three screens of a pairing at the agent: the code, the prompt for the digits, the result. Each is
// a list of lines that the caller draws, at most `columns` wide but for the code's text: broken by the
// terminal and not by us, it is copied as one line. Nothing here touches a terminal.

import { type Capability, DEVICE_PREFIX } from '@happy-remote/schemas/constants.ts'
import { encodeQR } from 'qr'

export interface Screen {
  readonly columns: number
  readonly rows: number
  /** Whether ANSI colours may be used. Without them the code is drawn for light text on a dark background. */
  readonly color: boolean
}

export interface CodeScreen extends Screen {
  /** The pairing code's text. */
  readonly uri: string
  /** The relay's URL. */
  readonly relay: string
  /** The agent's deviceId. */
  readonly agentId: string
  readonly capabilities: readonly Capability[]
  readonly secondsLeft: number
  /** ms since 1970. Beside the text stands this instead of a countdown: what is redrawn loses its selection. */
  readonly expiresAt: number
  /** The code's text instead of the picture, also where the picture fits. */
  readonly asText?: boolean
  /** What the other device types to give it the text. */
  readonly pairCommand: string
}

export interface DigitsScreen extends Screen {
  readonly relay: string
  readonly capabilities: readonly Capability[]
  readonly triesLeft: number
  readonly secondsLeft: number
  /** Digits typed so far. */
  readonly entered?: string
}

export interface PairedScreen extends Screen {
  /** Null where the device has not told its name. */
  readonly deviceName: string | null
  /** ms since 1970 */
  readonly at: number
  readonly capabilities: readonly Capability[]
}

const PANEL = 34
/** Light modules around the code: what the QR standard asks for, and what cameras still read. */
const QUIET = 4
const QUIET_LEAST = 2

const MEANINGS: Readonly<Record<Capability, string>> = {
  observe: 'see all, and history',
  prompt: 'give the assistant work',
  approve: 'allow what it asks for',
  terminal: 'use a shell',
  files: 'read and write files',
  git: 'use git',
  'git.push': 'push with git',
  admin: 'manage devices',
}

/**
 * The code and, beside it, what a person should know before they scan. Where the terminal is too narrow
 * or too short for both, or with `asText`, the code's text instead of the picture.
 */
export function codeScreen(screen: CodeScreen): string[] {
  const { columns, rows, color } = screen
  if (screen.asText) return textScreen(screen, `On the other device type: ${screen.pairCommand} and paste this:`)
  const panel = codePanel(screen)
  while (panel.length >= rows && panel.includes('')) panel.splice(panel.lastIndexOf(''), 1)
  for (let quiet = QUIET; quiet >= QUIET_LEAST; quiet--) {
    const code = matrix(screen.uri, quiet)
    const picture = color ? inColor(code) : inBlocks(code)
    const height = Math.max(picture.length, panel.length)
    if (code.length + 1 + PANEL > columns || height >= rows) continue
    const hint = `No camera there? Press t, and type on the other device: ${screen.pairCommand}`
    const below = height + 2 < rows && hint.length <= columns ? ['', hint] : []
    const lines = Array.from({ length: height }, (_, i) => {
      const text = panel[i] ?? ''
      return `${picture[i] ?? ' '.repeat(code.length)} ${i === 0 ? bold(text, color) : text}`.trimEnd()
    })
    return [...lines, ...below]
  }
  const { length } = matrix(screen.uri, QUIET_LEAST)
  const need = `${length + 1 + PANEL} columns and ${Math.max(Math.ceil(length / 2), panel.length) + 1} rows`
  return textScreen(screen, `A picture of the code needs ${need}; this is its text, for ${screen.pairCommand}:`)
}

function codePanel({ relay, agentId, capabilities, secondsLeft, color }: CodeScreen): string[] {
  return [
    'Pair a device',
    '',
    ...wrap('Scan this, or press t for its text.', PANEL),
    ...(color ? [] : wrap('No scan? It needs light text on a dark background.', PANEL)),
    countdown(secondsLeft),
    '',
    ...permissions(capabilities, PANEL),
    '',
    'Relay',
    ...indented(relay, PANEL),
    'Agent',
    ...indented(withPrefix(agentId), PANEL),
  ]
}

function textScreen(screen: CodeScreen, lead: string): string[] {
  const { columns, color, uri, secondsLeft, expiresAt } = screen
  return [
    ...wrap('Pair a device', columns).map((line) => bold(line, color)),
    ...wrap(lead, columns),
    '',
    uri,
    '',
    ...wrap(secondsLeft > 0 ? `Good until ${clockTime(expiresAt)}, for one device` : 'Expired', columns),
    ...permissions(screen.capabilities, columns),
    ...wrap(`Relay ${screen.relay}`, columns),
    ...wrap(`Agent ${withPrefix(screen.agentId)}`, columns),
  ]
}

/** The prompt that replaces the code once a device has used it. It names no device: the name is not proven yet. */
export function digitsScreen(screen: DigitsScreen): string[] {
  const { columns, color, entered = '' } = screen
  const boxes = Array.from({ length: 6 }, (_, i) => entered[i] ?? '_')
  const tries = screen.triesLeft === 1 ? '1 try' : `${screen.triesLeft} tries`
  return [
    ...wrap('A device has used the code', columns).map((line) => bold(line, color)),
    '',
    ...wrap('Type the six digits that your device shows:', columns),
    '',
    bold(`  ${boxes.slice(0, 3).join(' ')}   ${boxes.slice(3).join(' ')}`.slice(0, columns), color),
    '',
    ...wrap(`${tries} left, ${clock(screen.secondsLeft)} left`, columns),
    ...wrap('If your device shows none, somebody else used the code: press Esc.', columns),
    '',
    ...permissions(screen.capabilities, columns),
    ...wrap(`Relay ${screen.relay}`, columns),
  ]
}

export function pairedScreen({ deviceName, at, capabilities, columns, color }: PairedScreen): string[] {
  const who = deviceName === null ? 'Paired; the device has not told its name yet' : `Paired with ${shown(deviceName)}`
  return [
    ...wrap(who, columns).map((line) => bold(line, color)),
    ...wrap(`at ${localTime(at)}`, columns),
    ...permissions(capabilities, columns, true),
  ]
}

/** Rows of modules with `quiet` light ones around, true where dark. */
function matrix(uri: string, quiet: number): boolean[][] {
  // Upper case fits the alphanumeric mode, 5.5 bits a character; error correction low: no dirt on a screen.
  return encodeQR(uri.toUpperCase(), 'raw', { ecc: 'low', encoding: 'alphanumeric', border: quiet })
}

/** Two rows of modules a line: black on white whatever the terminal's theme, from the colour cube that themes leave alone. */
function inColor(code: readonly boolean[][]): string[] {
  return halves(code, (top, bottom) => (top ? (bottom ? '█' : '▀') : bottom ? '▄' : ' ')).map(
    (line) => `\x1b[38;5;16;48;5;231m${line}\x1b[0m`,
  )
}

/** The same with the light modules drawn, for light text on a dark background. */
function inBlocks(code: readonly boolean[][]): string[] {
  return halves(code, (top, bottom) => (top ? (bottom ? ' ' : '▄') : bottom ? '▀' : '█'))
}

function halves(code: readonly boolean[][], cell: (top: boolean, bottom: boolean) => string): string[] {
  const lines: string[] = []
  for (let y = 0; y < code.length; y += 2) {
    const [top = [], bottom = []] = [code[y], code[y + 1]]
    lines.push(top.map((dark, x) => cell(dark, bottom[x] ?? false)).join(''))
  }
  return lines
}

/** What the device will be able to do, and openly what that amounts to. */
function permissions(capabilities: readonly Capability[], width: number, paired = false): string[] {
  const list = capabilities.map((name) => `  ${name.padEnd(9)}${MEANINGS[name]}`)
  const lines = list.every((line) => line.length <= width) ? list : wrap(capabilities.join(', '), width)
  const commands = runsCommands(capabilities)
    ? wrap(`It ${paired ? 'can' : 'will be able to'} run commands as you.`, width)
    : []
  return [...wrap(paired ? 'The device may' : 'The device will be allowed to', width), ...lines, ...commands]
}

/** spec/rpc.md, capabilities: each of these amounts to running code as the user. */
function runsCommands(capabilities: readonly Capability[]): boolean {
  const has = (...names: Capability[]) => names.every((name) => capabilities.includes(name))
  return has('terminal') || has('files', 'git') || has('prompt', 'approve')
}

const countdown = (seconds: number): string => (seconds > 0 ? `Expires in ${clock(seconds)}` : 'Expired')

function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

const two = (value: number): string => String(value).padStart(2, '0')

function localTime(at: number): string {
  const date = new Date(at)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockTime(at)}`
}

function clockTime(at: number): string {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

const withPrefix = (deviceId: string): string => `${DEVICE_PREFIX}${deviceId}`

/** A name from elsewhere: nothing in it may move the cursor or turn the direction of the text. */
const shown = (name: string): string =>
  name.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')

const bold = (line: string, color: boolean): string => (color && line !== '' ? `\x1b[1m${line}\x1b[0m` : line)

const indented = (text: string, width: number): string[] => wrap(text, width - 2).map((line) => `  ${line}`)

/** Lines of at most `width` characters, broken between words, or within a word that is longer. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
    while (line.length > width) {
      lines.push(line.slice(0, width))
      line = line.slice(width)
    }
  }
  return [...lines, line]
}
