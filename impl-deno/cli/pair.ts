// `happy-remote pair`

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Controller } from '../controller/controller.ts'
import { readPairingCode, startPairing } from '../controller/pairing.ts'
import { safeLine } from '../controller/safe-text.ts'
import { encodeBase32 } from '../crypto/base32.ts'
import type { PairingCode } from '../session/pairing-code.ts'
import { shownDigits } from '../session/schedule.ts'
import type { Store } from '../session/store.ts'
import {
  type Command,
  CommandFailure,
  type CommandIo,
  EXIT_OK,
  EXIT_REFUSED,
  EXIT_UNREACHABLE,
  EXIT_USAGE,
  UsageError,
} from './command.ts'
import { orInterrupted } from './interrupt.ts'
import { readOptions, STATE_OPTIONS } from './options.ts'
import { readSettings, type Settings } from './settings.ts'
import { openState } from './state.ts'
import { Lines } from './stdin.ts'

const USAGE = `happy-remote pair: pairs this device with the computer whose agent shows a code

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

Deno needs --allow-net for the relay, --allow-read and --allow-write for the
state, --allow-env='HAPPY_REMOTE_*,HOME,XDG_*' and --allow-sys=hostname.

Exit codes: 0 paired; 1 failed; 2 wrong use, or not a pairing code; 4 no
answer, or the relay cannot be reached; 5 expired, insecure, refused, wrong
digits, or not confirmed by you; 130 given up with Ctrl-C.`

const OPTIONS = { ...STATE_OPTIONS, yes: { type: 'boolean', short: 'y' }, name: { type: 'string' } } as const

export const pairCommand: Command = {
  name: 'pair',
  summary: 'pair this device with the computer whose agent shows a code',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = readOptions(args, OPTIONS)
    const settings = readSettings(values, io)
    const lines = new Lines()
    const say = (event: string, data: object, text: string) =>
      io.out(values.json ? JSON.stringify({ event, ...data }) : text)
    const code = await orInterrupted(readCode(positionals, io, lines))
    const { relay, deviceId, expiry } = code
    const agentId = encodeBase32(deviceId).toLowerCase()
    const about = `The computer hd1${agentId}, through the relay ${relay.origin}`
    say('code', { relay: relay.origin, agentId, expiresAt: expiry * 1_000 }, about)
    // pairing.consent.screen
    if (!values.yes) await orInterrupted(askConsent(io, lines))
    const store = await openState(settings, 'controller')
    try {
      await orInterrupted(pair(store, code, settings, say))
      return EXIT_OK
    } finally {
      await store.close()
    }
  },
}

/** Throws CommandFailure, UsageError. */
async function readCode([given, ...more]: readonly string[], io: CommandIo, lines: Lines): Promise<PairingCode> {
  if (more.length > 0) throw new UsageError('There is more than one pairing code')
  if (given !== undefined && given !== '-') return decode(given)
  if (given === undefined) {
    if (!Deno.stdin.isTerminal()) {
      throw new UsageError('The pairing code is missing; give it, or - to read it from standard input')
    }
    io.err('The pairing code that the agent shows:')
  }
  let text = ''
  for (;;) {
    const line = await lines.next()
    text += line?.trim() ?? ''
    try {
      return decode(text)
    } catch (error) {
      // A code may have been broken into several lines.
      if (line === undefined || !(error instanceof CommandFailure) || error.code !== 'qr-encoding') {
        const isShort = error instanceof CommandFailure && error.code === 'qr-length' && line !== undefined
        if (!isShort) throw error
      }
    }
  }
}

const CODE_TROUBLE: Record<string, readonly [exit: number, message: string]> = {
  'qr-version': [EXIT_USAGE, 'This pairing code is of another version: one of the two programs is too old'],
  'qr-expired': [EXIT_REFUSED, 'This pairing code has expired: have the computer show another one'],
  'qr-insecure': [EXIT_REFUSED, 'This pairing code asks for an unencrypted relay on a public host'],
  suite: [EXIT_REFUSED, 'This pairing code offers nothing that this program knows: it may be too old'],
}

function decode(text: string): PairingCode {
  try {
    return readPairingCode(text.replaceAll(/\s/g, ''), Date.now())
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    const [exit, message] = CODE_TROUBLE[error.code] ?? [
      EXIT_USAGE,
      'This is not a whole pairing code: it is damaged, or not one. Copy all of it, from HAPPY:// on',
    ]
    throw new CommandFailure(message, exit, error.code)
  }
}

async function askConsent(io: CommandIo, lines: Lines): Promise<void> {
  if (!Deno.stdin.isTerminal()) throw new UsageError('Nobody can be asked: give --yes to pair with this computer')
  io.err('Pair with it? This device then sees what happened there before, and what it types counts as yours [y/N]')
  const answer = (await lines.next())?.trim().toLowerCase()
  if (answer !== 'y' && answer !== 'yes') {
    throw new CommandFailure('Not paired: you did not agree', EXIT_REFUSED, 'rejected')
  }
}

const RUN_TROUBLE: Record<string, readonly [exit: number, message: string]> = {
  // pairing.controller.other-device
  timeout: [EXIT_UNREACHABLE, 'No answer: the code may be over, or somebody else has used it. Try a new one'],
  'pair-busy': [EXIT_REFUSED, 'Somebody else has used this code. If it was not you, try a new one and see who is near'],
  'sas-mismatch': [EXIT_REFUSED, 'The digits were typed wrongly too often: try a new code'],
  'identity-mismatch': [EXIT_REFUSED, 'Another computer answered than the one that showed the code'],
}

type Say = (event: string, data: object, text: string) => void

async function pair(store: Store, code: PairingCode, { name }: Settings, say: Say): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let controller: Controller | undefined
  let isReached = false
  const run = await startPairing({
    ...{ store, code, name },
    listener: {
      digits: (digits, made) => {
        controller = made
        say('digits', { digits }, `Type these digits on the computer: ${shownDigits(digits)}`)
        made.listen((event) => {
          if (event.type !== 'paired') return
          const { peerName, relay, capabilities } = event.record
          const text = `Paired with ${safeLine(peerName)}`
          say('paired', { deviceId: made.agentId, name: peerName, relay, capabilities }, text)
          resolve()
        })
      },
      noAnswer: () => say('relay', { state: 'no-answer' }, 'The computer does not answer yet'),
      relay: ({ state }) => {
        isReached ||= state === 'bound'
      },
      failed: ({ code: why }) => {
        const [exit, message] = isReached
          ? (RUN_TROUBLE[why] ?? [EXIT_REFUSED, 'The computer has refused: try a new code'])
          : [EXIT_UNREACHABLE, `The relay ${code.relay.origin} cannot be reached`]
        reject(new CommandFailure(message, exit, why))
      },
    },
  })
  try {
    await promise
    // `pair.ack` leaves before the connection does.
    await controller?.call('agent.info', {}).catch(() => {})
  } finally {
    run.cancel()
    controller?.close()
  }
}
