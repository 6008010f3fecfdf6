// `control` for a person: what the assistant says above, the connection and a line to type below.

import type { ReadStream, WriteStream } from 'node:tty'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { Present } from '../../controller/catch-up.ts'
import { JournalPlace } from '../../controller/journal-place.ts'
import { isLive, type QueuedCommand } from '../../controller/queued-command.ts'
import { DiskFull } from '../../session/store.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure, givenUp } from '../failure.ts'
import type { Output } from '../output.ts'
import { safeLine, safeText } from '../safe-text.ts'
import { heard } from '../state.ts'
import { canDraw } from '../terminal/can-draw.ts'
import { cut, widthOf, wrap } from '../terminal/columns.ts'
import { LineEditor } from '../terminal/line-editor.ts'
import { type Cursor, LiveBlock } from '../terminal/live.ts'
import { PlainBlock, PlainLines } from '../terminal/plain.ts'
import { progressText } from '../terminal/progress.ts'
import { bold, dim, green, yellow } from '../terminal/style.ts'
import type { Connection } from './connection.ts'
import { type InteractiveCommand, interactiveCommands } from './interactive-commands.ts'
import { listen } from './narrator.ts'
import { answerPermission, optionMeant, permissionLines } from './permissions.ts'
import { questionLines } from './questions.ts'
import { textOfCommand } from './queue.ts'
import { endOf } from './queue-sending.ts'
import { Story } from './story.ts'

export interface InteractiveOptions extends Connection {
  readonly signal: AbortSignal
  /** Beside the usual ones. */
  readonly commands?: readonly InteractiveCommand[]
  /** What Enter alone does; nothing unless given. */
  readonly onEmptyLine?: (program: Interactive) => Promise<void> | undefined
}

const REFRESH = 1_000
const PROMPT = '› '
/** Of a prompt that is shown again, UTF-16 units and lines at most. */
const ECHO_SIZE = 1_200
const ECHO_LINES = 12
/** UTF-16 units that may well stand in one column: letters with marks, the parts of an emoji. */
const UNITS_A_COLUMN = 8
/** ms in which a second Ctrl-C must follow. */
const TWICE = 2_000

export class Interactive {
  readonly connection: Connection
  readonly input = process.stdin as ReadStream
  readonly output = process.stdout as WriteStream
  readonly signal: AbortSignal
  readonly commands: readonly InteractiveCommand[]
  readonly #onEmptyLine: InteractiveOptions['onEmptyLine']
  readonly #block: Pick<LiveBlock, 'set' | 'print' | 'clear' | 'close'>
  readonly #editor: Pick<LineEditor, 'text' | 'cursor' | 'clear' | 'open' | 'close'>
  /** Ends when all lines before are done. */
  #turn: Promise<void> = Promise.resolve()
  readonly #story: Story
  readonly #ended = Promise.withResolvers<number>()
  /** Ids of the requests that were shown whole. */
  readonly #asked = new Set<string>()
  #pending: PermissionRequest[] = []
  #state = 'idle'
  #since = Date.now()
  #isPaused = false
  /** What the assistant says now, up to where the last line was broken. */
  #words = ''
  /** Something else has the screen; what is to be printed waits. */
  #away = false
  /** What is to be printed is gathered first. */
  #isGathering = false
  #waiting: string[] = []
  /** Sub-commands that run, and how far one of them is. */
  readonly #works = new Set<AbortController>()
  #progress = ''
  #interruptedAt = 0
  #wasReady = false

  constructor({ signal, commands = [], onEmptyLine, ...connection }: InteractiveOptions) {
    this.connection = connection
    this.#onEmptyLine = onEmptyLine
    this.signal = signal
    this.commands = [...interactiveCommands, ...commands]
    const draws = canDraw()
    this.#block = draws ? new LiveBlock(this.output) : new PlainBlock(this.output)
    this.#story = new Story(connection, new JournalPlace(connection.store, connection.record), {
      print: (text) => this.print(text),
      together: (print) => this.#together(print),
      isAway: () => this.#away,
      wasAsked: (requestId) => this.#asked.has(requestId),
      words: (piece) => this.#say(piece),
      wordsEnd: () => this.#endWords(),
      aside: (kind, text) => {
        if (kind === 'user') this.#echo(text)
        else for (const line of text.split('\n')) this.#wrapped(`${kind === 'tool' ? '• ' : '  '}${line}`, dim)
      },
    })
    const Editor = draws ? LineEditor : PlainLines
    this.#editor = new Editor(this.input, this.output, {
      // A person sees what a line does before the next one; a script does not.
      onLine: (line) => {
        const act = () => this.#onLine(line.trim())
        this.#turn = draws ? act() : this.#turn.then(act)
      },
      onChange: () => this.#onChange(),
      onInterrupt: () => this.#onInterrupt(),
      // What a script has typed may be over before what happened has come.
      onEnd: () => {
        if (draws) this.quit()
        else void this.#turn.then(() => this.connection.controller.readJournal()).then(() => this.quit())
      },
    })
  }

  async run(): Promise<number> {
    const { controller, queue, lost } = this.connection
    const stops = [this.#listen(), this.#story.start()]
    const onStatus = () => this.#onStatus()
    const onPresent = (present: Present) => this.#catchUp(present)
    controller.on('status', onStatus)
    controller.on('present', onPresent)
    const onQueue = (command: QueuedCommand) => this.#onQueue(command)
    queue.on('change', onQueue)
    if (controller.status.ready) void controller.catchUp()
    const refresh = setInterval(() => this.#draw(), REFRESH)
    const onResize = () => this.#draw()
    this.output.on('resize', onResize)
    const quit = () => this.quit()
    this.signal.addEventListener('abort', quit)
    this.print(dim('Type a prompt, or /help.'))
    onStatus()
    try {
      return await Promise.race([this.#ended.promise, lost])
    } finally {
      clearInterval(refresh)
      this.output.off('resize', onResize)
      controller.off('status', onStatus)
      controller.off('present', onPresent)
      queue.off('change', onQueue)
      for (const stop of stops) stop()
      this.signal.removeEventListener('abort', quit)
      this.#editor.close()
      this.#block.close()
      this.input.pause()
    }
  }

  quit(): void {
    this.#ended.resolve(EXIT.ok)
  }

  /** Whole lines, above what is typed. */
  print(text: string): void {
    if (this.#away || this.#isGathering) this.#waiting.push(text)
    else this.#block.print(text, ...this.#lines())
  }

  /** Gives the screen and the keys away until `use` is done. */
  async away<T>(use: () => Promise<T>): Promise<T> {
    this.#editor.close()
    this.#block.clear()
    this.#away = true
    try {
      return await use()
    } finally {
      this.#away = false
      this.#editor.open()
      for (const text of this.#waiting.splice(0)) this.print(text)
      this.#draw()
    }
  }

  #together(print: () => void): void {
    this.#isGathering = true
    print()
    this.#isGathering = false
    if (!this.#away && this.#waiting.length > 0) this.print(this.#waiting.splice(0).join('\n'))
  }

  /** What counts when it comes, whatever the journal still lacks. */
  #listen(): () => void {
    return listen(this.connection.controller, {
      'claude.state': ({ state }) => this.#setState(state),
      'permission.requested': (request) => this.#ask(request),
      'permission.resolved': ({ requestId }) => {
        this.#pending = this.#pending.filter((request) => request.requestId !== requestId)
      },
      'question.requested': (question) => this.#show(question.requestId, questionLines(question)),
      'session.paused': () => this.#setPaused(true),
      'session.resumed': () => this.#setPaused(false),
    })
  }

  #ask(request: PermissionRequest): void {
    if (this.#asked.has(request.requestId)) return
    this.#pending.push(request)
    this.#show(request.requestId, permissionLines(request))
  }

  /** What the assistant asks, once. */
  #show(requestId: string, [title = '', ...rest]: readonly string[]): void {
    if (this.#asked.has(requestId)) return
    this.#asked.add(requestId)
    this.print([bold(title), ...rest].join('\n'))
  }

  #onStatus(): void {
    const { ready } = this.connection.controller.status
    if (!ready && this.#wasReady) this.print(dim('The connection is lost; it is made again.'))
    if (ready && !this.#wasReady && !canDraw()) this.print(`"${this.connection.name}" is there.`)
    this.#wasReady = ready
    this.#draw()
  }

  /** A queued command that ends well is told by what the assistant says of it. */
  #onQueue(command: QueuedCommand): void {
    if (!isLive(command) && command.state !== 'completed' && command.state !== 'cancelled') {
      this.print(yellow(`Of the queue, ${endOf(command)}: ${safeLine(textOfCommand(command), 60)}`))
    }
    this.#draw()
  }

  /** What happened while nobody listened. */
  #catchUp({ status }: Present): void {
    if (!status) return
    this.#setState(status.state)
    this.#isPaused = status.paused !== undefined
    // What was answered while nobody listened waits no more.
    const open = new Set(status.pending.map(({ requestId }) => requestId))
    this.#pending = this.#pending.filter(({ requestId }) => open.has(requestId))
    for (const request of status.pending) this.#ask(request)
    for (const question of status.questions ?? []) this.#show(question.requestId, questionLines(question))
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.#draw()
  }

  #setState(state: string): void {
    if (state !== this.#state) this.#since = Date.now()
    this.#state = state
    this.#draw()
  }

  async #onLine(line: string): Promise<void> {
    this.#interruptedAt = 0
    this.#draw()
    try {
      if (line === '') await this.#onEmptyLine?.(this)
      else if (line.startsWith('/') || line === '?') await this.#command(line === '?' ? '/help' : line)
      else await this.#prompt(line)
    } catch (error) {
      const isForPeople = error instanceof ProtocolError || error instanceof Failure || error instanceof UsageError
      if (!isForPeople && !(error instanceof DiskFull)) throw error
      this.print(yellow(safeLine(error.message, 500)))
    }
  }

  async #command(line: string): Promise<void> {
    const [word = ''] = line.split(/\s/, 1)
    const found = this.commands.filter(({ name }) => name === word || (word.length > 1 && name.startsWith(word)))
    const [command] = found
    if (command && (found.length === 1 || command.name === word))
      await command.run(this, line.slice(word.length).trim())
    else this.print(`There is no ${word}; /help lists what there is.`)
  }

  async #prompt(line: string): Promise<void> {
    const { controller } = this.connection
    const [request] = this.#pending
    const option = request && optionMeant(request, line)
    if (option) {
      await answerPermission(controller, request, option)
      return
    }
    if (/^(\d+|y|n|yes|no)$/i.test(line)) {
      // What answered a moment ago must not become work for the assistant.
      this.print(
        request
          ? 'That is none of the answers; give the number of one.'
          : `Nothing waits for an answer. To send "${line}" as a prompt, type: /prompt ${line}`,
      )
      return
    }
    await this.send(line)
  }

  /** Gives the assistant a prompt. Rejects with ProtocolError where it is not accepted. */
  async send(prompt: string): Promise<void> {
    const { controller, queue } = this.connection
    this.#echo(prompt)
    if (!controller.status.ready || !queue.isEmpty) {
      const { id } = controller.enqueue('claude.sendMessage', { prompt })
      this.#story.isOwn(id)
      this.print(dim(`Queued, place ${queue.position(id)}: it goes out when the computer is back. /queue lists.`))
      return
    }
    const id = crypto.randomUUID()
    this.#story.isOwn(id)
    await controller.call('claude.sendMessage', { prompt }, { id })
  }

  /** A lone ? asks for help, before anything else is typed. */
  #onChange(): void {
    if (this.#editor.text === '?') {
      this.#editor.clear()
      void this.#onLine('?')
    } else this.#draw()
  }

  /** Runs what prints above the line, until it ends or the person gives it up. */
  async working(act: (given: { output: Output; signal: AbortSignal }) => Promise<void>): Promise<void> {
    const work = new AbortController()
    this.#works.add(work)
    let rest = ''
    const output: Output = {
      isScreen: true,
      write: async (content) => {
        if (work.signal.aborted) return
        const lines = `${rest}${Buffer.from(content)}`.split('\n')
        rest = lines.pop() ?? ''
        if (lines.length > 0) this.print(lines.join('\n'))
      },
      note: (sentence) => work.signal.aborted || this.print(dim(sentence)),
      progress: (label) => ({
        show: (done, of) => this.#setProgress(work.signal.aborted ? '' : progressText(label, done, of)),
        end: () => this.#setProgress(''),
      }),
    }
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    work.signal.addEventListener('abort', () => reject(givenUp()))
    try {
      await Promise.race([act({ output, signal: work.signal }), aborted])
    } finally {
      this.#works.delete(work)
      this.#setProgress('')
      if (rest !== '') this.print(rest)
    }
  }

  #setProgress(text: string): void {
    this.#progress = text
    this.#draw()
  }

  #onInterrupt(): void {
    if (this.#editor.text !== '') this.#editor.clear()
    else if (this.#works.size > 0) for (const work of this.#works) work.abort()
    else if (Date.now() - this.#interruptedAt < TWICE) this.quit()
    else {
      this.#interruptedAt = Date.now()
      this.print(dim(`Ctrl-C again leaves.${this.#state === 'idle' ? '' : ' /cancel stops the assistant.'}`))
    }
    this.#draw()
  }

  /** Whole lines go above for good; what is not a line yet stands in the block. */
  #say(piece: string): void {
    const lines = (this.#words + piece).split('\n').flatMap((line) => wrap(line, this.columns))
    this.#words = lines.pop() ?? ''
    if (lines.length > 0) this.print(lines.join('\n'))
    else this.#draw()
  }

  #endWords(): void {
    const words = this.#words
    this.#words = ''
    if (words !== '') this.print(words)
  }

  #wrapped(text: string, style = (line: string) => line): void {
    for (const line of wrap(text, this.columns)) this.print(style(line))
  }

  /** A prompt as it was given; of a long one the beginning. */
  #echo(prompt: string): void {
    const lines = safeText(prompt).slice(0, ECHO_SIZE).split('\n').slice(0, ECHO_LINES)
    const [first = '', ...more] = lines
    const rest = prompt.length - lines.join('\n').length
    this.print([`${PROMPT}${first}`, ...more].map(bold).join('\n'))
    if (rest > 0) this.print(dim(`  … and ${rest.toLocaleString('en')} characters more`))
  }

  /** In which text is wrapped. */
  get columns(): number {
    return Math.max(20, (this.output.columns ?? 80) - 1)
  }

  #draw(): void {
    if (!this.#away && !this.#isGathering && !this.signal.aborted) this.#block.set(...this.#lines())
  }

  #lines(): [lines: string[], cursor: Cursor] {
    const { text, cursor } = this.#editor
    // What does not fit is scrolled so that the cursor is seen. A paste may be long: only what is near is measured.
    const room = this.columns - 3
    const near = room * UNITS_A_COLUMN
    let from = Math.max(0, cursor - near)
    const before = () => LineEditor.shown(text.slice(from, cursor))
    while (widthOf(before()) > room - 1) from++
    const shown = cut(LineEditor.shown(text.slice(from, from + near)), room)
    const above = [this.#words, this.#progress].filter((line) => line !== '')
    const lines = [...above, this.#connectionLine(), `${PROMPT}${shown}`]
    const column = widthOf(PROMPT) + widthOf(before())
    return [lines, { row: lines.length - 1, column }]
  }

  #connectionLine(): string {
    const { controller, queue, name } = this.connection
    const { relay, peer, heardAt, ready } = controller.status
    const now = Date.now()
    const waiting = queue.commands.filter(isLive).length
    const queued = waiting === 0 ? '' : ` · ${waiting} queued`
    if (!ready) {
      const why = relay.name === 'waiting' ? `the relay cannot be reached: ${relay.reason}` : 'connecting'
      return `${yellow('○')} ${dim(`${name}: ${relay.name === 'open' ? `not there, ${heard(heardAt, now)}` : why}${queued}`)}`
    }
    const seconds = Math.round((now - this.#since) / 1_000)
    const does = {
      idle: 'idle',
      running: `working for ${seconds} s`,
      'needs-answer': `waits for your answer: ${this.#pending.length > 0 ? 'y, n or a number' : '/answer'}`,
    }
    const last = `${heard(heardAt, now)}${peer === 'away' ? ', does not answer' : ''}`
    return `${green('●')} ${dim(`${name} · ${last} · ${does[this.#state as keyof typeof does] ?? this.#state}${queued}`)}${this.#isPaused ? yellow(' · paused') : ''}`
  }
}

/** Runs until the person leaves. Throws Failure when the pairing has ended. */
export const runInteractive = (options: InteractiveOptions): Promise<number> => new Interactive(options).run()
