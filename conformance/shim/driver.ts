// Drives a program through its shim: one process, one pipe, every line checked.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ErrorCode } from '@happy-remote/schemas/errors.ts'
import { Compile } from 'typebox/compile'
import { Inbox } from '../peers/inbox.ts'
import {
  type AnswerLine,
  type EventData,
  type EventName,
  events,
  LINE_MAX,
  ProgramLine,
  REQUEST_MAX,
  RpcEventData,
  SHIM_VERSION,
  type VerbName,
  type VerbOk,
  type VerbWith,
  verbs,
} from './lines.ts'
import { Failed, ShimBroken, SuiteError, Unimplemented } from './trouble.ts'

/** The program answered with an error of the protocol's registry. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: ErrorCode
  constructor(verb: string, code: ErrorCode, message: string) {
    super(`The program refuses ${verb} with "${code}": ${message}`)
    this.code = code
  }
}

const programLine = Compile(ProgramLine)
const checks = Object.fromEntries(
  Object.entries(verbs).map(([name, verb]) => [name, { with: Compile(verb.with), ok: Compile(verb.ok) }]),
)
const eventData = Object.fromEntries(Object.entries(events).map(([name, { data }]) => [name, Compile(data)]))
const rpcEventData = Compile(RpcEventData)

const STDERR_KEPT = 262_144
/** Time for one answer; the longest is the `stop` of a relay that waits for its clients. */
const ANSWER_TIME = 40_000
const STOP_TIME = 5_000

interface Waiting {
  readonly verb: string
  readonly resolve: (answer: AnswerLine) => void
  readonly reject: (error: Error) => void
}

export interface ShimEvent {
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Whether a line went to the program or came from it. */
export type Tap = (direction: 'to' | 'from', line: unknown) => void

export interface ProgramToRun {
  /** Argument vector. */
  readonly command: readonly string[]
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Folder to run in. */
  readonly cwd: string
}

/** What the program has left running may still write there; then some of it stays. */
function clear(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {}
}

/** A running program. Every method rejects with ShimBroken when the program breaks the shim protocol. */
export class Shim {
  /** What the program has told unasked. */
  readonly events = new Inbox<ShimEvent>()
  readonly #child: ChildProcess
  readonly #name: string
  readonly #waiting = new Map<number, Waiting>()
  readonly #exited: Promise<void>
  #nextId = 1
  #buffer = ''
  #stderr = ''
  #broken: Error | undefined
  #isStopping = false
  /** What `start` failed with, where the program could not be run at all. */
  #exit: string | undefined

  constructor({ command, env = {}, cwd }: ProgramToRun) {
    const [file = '', ...args] = command
    this.#name = command.join(' ')
    // A program that is killed cannot clear up behind itself.
    const temporary = mkdtempSync(join(tmpdir(), 'happy-remote-program-'))
    this.#child = spawn(file, args, { cwd, stdio: 'pipe', env: { ...process.env, TMPDIR: temporary, ...env } })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#onText(text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT)
    })
    // EPIPE: the program is gone, which its exit tells.
    this.#child.stdin?.on('error', () => {})
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#gone(`could not be run: ${error.message}`)
        clear(temporary)
        resolve()
      })
      this.#child.once('close', (code, signal) => {
        this.#gone(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`, code)
        clear(temporary)
        resolve()
      })
    })
  }

  /** All that the program wrote to standard error, the last 256 KiB of it. */
  get stderr(): string {
    return this.#stderr
  }

  /** Undefined where it could not be run. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** How the program ended, or undefined while it runs. */
  get exit(): string | undefined {
    return this.#exit
  }

  exitCode: number | null = null

  /** Told each line in either direction. */
  tap: Tap | undefined

  /** Asks for a known verb. Rejects with Refused, Unimplemented, Failed where the program ended, or ShimBroken. */
  async ask<V extends VerbName>(verb: V, args: VerbWith<V>, time = ANSWER_TIME): Promise<VerbOk<V>> {
    const answer = await this.askFor(verb, args, time)
    if ('unimplemented' in answer) throw new Unimplemented(`${verb}: ${answer.unimplemented}`)
    if ('error' in answer) throw new Refused(verb, answer.error.code, answer.error.message)
    return answer.ok as VerbOk<V>
  }

  /** Asks for a known verb, and gives the answer whatever it is. Rejects with Failed or ShimBroken. */
  async askFor<V extends VerbName>(verb: V, args: VerbWith<V>, time = ANSWER_TIME): Promise<AnswerLine> {
    const check = checks[verb] as (typeof checks)[string]
    if (!check.with.Check(args)) throw new SuiteError(`The suite asks for ${verb} with what its own schema rejects`)
    const answer = await this.askAnything(verb, args as Record<string, unknown>, time)
    if ('ok' in answer && !check.ok.Check(answer.ok)) {
      const [error] = check.ok.Errors(answer.ok)
      const where = error ? `: ${error.instancePath || 'the object'} ${error.message}` : ''
      throw this.#break(`answers ${verb} with an "ok" that does not fit${where}`)
    }
    return answer
  }

  /** Asks for any verb at all, and gives the answer as it is. */
  askAnything(verb: string, args: Record<string, unknown>, time = ANSWER_TIME): Promise<AnswerLine> {
    if (this.#broken) return Promise.reject(this.#broken)
    const id = this.#nextId++
    const request = { id, do: verb, with: args }
    const line = JSON.stringify(request)
    if (Buffer.byteLength(line) > REQUEST_MAX) {
      return Promise.reject(new SuiteError(`The suite asks for ${verb} in a line of more than 2 MiB`))
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#break(`does not answer ${verb} within ${time / 1000} s`)), time)
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(id)
      }
      this.#waiting.set(id, {
        verb,
        resolve: (answer) => {
          done()
          resolve(answer)
        },
        reject: (error) => {
          done()
          reject(error)
        },
      })
      this.tap?.('to', request)
      this.#child.stdin?.write(`${line}\n`)
    })
  }

  hello(suite: string): Promise<VerbOk<'hello'>> {
    return this.ask('hello', { suite, shim: SHIM_VERSION, protocol: [1] })
  }

  /** The next event of this name that `matches`, as soon as it is there. Throws Failed when `time` ms are over. */
  expectEvent<E extends EventName>(
    name: E,
    time: number,
    matches: (data: EventData<E>) => boolean = () => true,
  ): Promise<EventData<E>> {
    return this.#expect(name, time, (data) => matches(data as EventData<E>)) as Promise<EventData<E>>
  }

  /** The params of the next event of the agent of this name that `matches`, in the same way. */
  async expectRpcEvent(name: string, time: number, matches: (params: unknown) => boolean): Promise<unknown> {
    return (await this.#expect(name, time, ({ params }) => matches(params))).params
  }

  async #expect(name: string, time: number, matches: (data: ShimEvent['data']) => boolean): Promise<ShimEvent['data']> {
    const told = await this.events.take(({ event, data }) => event === name && matches(data), time)
    if (told) return told.data
    if (this.#broken) throw this.#broken
    const others = this.events.waiting.slice(0, 5).map(({ event, data }) => `"${event}" ${JSON.stringify(data)}`)
    const instead = others.length > 0 ? `, but ${others.join(', ')}` : ''
    throw new Failed(`The program does not tell "${name}"${instead} within ${time / 1000} s`)
  }

  /** Asks to stop, then ends standard input, then insists. Resolves when the process is gone. */
  async end(): Promise<void> {
    this.#isStopping = true
    if (this.#exit === undefined && this.#broken === undefined) await this.ask('stop', {}).catch(() => {})
    this.#child.stdin?.end()
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (await this.#exitedWithin(STOP_TIME)) return
      this.#child.kill(signal)
    }
    await this.#exited
  }

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    this.#isStopping = true
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Failed where the program ended without being asked to, ShimBroken where it broke the protocol. */
  get trouble(): Error | undefined {
    return this.#broken
  }

  async #exitedWithin(time: number): Promise<boolean> {
    if (this.#exit !== undefined) return true
    const abort = new AbortController()
    const late = once(AbortSignal.timeout(time), 'abort', { signal: abort.signal }).then(
      () => false,
      () => false,
    )
    const inTime = await Promise.race([this.#exited.then(() => true), late])
    abort.abort()
    return inTime
  }

  #onText(text: string): void {
    this.#buffer += text
    for (let end = this.#buffer.indexOf('\n'); end >= 0; end = this.#buffer.indexOf('\n')) {
      const line = this.#buffer.slice(0, end)
      this.#buffer = this.#buffer.slice(end + 1)
      this.#onLine(line)
    }
    if (this.#buffer.length > LINE_MAX) this.#break('writes a line of more than 1 MiB')
  }

  #onLine(line: string): void {
    if (this.#broken) return
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      this.#break(`writes a line that is not JSON: ${JSON.stringify(line.slice(0, 200))}`)
      return
    }
    if (!programLine.Check(value)) {
      this.#break(`writes a line that is no answer and no event: ${line.slice(0, 200)}`)
      return
    }
    this.tap?.('from', value)
    if ('event' in value) {
      this.#onEvent(value)
      return
    }
    const answer = value as AnswerLine
    const waiting = this.#waiting.get(answer.id)
    if (waiting) waiting.resolve(answer)
    else this.#break(`answers the request ${answer.id}, which nobody made`)
  }

  #onEvent(told: ShimEvent): void {
    const check = Object.hasOwn(eventData, told.event) ? eventData[told.event] : rpcEventData
    if (check?.Check(told.data)) this.events.add(told)
    else this.#break(`tells "${told.event}" with data that do not fit: ${JSON.stringify(told.data).slice(0, 200)}`)
  }

  #break(what: string): Error {
    return this.#endAll(new ShimBroken(`The program ${this.#name} ${what}`))
  }

  #gone(how: string, code: number | null = null): void {
    if (this.#exit !== undefined) return
    this.#exit = how
    this.exitCode = code
    if (this.#isStopping && this.#waiting.size === 0) return
    const last = this.#stderr.trimEnd().split('\n').at(-1)
    this.#endAll(new Failed(`The program ${how}${last ? `; the last line of its standard error: ${last}` : ''}`))
  }

  #endAll(error: Error): Error {
    this.#broken ??= error
    this.events.end()
    for (const { reject } of [...this.#waiting.values()]) reject(this.#broken)
    return this.#broken
  }
}
