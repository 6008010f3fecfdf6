// `happy-remote demo`: relay, agent and controller in one process, paired through the real protocol.

import { Agent } from '../agent/agent.ts'
import { CommandStore } from '../agent/command-store.ts'
import { openJournal } from '../agent/journal.ts'
import type { Controller } from '../controller/controller.ts'
import { readPairingCode, startPairing } from '../controller/pairing.ts'
import { safeLine } from '../controller/safe-text.ts'
import { type Relay, startRelay } from '../relay/server.ts'
import { readSite, type Site, UnusableSite } from '../relay/site.ts'
import { relayUrlOf } from '../session/relay-url.ts'
import { shownDigits } from '../session/schedule.ts'
import { Store } from '../session/store.ts'
import { openSqlite } from '../storage/sqlite.ts'
import { assistantOf } from './agent.ts'
import { type Command, CommandFailure, type CommandIo, EXIT_OK, UsageError } from './command.ts'
import type { Subject } from './control/subject.ts'
import { Talk } from './control/talk.ts'
import { FirstPrompt } from './demo/first-prompt.ts'
import { runInShell } from './demo/shell.ts'
import { orInterrupted } from './interrupt.ts'
import { readOptions, STATE_OPTIONS } from './options.ts'
import { programSocket } from './program-socket.ts'
import { readSettings, type Settings } from './settings.ts'

const USAGE = `happy-remote demo: everything in one process, to see it work

Usage: happy-remote demo [options]

Starts a relay at a free port of this machine, an agent on the present folder
and a controller; pairs them through the real protocol, gives the assistant a
prompt, answers what it asks, runs a command in a real terminal, and prints the
time of each step. Then it stays open for you as the controller; without a
terminal it ends with exit code 0. It needs no account and no network, and
keeps nothing.

The assistant follows a script and runs nothing, unless another is configured
(HAPPY_REMOTE_ASSISTANT or the configuration file, see happy-remote agent
--help); to that one, the demo denies whatever it asks.

  --host <address>     listen there instead of 127.0.0.1, so that a terminal of
                       another device in the same network can pair
  --web <folder>       serves the web controller beside the relay, as
                       npm run web:build has written it there, if it has
  --json               one JSON object a line: step {name, text, ms}, times
                       {pairing, prompt, shell} in ms, and end after that
  --config <file>      settings; default ~/.config/happy-remote/config.json
  --log-level <level>  debug, info, warn, error or silent; default warn
  --no-color           no colours; so do NO_COLOR and TERM=dumb
  --help               this text

Deno needs the permissions of relay, agent and control together: --allow-all.

Exit codes: 0 done, 1 a step failed, 2 wrong use.`

const { state: _, ...COMMON } = STATE_OPTIONS
const OPTIONS = { ...COMMON, host: { type: 'string' }, web: { type: 'string' } } as const

/** In which one step has to be done, in ms. */
const STEP_TIME = 60_000

export const demoCommand: Command = {
  name: 'demo',
  summary: 'everything in one process, to see it work',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = readOptions(args, OPTIONS)
    if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is one word too many`)
    const folder = await Deno.makeTempDir({ prefix: 'happy-remote-demo-' })
    const demo = new Demo(folder, readSettings(values, io), values.json === true, io)
    try {
      return await orInterrupted(demo.run(values.host ?? '127.0.0.1', siteIn(values.web)))
    } finally {
      // It keeps nothing, however it ends.
      await demo.end()
      await Deno.remove(folder, { recursive: true })
    }
  },
}

/** Undefined where nothing was built. */
function siteIn(folder: string | undefined): Site | undefined {
  try {
    return folder === undefined ? undefined : readSite(folder)
  } catch (error) {
    if (error instanceof UnusableSite || error instanceof Deno.errors.NotFound) return undefined
    throw error
  }
}

class Demo {
  readonly #folder: string
  readonly #settings: Settings
  readonly #json: boolean
  readonly #io: CommandIo
  /** What has to be ended, the last first. */
  readonly #ends: (() => unknown)[] = []
  #began = performance.now()

  constructor(folder: string, settings: Settings, json: boolean, io: CommandIo) {
    this.#folder = folder
    this.#settings = settings
    this.#json = json
    this.#io = io
  }

  async run(host: string, site: Site | undefined): Promise<number> {
    if (!this.#json) this.#io.out('Happy Remote Control: relay, agent and controller, through the real protocol\n')
    const relay = await this.#relay(host, site)
    this.#step('relay', `Relay listening at ${relay.url}`)
    const digits = Promise.withResolvers<void>()
    const agent = await this.#agent(relay, () => digits.resolve())
    this.#step('agent', `Agent "${safeLine(this.#settings.name)}" in ${agent.workspace}`)
    const began = performance.now()
    const store = await Store.open(await openSqlite(`${this.#folder}/controller`))
    this.#ends.push(() => store.close())
    const controller = await this.#pair(agent, store, digits.promise)
    const pairing = performance.now() - began
    const info = await controller.call('agent.info', {})
    this.#step('call', `First call answered: ${safeLine(info.name)}, ${info.platform}`)
    const say = (text: string) => this.#say(text)
    const prompt = await this.#timed('prompt', () => this.#prompt(controller, info.assistant?.scripted === true, say))
    this.#step('prompt', 'First prompt completed')
    const shell = await this.#timed('shell', () => runInShell(controller, 'uname -a && tty', say))
    this.#step('shell', 'First shell command in a real terminal: exit code 0')
    this.#times({ pairing, prompt, shell })
    if (this.#json) this.#io.out(JSON.stringify({ event: 'end' }))
    if (this.#json || !Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) return EXIT_OK
    if (site) this.#io.out('')
    // Browsers give a page its keys at https:// and at the machine's own name alone.
    if (site && host.startsWith('127.')) {
      this.#io.out(`For a browser of this machine: http://${relay.url.slice('ws://'.length)}/`)
    }
    if (site) this.#io.out("For a phone's browser, which wants https://: deploy/README.md")
    const subject: Subject = {
      ...{ controller, store, io: this.#io, json: false },
      say: (_event, _data, text) => this.#io.out(text),
      heard: (matches) =>
        new Promise((resolve) => {
          const forget = controller.listen((event) => {
            if (!matches(event)) return
            forget()
            resolve(event)
          })
        }),
    }
    const talk = new Talk(subject)
    try {
      return await talk.run()
    } finally {
      await talk.end()
    }
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end()
  }

  async #relay(host: string, site: Site | undefined): Promise<Relay> {
    const relay = await startRelay({ host, port: 0, limits: { drainTime: 0 }, ...(site && { site }) })
    this.#ends.push(() => relay.close())
    return relay
  }

  async #agent(relay: Relay, asked: () => void): Promise<Agent> {
    const store = await Store.open(await openSqlite(`${this.#folder}/agent`))
    const commands = new CommandStore(':memory:')
    const journal = openJournal(`${this.#folder}/agent/journal.sqlite`)
    const workspace = await Deno.realPath(this.#settings.workspace)
    const [kind = 'none'] = this.#settings.assistant
    const assistant = assistantOf(kind === 'none' ? ['scripted'] : this.#settings.assistant, workspace)
    const agent = new Agent({
      ...{ store, commands, journal, workspace, assistant, name: this.#settings.name, relay: relayUrlOf(relay.url) },
      socket: await programSocket(),
      ...{ environment: Deno.env.toObject(), software: 'happy-remote (Deno) 0.1.0' },
      events: { digits: asked, trouble: (text) => this.#io.err(safeLine(text)) },
    })
    this.#ends.push(
      () => store.close(),
      () => commands.close(),
      () => journal.close(),
      () => agent.stop(),
    )
    return agent
  }

  async #pair(agent: Agent, store: Store, asked: Promise<void>): Promise<Controller> {
    const { uri } = await agent.offer()
    const shown = Promise.withResolvers<{ digits: string; controller: Controller }>()
    const run = await startPairing({
      ...{ store, code: readPairingCode(uri, Date.now()), name: 'demo', socket: await programSocket() },
      listener: {
        digits: (digits, controller) => shown.resolve({ digits, controller }),
        failed: (error) => shown.reject(new CommandFailure(`The pairing failed: ${error.message}`)),
      },
    })
    this.#ends.push(() => run.cancel())
    this.#step('scanned', 'Pairing code read, handshake begun')
    const { digits, controller } = await this.#inTime('pairing', shown.promise)
    this.#ends.push(() => controller.close())
    const paired = new Promise<void>((resolve) => {
      controller.listen(({ type }) => {
        if (type === 'paired') resolve()
      })
    })
    await this.#inTime('pairing', asked)
    // pairing.sas.typed: it owns both ends, so it may type for the person
    await agent.typed(digits)
    await this.#inTime('pairing', paired)
    this.#step('paired', `Paired; the demo typed the digits ${shownDigits(digits)} itself`)
    return controller
  }

  async #prompt(controller: Controller, isScripted: boolean, say: (text: string) => void): Promise<void> {
    const first = new FirstPrompt(controller, isScripted, say)
    await first.run('Say hello in one sentence.')
  }

  async #timed(name: string, act: () => Promise<void>): Promise<number> {
    const began = performance.now()
    await this.#inTime(name, act())
    return performance.now() - began
  }

  async #inTime<T>(name: string, act: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new CommandFailure(`The step ${name} took more than 60 s`)), STEP_TIME)
    })
    try {
      return await Promise.race([act, late])
    } finally {
      clearTimeout(timer)
    }
  }

  #step(name: string, text: string): void {
    const ms = Math.round((performance.now() - this.#began) * 10) / 10
    this.#began = performance.now()
    if (this.#json) this.#io.out(JSON.stringify({ event: 'step', name, text, ms }))
    else this.#io.out(`  ${text.padEnd(66)} ${ms.toFixed(1).padStart(8)} ms`)
  }

  #say(text: string): void {
    if (!this.#json) for (const line of text.split('\n')) this.#io.out(`    ${line}`)
  }

  #times(times: Readonly<Record<'pairing' | 'prompt' | 'shell', number>>): void {
    const rounded = Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, Math.round(ms * 10) / 10]))
    if (this.#json) {
      this.#io.out(JSON.stringify({ event: 'times', ...rounded }))
      return
    }
    const names = {
      pairing: 'Pairing, from the code to the confirmed pairing',
      prompt: 'First prompt, with its question, to the end of the turn',
      shell: 'First shell command, to its exit',
    }
    this.#io.out('')
    for (const [name, text] of Object.entries(names)) {
      this.#io.out(`  ${text.padEnd(66)} ${String(rounded[name]).padStart(8)} ms`)
    }
  }
}
