// The terminals of one computer. The library follows those that are attached, through cuts and reloads
// (controller/terminals.ts); here is which there are, which one is looked at, and how large it is.

import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { computed, signal } from '@preact/signals'
import type { Controller } from '../../controller/controller.ts'
import { CallFailure } from '../../controller/failure.ts'
import type { AgentEvent } from './agent-controller.ts'
import { type Size, Terminal } from './terminal.ts'

type Summaries = Extract<AgentEvent, { type: 'terminals' }>['terminals']

export class Terminals {
  readonly #controller: Pick<Controller, 'call' | 'type' | 'leave'>
  readonly list = signal<readonly Terminal[]>([])
  readonly #chosen = signal<string | undefined>(undefined)
  readonly isOpening = signal(false)
  /** What the computer refused last. */
  readonly trouble = signal<CallFailure | undefined>(undefined)
  /** Taken out of the list by the person; the agent may tell of them for a while. */
  readonly #hidden = new Set<string>()
  #count = 0
  /** The size that is to be told of each, while an older one is on its way. */
  readonly #resizing = new Map<Terminal, Size | undefined>()
  readonly #attaching = new Map<Terminal, Promise<void>>()
  #opening: Promise<void> | undefined

  constructor(controller: Pick<Controller, 'call' | 'type' | 'leave'>) {
    this.#controller = controller
  }

  /** The one that is looked at. */
  readonly current = computed(() => {
    const chosen = this.list.value.find(({ id }) => id === this.#chosen.value)
    return chosen ?? this.list.value.find(({ end }) => end.value === undefined) ?? this.list.value[0]
  })

  choose(terminal: Terminal): void {
    this.#chosen.value = terminal.id
  }

  /** Starts a shell and looks at it. */
  async open(size: Size): Promise<void> {
    if (this.isOpening.value) return
    this.isOpening.value = true
    this.#opening = this.#open(size)
    await this.#opening
    this.isOpening.value = false
  }

  /** Fetches its output from the oldest byte on, once; from then on the library follows it. */
  async attach(terminal: Terminal): Promise<void> {
    if (terminal.isAttached.value) return
    const present = this.#attaching.get(terminal) ?? this.#attach(terminal)
    this.#attaching.set(terminal, present)
    await present
    this.#attaching.delete(terminal)
  }

  async type(terminal: Terminal, bytes: Uint8Array): Promise<void> {
    terminal.isUsedHere = true
    // It can be seen, and typed into, before it is attached: the agent tells of it before it answers.
    await this.attach(terminal)
    if (terminal.isAttached.value) await this.#try(() => this.#controller.type(terminal.id, bytes), terminal)
  }

  /** One at a time; of those that come meanwhile the last one counts. */
  async resize(terminal: Terminal, size: Size): Promise<void> {
    const { cols, rows } = terminal.size.value
    if (this.#resizing.has(terminal)) {
      this.#resizing.set(terminal, size)
      return
    }
    if (terminal.end.value || (size.cols === cols && size.rows === rows)) return
    this.#resizing.set(terminal, undefined)
    terminal.isResizing.value = true
    terminal.size.value = size
    await this.#try(async () => {
      await this.#controller.call('terminal.resize', { terminalId: terminal.id, ...size })
    }, terminal)
    const next = this.#resizing.get(terminal)
    this.#resizing.delete(terminal)
    terminal.isResizing.value = false
    if (next) await this.resize(terminal, next)
  }

  /** Ends what runs in it, and takes it out of the list. */
  async close(terminal: Terminal): Promise<void> {
    if (!terminal.end.value) {
      const isDone = await this.#try(async () => {
        await this.#controller.call('terminal.close', { terminalId: terminal.id })
      }, terminal)
      if (!isDone) return
    }
    this.#hidden.add(terminal.id)
    this.#controller.leave(terminal.id)
    this.list.value = this.list.value.filter((other) => other !== terminal)
  }

  take(event: AgentEvent): void {
    switch (event.type) {
      case 'output':
        this.#of(event.terminalId).output(event.bytes)
        break
      case 'gap':
        this.#of(event.terminalId).gap(event.from, event.to)
        break
      case 'terminal-over':
        this.#find(event.terminalId)?.ended(GONE)
        break
      case 'terminals':
        this.#present(event.terminals)
        break
      case 'event':
        this.#event(event.method, event.params)
    }
  }

  /** `params` were checked by the controller. */
  #event(method: string, params: unknown): void {
    if (method === 'terminal.opened') {
      const { terminalId, cols, rows } = params as EventParams<'terminal.opened'>
      this.#of(terminalId).size.value = { cols, rows }
    }
    if (method === 'terminal.resized') {
      const { terminalId, cols, rows } = params as EventParams<'terminal.resized'>
      const terminal = this.#of(terminalId)
      if (!this.#resizing.has(terminal)) terminal.size.value = { cols, rows }
    }
    if (method === 'terminal.exited') {
      const { terminalId, exitCode, signal: sign, reason } = params as EventParams<'terminal.exited'>
      const why = reason === 'closed' ? 'closed' : reason === 'orphaned' ? 'gone' : 'exited'
      this.#find(terminalId)?.ended({ exitCode, signal: sign, why })
    }
  }

  async #open(size: Size): Promise<void> {
    await this.#try(async () => {
      const { terminalId } = await this.#controller.call('terminal.open', { ...size })
      const terminal = this.#of(terminalId)
      terminal.isUsedHere = true
      terminal.isAttached.value = true
      terminal.size.value = size
      this.choose(terminal)
    })
  }

  async #attach(terminal: Terminal): Promise<void> {
    // Where it is this one that is being opened, the answer attaches it.
    await this.#opening
    if (terminal.isAttached.value) return
    await this.#try(async () => {
      // From 0, so that what is no longer kept is told as a gap.
      const { cols, rows } = await this.#controller.call('terminal.attach', { terminalId: terminal.id, afterOffset: 0 })
      terminal.isAttached.value = true
      if (!this.#resizing.has(terminal)) terminal.size.value = { cols, rows }
    }, terminal)
  }

  /** All that there are now. */
  #present(summaries: Summaries): void {
    const known = new Set(summaries.map(({ terminalId }) => terminalId))
    for (const terminal of this.list.value) if (!known.has(terminal.id)) terminal.ended(GONE)
    for (const { terminalId, cols, rows, running, exitCode } of [...summaries].sort(
      (a, b) => a.startedAt - b.startedAt,
    )) {
      const terminal = this.#of(terminalId)
      if (!this.#resizing.has(terminal)) terminal.size.value = { cols, rows }
      if (!running) terminal.ended({ exitCode, signal: null, why: 'exited' })
    }
  }

  #find(id: string): Terminal | undefined {
    return this.list.value.find((terminal) => terminal.id === id)
  }

  #of(id: string): Terminal {
    const found = this.#find(id)
    if (found) return found
    const terminal = new Terminal(id, this.#hidden.has(id) ? 0 : ++this.#count)
    if (!this.#hidden.has(id)) this.list.value = [...this.list.value, terminal]
    return terminal
  }

  /** Whether it was done. What is refused is told; a terminal that is not there any more has ended. */
  async #try(what: () => Promise<void>, terminal?: Terminal): Promise<boolean> {
    this.trouble.value = undefined
    try {
      await what()
      return true
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error
      if (error.code === 'not-found' && terminal) terminal.ended(GONE)
      else this.trouble.value = error
      return false
    }
  }
}

const GONE = { exitCode: null, signal: null, why: 'gone' } as const
