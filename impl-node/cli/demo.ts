// `happy-remote demo`, which `npm start` runs: relay, agent and controller in one process, through the
// real protocol, and the time of each step.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReadStream, WriteStream } from 'node:tty'
import type { Controller } from '../controller/controller.ts'
import { pairWith } from '../controller/pair.ts'
import { openQueue } from '../controller/queue.ts'
import { type Relay, startRelay } from '../relay/server.ts'
import { readSite, type Site } from '../relay/site.ts'
import { parsePairingCode } from '../session/pairing-code.ts'
import { isLocalHost } from '../session/relay-url.ts'
import { Store } from '../session/store.ts'
import { type AgentHost, endSentence, startAgent } from './agent/host.ts'
import { whenNamed } from './agent/named.ts'
import { pairOnScreen } from './agent/pair-screen.ts'
import { type Command, EXIT, UsageError } from './command.ts'
import { type Settings, settingsOf } from './config.ts'
import { type Interactive, runInteractive } from './control/interactive.ts'
import { DemoSteps } from './demo/steps.ts'
import { runPrompt, runShellCommand } from './demo/work.ts'
import { Failure, givenUp, systemReason } from './failure.ts'
import { COMMON_OPTIONS, noWords, parseFlags } from './flags.ts'
import { type Log, openLog } from './logging.ts'
import { note } from './output.ts'
import { untilStopped } from './signals.ts'
import { shortId } from './state.ts'
import { spacedDigits } from './terminal/block-digits.ts'
import { canDraw } from './terminal/can-draw.ts'

const help = `happy-remote demo: everything in one process, to see it work

Usage: happy-remote demo [options]
       npm start -- [options]

Starts a relay at a free port of this machine, an agent on the present folder
and a controller; pairs them through the real protocol, gives the assistant a
prompt, answers what it asks, runs a command in a real terminal, and prints the
time of each step. Then it stays open for you as the controller, and shows a
pairing code for another device at Enter or /pair; without a terminal it ends
with exit code 0. It needs no account and no network, and keeps nothing.

The assistant follows a script and runs nothing, unless another is configured
(HAPPY_REMOTE_ASSISTANT or the configuration file, see happy-remote agent
--help); to that one, the demo denies whatever it asks.

  --host <address>     listen there instead of 127.0.0.1, so that a terminal of
                       another device in the same network can pair
  --web <folder>       serves the web controller beside the relay, as
                       npm run web:build has written it there, if it has
  --json               one JSON object a line: step {name, text, ms}, times
                       {pairing, pairingCompute, prompt, shell} in ms, and end
                       after that
  --config <file>      settings; default ~/.config/happy-remote/config.json
  --log-level <level>  debug, info, warn, error or silent; default warn
  --no-color           no colours; so do NO_COLOR and TERM=dumb
  --help               this text

Exit codes: 0 done, 1 a step failed, 2 wrong use.
`

const OPTIONS = {
  json: COMMON_OPTIONS.json,
  help: COMMON_OPTIONS.help,
  config: COMMON_OPTIONS.config,
  'log-level': COMMON_OPTIONS['log-level'],
  'no-color': COMMON_OPTIONS['no-color'],
  host: { type: 'string' },
  web: { type: 'string' },
} as const

/** What has to be ended, the last one first. */
class Ending {
  readonly #ends: (() => unknown)[] = []
  add<T>(thing: T, end: (thing: T) => unknown): T {
    this.#ends.unshift(() => end(thing))
    return thing
  }
  async all(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end()
  }
}

function checkHost(host: string): void {
  if (isIPv4(host) && isLocalHost(host)) return
  throw new UsageError(
    `--host is ${JSON.stringify(host)}: an IPv4 address of this machine in a private network is needed.`,
  )
}

/** Addresses under which others in the same network reach this machine. */
const privateAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal, address }) => family === 'IPv4' && !internal && isLocalHost(address))
    .map(({ address }) => address)

interface Paired {
  readonly controller: Controller
  readonly digits: string
}

/** Both ends are ours, so the demo itself types at the agent the digits that the controller shows. */
function pairBoth(host: AgentHost, store: Store, onScanned: () => void): Promise<Paired> {
  const { promise: shown, resolve } = Promise.withResolvers<string>()
  const { promise: failed, reject } = Promise.withResolvers<never>()
  const pairing = host.agent.pair(
    {
      onScanned,
      onDigits: () => void shown.then((digits) => pairing.enterDigits(digits)),
      onOtherDevice: () => {},
      onEnd: (end) => {
        if (end.outcome === 'failed') reject(new Failure(EXIT.failed, end.reason, endSentence(end.reason)))
      },
    },
    { capabilities: host.settings.grant },
  )
  const code = parsePairingCode(pairing.uri, Date.now())
  const paired = pairWith({ code, store, name: 'demo controller', onDigits: resolve })
  return Promise.race([Promise.all([paired, shown]), failed]).then(([controller, digits]) => ({ controller, digits }))
}

interface Running {
  readonly relay: Relay
  readonly host: AgentHost
  readonly controller: Controller
  readonly store: Store
}

/** What a page has been built of may be missing: then there is none. */
const siteIn = (folder: string | undefined): Site | undefined =>
  folder !== undefined && existsSync(join(folder, 'index.html')) ? readSite(folder) : undefined

async function listenAt(host: string, site: Site | undefined, logger: Log): Promise<Relay> {
  try {
    return await startRelay({ host, logger, ...(site && { site }) })
  } catch (error) {
    throw new Failure(EXIT.failed, 'system', `Cannot listen at ${host}: ${systemReason(error)}.`)
  }
}

interface Place {
  readonly address: string
  readonly site: Site | undefined
}

async function steps(settings: Settings, { address, site }: Place, steps: DemoSteps, ending: Ending): Promise<Running> {
  const log = openLog('demo', settings.logLevel)
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-demo-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  // There are keys in it: it goes however the program ends, also where a closed terminal leaves no time for the rest.
  process.on('exit', remove)
  ending.add(folder, () => {
    process.off('exit', remove)
    remove()
  })
  const relay = ending.add(await listenAt(address, site, log), (started) => started.close())
  steps.done('relay', `Relay listening at ${relay.url}`)

  const host = ending.add(startAgent({ ...settings, relay: relay.url, state: folder }, log), (started) =>
    started.close(),
  )
  const store = ending.add(new Store(join(folder, 'controller')), (opened) => opened.close())
  steps.done('agent', `Agent "${settings.name}" in ${settings.workspace}`)

  const cpu = process.cpuUsage()
  const begun = performance.now()
  const { controller, digits } = await pairBoth(host, store, () =>
    steps.done('scan', 'Pairing code read, handshake begun'),
  )
  ending.add(controller, (opened) => opened.close())
  const { user, system } = process.cpuUsage(cpu)
  steps.times.pairing = performance.now() - begun
  steps.times.pairingCompute = (user + system) / 1_000
  steps.done('pairing', `Paired; the demo typed the digits ${spacedDigits(digits)} itself`)

  await controller.whenReady(10_000)
  const info = await controller.call('agent.info', {})
  steps.done('info', `First call answered: ${info.name}, ${info.platform}`)

  await host.agent.conversation.start()
  steps.done('assistant', `Assistant started: ${host.assistant}`)
  steps.times.prompt = await runPrompt(controller, info.assistant?.scripted ?? false, steps)
  steps.times.shell = await runShellCommand(controller, steps)
  return { relay, host, controller, store }
}

/** Shows a code for another device; what is printed goes through `print`. */
async function pairAnother({ host }: Running, print: (text: string) => void, signal: AbortSignal): Promise<void> {
  const [input, output] = [process.stdin as ReadStream, process.stdout as WriteStream]
  const result = await pairOnScreen({ host, input, output, signal, leaving: 'goes on without another device' })
  if (result.outcome === 'failed') {
    const reason = result.reason === 'cancelled' ? 'No other device was paired.' : endSentence(result.reason)
    print(`${reason} /pair shows a new code.`)
  } else print(`Paired with ${(await whenNamed(host, result.deviceId)) ?? shortId(result.deviceId)}.`)
}

async function stayOpen(running: Running, { address, site }: Place, stopped: Promise<void>): Promise<void> {
  const { relay, controller, store, host } = running
  const giveUp = new AbortController()
  void stopped.then(() => giveUp.abort())
  const [other = '<address>'] = privateAddresses()
  note(
    address === '127.0.0.1'
      ? `Press Enter for a pairing code for another terminal of this machine, or type a\nprompt. For a terminal of another device: npm start -- --host ${other}`
      : `Press Enter for a pairing code for a device that reaches\n${relay.url}, or type a prompt.`,
  )
  // Browsers give a page its keys at https:// and at the machine's own name alone.
  if (site && address.startsWith('127.')) {
    note(`For a browser of this machine: http://${relay.url.slice('ws://'.length)}/`)
  }
  if (site) note("For a phone's browser, which wants https://: deploy/README.md")
  let shown = false
  const pair = async (program: Interactive) => {
    shown = true
    await program.away(() => pairAnother(running, (text) => program.print(text), giveUp.signal))
  }
  const { promise: lost, reject } = Promise.withResolvers<never>()
  controller.on('revoked', () => reject(new Failure(EXIT.refused, 'revoked', 'The pairing was ended.')))
  await runInteractive({
    controller,
    store,
    record: controller.record,
    queue: controller.queue ?? openQueue(store, controller.record),
    name: host.settings.name,
    lost,
    close: () => {},
    signal: giveUp.signal,
    commands: [{ name: '/pair', usage: '/pair', summary: 'show a code for another device', run: pair }],
    // Once only: behind that an empty line is a slip.
    onEmptyLine: (program) => (shown ? undefined : pair(program)),
  })
}

async function run(args: string[]): Promise<number> {
  const { values, words } = parseFlags(args, OPTIONS)
  if (values.help) {
    process.stdout.write(help)
    return EXIT.ok
  }
  noWords(words)
  const address = values.host ?? '127.0.0.1'
  checkHost(address)
  const place = { address, site: siteIn(values.web) }
  // npm runs its scripts in the package's folder and tells where the person is.
  const workspace = process.env.HAPPY_REMOTE_WORKSPACE || process.env.INIT_CWD || process.cwd()
  const configured = settingsOf({ workspace, logLevel: values['log-level'] }, values.config, process.env)
  const settings = { ...configured, assistant: configured.assistant ?? ['scripted'] }
  const json = values.json ?? false
  const atTerminal = !json && canDraw()
  const ending = new Ending()
  const { stopped } = untilStopped()
  const interrupted = stopped.then(() => {
    throw givenUp()
  })
  interrupted.catch(() => {})
  try {
    const told = new DemoSteps(json)
    const running = await Promise.race([steps(settings, place, told, ending), interrupted])
    told.end()
    if (atTerminal) await stayOpen(running, place, stopped)
    return EXIT.ok
  } finally {
    await ending.all()
  }
}

export const demoCommand: Command = {
  name: 'demo',
  summary: 'everything in one process, to see it work; npm start runs it',
  help,
  run,
}
