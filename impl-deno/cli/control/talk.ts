// `happy-remote control` by itself: lines are prompts, and answers where something is asked.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import type { ControllerEvent } from '../../controller/controller.ts'
import { CallFailure } from '../../controller/failure.ts'
import { JournalPlace } from '../../controller/journal-place.ts'
import { waits } from '../../controller/queued-command.ts'
import { safeLine } from '../../controller/safe-text.ts'
import { systemTimers } from '../../link/timers.ts'
import { deviceIdOfRecord } from '../../session/store.ts'
import { CommandFailure, type CommandIo, EXIT_OK, EXIT_REFUSED, UsageError } from '../command.ts'
import { readOptions } from '../options.ts'
import { Lines } from '../stdin.ts'
import { Typed } from '../typed.ts'
import { Account } from './account.ts'
import { formText } from './form.ts'
import { answer, optionOf, questionText } from './question.ts'
import { endOf, ofFullDisk, textOf } from './queue.ts'
import { check, OPTIONS, SUB_COMMANDS } from './sub-commands.ts'
import { reach, type Subject, type SubjectOptions, withController } from './subject.ts'
import { runTerminal, terminalMeant } from './term.ts'
import { wordsOf } from './words.ts'

const HELP = `A line is a prompt. Where the assistant asks, y, n, or the number or id of an option
answers it.
  /answer name=value…      what the assistant wants to know; --decline refuses
  /prompt <text>           a prompt that looks like an answer or a command
  /term [command…]         a shell at the computer, or a command; Ctrl-] detaches
  /attach [id]             back to a terminal that runs; /terms lists them
  /cancel [all]            stop the running prompt, or all that wait as well
  /queue [cancel <id>…]    what waits; edit <id> <text>, move <id> <place>, again <id>
  /conversations, /open id where it goes on; /open --new begins another one
  /history [--limit n]     what happened, the newest last
  /git status|diff|log|…   the repository; commit -m "text" [path…], push
  /ls [folder], /cat file  the files of the workspace
  /get file [local file]   fetch a file; --force over one that is there
  /put local-file file     put a file into the workspace
  /pause, /resume          let the computer refuse whatever has an effect
  /status, /info, /devices what there is
  /help, ?                 this list
  /quit, Ctrl-D            leave; the assistant goes on`

/** Sub-commands that can be typed here as well. */
const SEEN = ['status', 'info', 'devices', 'terms', 'conversations', 'history', 'ls', 'cat']
const TYPED = [...SEEN, 'answer', 'cancel', 'queue', 'open', 'git', 'get', 'put']
const AT_ONCE = ['pause', 'resume']

/** `control` without a sub-command. A person may begin without the computer; a script waits for it. */
export const control = (options: SubjectOptions, io: CommandIo): Promise<number> =>
  withController(options, io, async (subject) => {
    const talk = new Talk(subject)
    try {
      if (!Deno.stdin.isTerminal()) await reach(subject, options.timeout)
      return await talk.run()
    } finally {
      await talk.end()
    }
  })

export class Talk {
  readonly #subject: Subject
  readonly #typed = new Typed()
  readonly #place: JournalPlace
  readonly #account: Account
  readonly #open: PermissionRequest[] = []
  readonly #shown = new Set<string>()
  readonly #stops: (() => void)[]
  readonly #over = Promise.withResolvers<number>()
  /** A terminal has the screen; what is to be told waits. */
  #held: string[] | undefined

  constructor(subject: Subject) {
    this.#subject = subject
    const { controller, store } = subject
    this.#place = new JournalPlace(store, deviceIdOfRecord(controller.record), systemTimers)
    this.#account = new Account(controller, this.#place, {
      line: (text) => this.#line(text),
      words: (text) => this.#words(text),
    })
    this.#stops = [
      controller.listen((event) => this.#take(event)),
      controller.queue.listen((command) => {
        if (waits(command) || command.state === 'completed' || command.state === 'cancelled') return
        this.#account.line(`Of the queue, ${endOf(command)}: ${textOf(command)}`)
      }),
    ]
  }

  async run(): Promise<number> {
    const { controller, json } = this.#subject
    const name = safeLine(controller.record.peerName)
    if (!json) {
      this.#line(
        controller.away
          ? `Connecting to ${name}. Type a prompt, or /help.`
          : `Connected to ${name}. /help tells what can be typed.`,
      )
    }
    return Promise.race([this.#read(), this.#over.promise])
  }

  async end(): Promise<void> {
    for (const stop of this.#stops) stop()
    await this.#place.save()
  }

  #line(text: string): void {
    if (this.#held) this.#held.push(`${text}\n`)
    else this.#subject.io.out(text)
  }

  #words(text: string): void {
    if (this.#held) this.#held.push(text)
    else Deno.stdout.writeSync(new TextEncoder().encode(text))
  }

  #take(event: ControllerEvent): void {
    const { io, json } = this.#subject
    if (event.type === 'revoked') this.#over.resolve(EXIT_REFUSED)
    if (event.type === 'status') {
      this.#present(event.status.pending)
      for (const question of event.status.questions ?? []) this.#want(question)
    }
    if (json) this.#takeAsJson(event)
    else {
      this.#account.take(event)
      if (event.type === 'presence' && !this.#held) {
        io.err(event.away ? 'The computer is away; prompts wait for it.' : 'The computer is there.')
      }
    }
    if (event.type !== 'event') return
    if (event.method === 'permission.requested') this.#ask(event.params as PermissionRequest)
    if (event.method === 'question.requested') this.#want(event.params as QuestionRequest)
    if (event.method === 'permission.resolved') {
      const { requestId } = event.params as EventParams<'permission.resolved'>
      const index = this.#open.findIndex((one) => one.requestId === requestId)
      if (index >= 0) this.#open.splice(index, 1)
    }
  }

  #takeAsJson(event: ControllerEvent): void {
    const { io } = this.#subject
    if (event.type === 'event') io.out(JSON.stringify({ event: event.method, params: event.params }))
    if (event.type === 'missed') io.out(JSON.stringify({ event: 'missed', ...event.missed }))
  }

  /** What was answered while nobody listened waits no more. */
  #present(pending: readonly PermissionRequest[]): void {
    const open = this.#open.filter(({ requestId }) => pending.some((one) => one.requestId === requestId))
    this.#open.splice(0, this.#open.length, ...open)
    for (const request of pending) this.#ask(request)
  }

  #ask(request: PermissionRequest): void {
    if (this.#shown.has(request.requestId)) return
    this.#shown.add(request.requestId)
    this.#account.asked(request.requestId)
    this.#open.push(request)
    if (!this.#subject.json) this.#account.line(questionText(request))
  }

  /** Its answer is typed behind /answer, so that no prompt becomes one. */
  #want(question: QuestionRequest): void {
    if (this.#shown.has(question.requestId)) return
    this.#shown.add(question.requestId)
    this.#account.asked(question.requestId)
    if (!this.#subject.json) this.#account.line(formText(question))
  }

  async #read(): Promise<number> {
    const lines = new Lines(this.#typed.stream)
    for (;;) {
      const line = (await lines.next())?.trim()
      // What a script has typed may be over before what happened has come.
      if (line === undefined && !Deno.stdin.isTerminal()) await this.#subject.controller.readJournal()
      if (line === undefined || line === '/quit') return EXIT_OK
      await this.#act(line).catch((error) => this.#fail(error))
    }
  }

  #fail(error: unknown): void {
    const isForPeople =
      error instanceof CallFailure ||
      error instanceof CommandFailure ||
      error instanceof UsageError ||
      error instanceof ProtocolError
    if (!isForPeople) throw error
    this.#subject.io.err(`${(safeLine(error.message) || 'It failed').replace(/\.$/, '')}.`)
  }

  async #act(line: string): Promise<void> {
    const { controller, io } = this.#subject
    const [word = ''] = line.split(/\s/, 1)
    const rest = line.slice(word.length).trim()
    if (line === '') return
    if (word === '/prompt' && rest !== '') return this.#give(rest)
    if (word.startsWith('/') || line === '?') return this.#command(word, rest)
    const [request] = this.#open
    const option = request && optionOf(request, line)
    if (request && option) {
      this.#open.shift()
      await answer(controller, request, option)
    } else if (/^(\d+|y|n|yes|no)$/i.test(line)) {
      // What answered a moment ago must not become work for the assistant.
      io.err(
        request
          ? 'Answer with y, n, or the number or id of an option.'
          : `Nothing waits for an answer. To send "${line}" as a prompt, type: /prompt ${line}`,
      )
    } else await this.#give(line)
  }

  /** A prompt. Throws CallFailure, ProtocolError or CommandFailure where it is not taken. */
  async #give(prompt: string): Promise<void> {
    const { controller, json, io } = this.#subject
    if (!controller.away && !(await controller.queue.next())) {
      this.#account.gave(prompt)
      const { state } = await controller.call('claude.sendMessage', { prompt })
      if (state === 'queued' && !json) this.#account.line('Waiting behind another prompt.')
      return
    }
    const { id } = await controller.enqueue('claude.sendMessage', { prompt }).catch((error) => {
      throw ofFullDisk(error)
    })
    this.#account.gave(prompt)
    const position = (await controller.queue.list()).filter(waits).findIndex((one) => one.id === id) + 1
    if (json) io.out(JSON.stringify({ event: 'queued', id, position }))
    else this.#account.line(`Queued, place ${position}: it goes out when the computer is there. /queue lists.`)
  }

  async #command(word: string, rest: string): Promise<void> {
    const name = word.slice(1)
    const words = wordsOf(name === 'queue' ? '' : rest)
    if (name === 'term') await this.#terminal({ command: words })
    else if (name === 'attach') await this.#attach(rest)
    else if (name === 'cancel' && rest === 'all') await this.#sub('cancel', ['--all'])
    else if (name === 'queue') await this.#sub(name, rest === '' ? [] : rest.split(/\s+/))
    else if (TYPED.includes(name)) await this.#sub(name, words)
    // These are told by the event.
    else if (AT_ONCE.includes(name)) {
      await SUB_COMMANDS[name]?.run({ ...this.#subject, say: () => {} }, {}, [])
    } else this.#account.line(HELP)
  }

  async #sub(name: string, args: readonly string[]): Promise<void> {
    const { values, positionals } = readOptions(args, OPTIONS)
    const found = SUB_COMMANDS[name]
    if (!found) return
    check(name, found, values, positionals)
    await found.run(this.#subject, values, positionals)
  }

  async #attach(beginning: string): Promise<void> {
    if (beginning !== '') return this.#terminal({ attach: await terminalMeant(this.#subject, beginning) })
    const { terminals } = await this.#subject.controller.call('terminal.list', {})
    const [only, ...others] = terminals.filter(({ running }) => running)
    if (only && others.length === 0) await this.#terminal({ attach: only.terminalId })
    else this.#account.line(only ? 'Which one? /terms lists them.' : 'No terminal runs.')
  }

  async #terminal(what: { readonly command?: readonly string[]; readonly attach?: string }): Promise<void> {
    const { io } = this.#subject
    io.out('— Ctrl-] comes back here; what runs keeps running —')
    const { stream, end } = this.#typed.take()
    this.#held = []
    let ended: Awaited<ReturnType<typeof runTerminal>>
    try {
      ended = await runTerminal(this.#subject, { command: [], ...what, keys: stream })
    } finally {
      end()
      const held = this.#held
      this.#held = undefined
      for (const text of held) this.#words(text)
    }
    if (ended.how === 'detached') this.#account.line(`Left running; back with /attach ${ended.terminalId.slice(0, 8)}`)
    if (ended.how === 'orphaned') this.#account.line('The terminal is gone: the agent was restarted.')
  }
}
