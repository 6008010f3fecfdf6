// `control` for a person: what the assistant says above, the connection and a line to type below.

import type { ReadStream, WriteStream } from 'node:tty'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { Present } from '../../controller/catch-up.ts'
import type { Missed } from '../../controller/journal.ts'
import { isLive, type QueuedCommand } from '../../controller/queued-command.ts'
import { DiskFull } from '../../session/store.ts'
import { EXIT, UsageError } from '../command.ts'
import { Failure } from '../failure.ts'
import { safeLine } from '../safe-text.ts'
import { heard, shortId } from '../state.ts'
import { cut, widthOf, wrap } from '../terminal/columns.ts'
import { LineEditor } from '../terminal/line-editor.ts'
import { type Cursor, LiveBlock } from '../terminal/live.ts'
import { bold, dim, green, yellow } from '../terminal/style.ts'
import type { Connection } from './connection.ts'
import { type InteractiveCommand, interactiveCommands } from './interactive-commands.ts'
import { listen, Narrator } from './narrator.ts'
import { answerPermission, optionMeant, permissionLines } from './permissions.ts'
import { textOfCommand } from './queue.ts'
import { endOf } from './queue-sending.ts'

export interface InteractiveOptions extends Connection {
  readonly signal: AbortSignal
  /** Beside the usual ones. */
  readonly commands?: readonly InteractiveCommand[]
  /** What Enter alone does; nothing unless given. */
  readonly onEmptyLine?: (program: Interactive) => Promise<void> | undefined
}

const REFRESH = 1_000
const PROMPT = '› '
/** rpc.journal.missed */
const MISSED: Readonly<Record<Missed['why'], string>> = {
  lost: 'Something was lost on the way and is fetched; control history shows it.',
  pruned: 'The computer no longer keeps some of what happened meanwhile.',
  restarted: 'The history of the computer began anew; what happened before is unknown.',
}
/** ms in which a second Ctrl-C must follow. */
const TWICE = 2_000

export class Interactive {
  readonly connection: Connection
  readonly input = process.stdin as ReadStream
  readonly output = process.stdout as WriteStream
  readonly signal: AbortSignal
  readonly commands: readonly InteractiveCommand[]
  readonly #onEmptyLine: InteractiveOptions['onEmptyLine']
  readonly #block: LiveBlock
  readonly #editor: LineEditor
  readonly #narrator: Narrator
  readonly #ended = Promise.withResolvers<number>()
  /** Ids of the prompts that were typed here. */
  readonly #own = new Set<string>()
  #pending: PermissionRequest[] = []
  #state = 'idle'
  #since = Date.now()
  #isPaused = false
  /** What the assistant says now, up to where the last line was broken. */
  #words = ''
  /** Something else has the screen; what is to be printed waits. */
  #away = false
  #waiting: string[] = []
  #interruptedAt = 0
  #wasReady = false

  constructor({ signal, commands = [], onEmptyLine, ...connection }: InteractiveOptions) {
    this.connection = connection
    this.#onEmptyLine = onEmptyLine
    this.signal = signal
    this.commands = [...interactiveCommands, ...commands]
    this.#block = new LiveBlock(this.output)
    this.#narrator = new Narrator({
      words: (piece) => this.#say(piece),
      wordsEnd: () => this.#endWords(),
      aside: (kind, text) => {
        if (kind === 'user') this.print(bold(`› ${text}`))
        else for (const line of text.split('\n')) this.#wrapped(`${kind === 'tool' ? '• ' : '  '}${line}`, dim)
      },
    })
    this.#editor = new LineEditor(this.input, {
      onLine: (line) => void this.#onLine(line.trim()),
      onChange: () => this.#draw(),
      onInterrupt: () => this.#onInterrupt(),
      onEnd: () => this.quit(),
    })
  }

  async run(): Promise<number> {
    const { controller, queue, lost } = this.connection
    const stop = this.#listen()
    const onStatus = () => this.#onStatus()
    const onPresent = (present: Present) => this.#catchUp(present)
    controller.on('status', onStatus)
    controller.on('present', onPresent)
    const onMissed = ({ why }: Missed) => this.print(yellow(MISSED[why]))
    controller.on('missed', onMissed)
    const onQueue = (command: QueuedCommand) => this.#onQueue(command)
    queue.on('change', onQueue)
    if (controller.status.ready) void controller.catchUp()
    const refresh = setInterval(() => this.#draw(), REFRESH)
    const quit = () => this.quit()
    this.signal.addEventListener('abort', quit)
    this.print(dim('Type a prompt, or /help.'))
    onStatus()
    try {
      return await Promise.race([this.#ended.promise, lost])
    } finally {
      clearInterval(refresh)
      controller.off('status', onStatus)
      controller.off('present', onPresent)
      controller.off('missed', onMissed)
      queue.off('change', onQueue)
      stop()
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
    if (this.#away) this.#waiting.push(text)
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

  #listen(): () => void {
    return listen(this.connection.controller, {
      'claude.delta': (delta) => this.#narrator.delta(delta),
      'claude.message': (message) => this.#narrator.message(message, this.#own.has(message.messageId)),
      'claude.state': ({ state, reason }) => {
        this.#setState(state)
        if (reason !== undefined) this.print(yellow(safeLine(reason)))
      },
      'claude.messageState': ({ messageId, state, reason }) => {
        if (state === 'queued' && this.#own.has(messageId)) this.print(dim('Waiting behind another prompt.'))
        if (state === 'queued' || state === 'started') return
        this.#own.delete(messageId)
        this.#narrator.end()
        if (state === 'completed') this.print('')
        else this.print(yellow(`The prompt was ${state}${reason ? `: ${safeLine(reason)}` : ''}.`))
      },
      'permission.requested': (request) => this.#asked(request),
      'permission.resolved': ({ requestId, outcome, by }) => {
        if (!this.#pending.some((request) => request.requestId === requestId)) return
        this.#pending = this.#pending.filter((request) => request.requestId !== requestId)
        this.print(dim(`  ${outcome}${by === 'local' ? ' at the computer' : ''}`))
      },
      'session.paused': ({ by }) => this.#setPaused(true, by),
      'session.resumed': ({ by }) => this.#setPaused(false, by),
      'terminal.exited': ({ terminalId, exitCode }) =>
        this.#away ||
        this.print(dim(`Terminal ${shortId(terminalId)} has ended${exitCode === null ? '' : ` with ${exitCode}`}.`)),
      'device.joined': ({ deviceId, name }) =>
        this.print(dim(`${safeLine(name, 64) || `A device (${shortId(deviceId)})`} was paired.`)),
      'device.changed': ({ deviceId, name, capabilities }) =>
        this.print(
          dim(`${safeLine(name, 64) || `A device (${shortId(deviceId)})`} may now ${capabilities.join(', ')}.`),
        ),
      'device.revoked': ({ deviceId }) => this.print(dim(`${shortId(deviceId)} is no longer paired.`)),
    })
  }

  #asked(request: PermissionRequest): void {
    if (this.#pending.some(({ requestId }) => requestId === request.requestId)) return
    this.#pending.push(request)
    const [title = '', ...rest] = permissionLines(request)
    this.print([bold(title), ...rest].join('\n'))
  }

  #onStatus(): void {
    const { ready } = this.connection.controller.status
    if (!ready && this.#wasReady) this.print(dim('The connection is lost; it is made again.'))
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
    for (const request of status.pending) this.#asked(request)
  }

  #setPaused(isPaused: boolean, by: string): void {
    this.#isPaused = isPaused
    const where = by === 'local' ? ' at the computer' : ''
    this.print(yellow(isPaused ? `Paused${where}; /resume ends it.` : `Resumed${where}.`))
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
    const [word = '', ...words] = line.split(/\s+/)
    const found = this.commands.filter(({ name }) => name === word || (word.length > 1 && name.startsWith(word)))
    const [command] = found
    if (command && (found.length === 1 || command.name === word)) await command.run(this, words)
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
    this.print(bold(`› ${prompt}`))
    if (!controller.status.ready || !queue.isEmpty) {
      const { id } = controller.enqueue('claude.sendMessage', { prompt })
      this.#own.add(id)
      this.print(dim(`Queued, place ${queue.position(id)}: it goes out when the computer is back. /queue lists.`))
      return
    }
    const id = crypto.randomUUID()
    this.#own.add(id)
    await controller.call('claude.sendMessage', { prompt }, { id })
  }

  #onInterrupt(): void {
    if (this.#editor.text !== '') this.#editor.clear()
    else if (Date.now() - this.#interruptedAt < TWICE) this.quit()
    else {
      this.#interruptedAt = Date.now()
      this.print(dim(`Ctrl-C again leaves.${this.#state === 'idle' ? '' : ' /cancel stops the assistant.'}`))
    }
    this.#draw()
  }

  /** Whole lines go above for good; what is not a line yet stands in the block. */
  #say(piece: string): void {
    const lines = (this.#words + piece).split('\n').flatMap((line) => wrap(line, this.#columns))
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
    for (const line of wrap(text, this.#columns)) this.print(style(line))
  }

  get #columns(): number {
    return Math.max(20, (this.output.columns ?? 80) - 1)
  }

  #draw(): void {
    if (!this.#away && !this.signal.aborted) this.#block.set(...this.#lines())
  }

  #lines(): [lines: string[], cursor: Cursor] {
    const { text, cursor } = this.#editor
    // What does not fit is scrolled so that the cursor is seen.
    const room = this.#columns - 3
    let from = 0
    while (widthOf(text.slice(from, cursor)) > room - 1) from++
    const shown = cut(text.slice(from).replace(/\p{Cc}/gu, ' '), room)
    const lines = [...(this.#words === '' ? [] : [this.#words]), this.#connectionLine(), `${PROMPT}${shown}`]
    const column = widthOf(PROMPT) + widthOf(text.slice(from, cursor))
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
      'needs-answer': 'waits for your answer: y, n or a number',
    }
    const last = `${heard(heardAt, now)}${peer === 'away' ? ', does not answer' : ''}`
    return `${green('●')} ${dim(`${name} · ${last} · ${does[this.#state as keyof typeof does] ?? this.#state}${queued}`)}${this.#isPaused ? yellow(' · paused') : ''}`
  }
}

/** Runs until the person leaves. Throws Failure when the pairing has ended. */
export const runInteractive = (options: InteractiveOptions): Promise<number> => new Interactive(options).run()
