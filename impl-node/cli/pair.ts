// `happy-remote pair`: the controller's side of a pairing.

import { DEVICE_PREFIX } from '@happy-remote/schemas/constants.ts'
import { type ErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'
import { pairWith } from '../controller/pair.ts'
import { deviceIdText } from '../crypto/identity.ts'
import type { SocketState } from '../link/socket.ts'
import { type PairingCode, parsePairingCode } from '../session/pairing-code.ts'
import { type Command, EXIT, UsageError } from './command.ts'
import { settingsOf } from './config.ts'
import { Failure, failureOf } from './failure.ts'
import { COMMON_OPTIONS, parseFlags } from './flags.ts'
import { PROGRAM } from './invocation.ts'
import { type Log, openLog } from './logging.ts'
import { note, type Say, sayTo } from './output.ts'
import { openState, peerIdOf, peerNameOf } from './state.ts'
import { askLines, canAsk, confirm, readLines } from './terminal/ask.ts'
import { blockDigits, spacedDigits } from './terminal/block-digits.ts'

const help = `happy-remote pair: pairs this device with the computer whose agent shows a code

Usage: happy-remote pair [options] <code>
       happy-remote pair [options] -    standard input begins with the code
       happy-remote pair [options]      asks for it

The code is the text HAPPY://… that the agent shows, or the text of its QR
code. It says through which relay, and with which computer, this device will be
paired; you are asked before anything is sent. Then six digits are shown here:
type them on the computer. A code given as an argument stays in the shell's
history; it works once only.

  --yes                do not ask; needed where nobody can be asked
  --name <name>        what the computer calls this device; default its host
                       name
  --state <dir>        where identity and pairings are kept; default
                       ~/.local/state/happy-remote
  --config <file>      settings; default ~/.config/happy-remote/config.json
  --log-level <level>  debug, info, warn, error or silent; default warn
  --json               one JSON object a line on standard output
  --no-color           no colours; so do NO_COLOR and TERM=dumb
  --help               this text

JSON events: code {relay, agentId, expiresAt}, relay {state, reason}, digits
{digits}, paired {deviceId, name, relay, capabilities}; on standard error:
error {code, message}.

Environment: HAPPY_REMOTE_NAME, _STATE, _CONFIG, _LOG_LEVEL.

Exit codes: 0 paired; 1 failed; 2 wrong use, or not a pairing code; 4 no
answer, or the relay cannot be reached; 5 expired, insecure, refused, wrong
digits, or not confirmed by you; 130 given up with Ctrl-C.
`

const OPTIONS = { ...COMMON_OPTIONS, name: { type: 'string' }, yes: { type: 'boolean', short: 'y' } } as const

/** What a person is told of a code that cannot be used. */
const CODE_SENTENCES: Partial<Record<ErrorCode, string>> = {
  'qr-encoding': 'This is not a whole pairing code: it is damaged, or not one. Copy all of it, from HAPPY:// on.',
  'qr-length':
    'This is not a whole pairing code: a part of it is missing or too much. Copy all of it, from HAPPY:// on.',
  'qr-version': 'This pairing code is of another version of the protocol. Update the older of the two programs.',
  'qr-expired': 'This pairing code has expired. Make a new one on the computer.',
  'qr-insecure':
    'This pairing code asks for an unencrypted connection to a public relay, which is refused: it may be a trap.',
  suite: 'This pairing code offers no cipher suite that this program has. Update the older of the two programs.',
  type: 'This pairing code has marks that this program does not know. Update it, or make a new code.',
}

/** As parsePairingCode. Throws Failure with a sentence for each way in which a code can be wrong. */
export function readCode(text: string, now: number): PairingCode {
  try {
    return parsePairingCode(text, now)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    const { exitCode, code, message } = failureOf(error)
    throw new Failure(error.code === 'type' ? EXIT.usage : exitCode, code, CODE_SENTENCES[error.code] ?? message)
  }
}

/** Whether more of it may follow: a code that was copied off a window comes in several lines. */
export function isBeginning(text: string): boolean {
  if (text === '') return true
  if (!/^(happy:\/\/|https:\/\/)/i.test(text)) return false
  try {
    parsePairingCode(text, Date.now())
    return false
  } catch (error) {
    return error instanceof ProtocolError && (error.code === 'qr-encoding' || error.code === 'qr-length')
  }
}

const withoutSpace = (text: string): string => text.replace(/\s+/g, '')

/** The code in as many words or lines as it was copied in. */
async function codeText(words: readonly string[]): Promise<string> {
  if (words.length > 0 && words[0] !== '-') return withoutSpace(words.join(''))
  let text = ''
  const isWhole = (line: string) => {
    const ends = line === '' && text !== ''
    text += withoutSpace(line)
    return ends || !isBeginning(text)
  }
  if (words.length === 0) {
    if (!canAsk()) throw new UsageError('The pairing code is missing; give it, or - to read it from standard input.')
    return askLines('The code that the computer shows (HAPPY://…): ', '… the rest of it, or Enter: ', isWhole).then(
      () => text,
    )
  }
  return new Promise((resolve) => {
    const stop = readLines(
      (line) => {
        if (!isWhole(line)) return
        stop()
        resolve(text)
      },
      () => resolve(text),
    )
  })
}

/** The protocol grants minutes of skew; a person is told what the clock here says. */
function checkExpiry({ payload }: PairingCode): void {
  if (payload.expiry * 1_000 > Date.now()) return
  throw new Failure(
    EXIT.refused,
    'qr-expired',
    'This code has expired (by the clock of this device). Make a new one. Where that clock is wrong, --yes tries it all the same.',
  )
}

function tellCode({ payload, relay }: PairingCode, say: Say, json: boolean): void {
  const agentId = deviceIdText(payload.deviceId)
  const expiresAt = payload.expiry * 1_000
  if (json) {
    say('', { event: 'code', relay: relay.origin, agentId, expiresAt })
    return
  }
  const left = Math.round((expiresAt - Date.now()) / 1_000)
  note(`
Pairing with a computer
  Relay     ${relay.origin}${relay.secure ? '' : '  (this machine or a private network)'}
  Computer  ${DEVICE_PREFIX}${agentId}
  Expires   ${left > 0 ? `in ${left} s` : 'now, by the clock of this device'}

Pair only with a code that you made yourself, just now, on your own computer.
Once paired, this device can do there what the computer grants it, such as
giving the assistant work, answering for you and using a shell. It sees what
happened there before, too.
`)
}

function tellDigits(digits: string, say: Say, json: boolean): void {
  const large = process.stdout.isTTY && !json ? [...blockDigits(digits).map((line) => `    ${line}`), ''] : []
  const sentence = [
    '',
    ...large,
    spacedDigits(digits),
    '',
    'Type these digits on the computer, where the code was.',
  ].join('\n')
  say(sentence, { event: 'digits', digits })
}

/** Tells once that the relay cannot be reached, and that it is tried again. */
function relayTeller(say: Say, json: boolean, log: Log): (state: SocketState) => void {
  let told = false
  return (state) => {
    log.debug({ state: state.name, ...(state.name === 'waiting' && { reason: state.reason }) }, 'relay')
    if (state.name !== 'waiting' || told) return
    told = true
    if (json) say('', { event: 'relay', state: state.name, reason: state.reason })
    else note(`The relay cannot be reached yet (${state.reason}); trying again.`)
  }
}

async function run(args: string[]): Promise<number> {
  const { values, words, behind } = parseFlags(args, OPTIONS)
  if (values.help) {
    process.stdout.write(help)
    return EXIT.ok
  }
  const settings = settingsOf(
    {
      name: values.name,
      state: values.state,
      logLevel: values['log-level'],
    },
    values.config,
    process.env,
  )
  const json = values.json ?? false
  const say = sayTo(json)
  const code = readCode(await codeText([...words, ...(behind ?? [])]), Date.now())
  if (!json && !values.yes) checkExpiry(code)
  tellCode(code, say, json)
  if (!values.yes) {
    if (!canAsk()) throw new UsageError('Nobody can be asked here whether to pair; --yes says that you mean it.')
    if (!(await confirm('Pair with this computer?'))) {
      throw new Failure(EXIT.refused, 'cancelled', 'Not paired: you did not confirm.')
    }
  }
  const store = openState(settings.state, 'controller')
  const giveUp = new AbortController()
  const onSignal = () => giveUp.abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, onSignal)
  try {
    const controller = await pairWith({
      code,
      store,
      name: settings.name,
      signal: giveUp.signal,
      onDigits: (digits) => tellDigits(digits, say, json),
      onRelay: relayTeller(say, json, openLog('pair', settings.logLevel)),
    })
    const { record } = controller
    const name = peerNameOf(record)
    const { relay, capabilities } = record
    const at = values.state === undefined ? '' : ` --state ${values.state}`
    say(`\nPaired with "${name}". Go on with: ${PROGRAM} control${at}`, {
      event: 'paired',
      deviceId: peerIdOf(record),
      name,
      relay,
      capabilities,
    })
    // The agent repeats `pair.complete` until it is acknowledged; the answer is on its way already.
    controller.close()
    return EXIT.ok
  } finally {
    store.close()
  }
}

export const pairCommand: Command = {
  name: 'pair',
  summary: 'pair this device with the computer whose agent shows a code',
  help,
  run,
}
