// The table that the demo prints while it goes.

import { sayTo } from '../output.ts'
import { fit, wrap } from '../terminal/columns.ts'
import { bold, dim } from '../terminal/style.ts'

/** All in ms. */
export interface DemoTimes {
  /** From the code to the confirmed pairing, both sides. */
  pairing: number
  /** CPU of that, both sides and the relay. */
  pairingCompute: number
  /** From the first prompt to the end of its turn. */
  prompt: number
  /** From the call to the end of the command. */
  shell: number
}

const TIME_COLUMNS = 9
const TEXT_COLUMNS_MAX = 90

export class DemoSteps {
  readonly times: DemoTimes = { pairing: 0, pairingCompute: 0, prompt: 0, shell: 0 }
  readonly #json: boolean
  readonly #columns: number
  #last = performance.now()

  constructor(json: boolean) {
    this.#json = json
    const columns = process.stdout.columns ?? 100
    this.#columns = Math.max(40, Math.min(columns - TIME_COLUMNS - 4, TEXT_COLUMNS_MAX))
    if (json) return
    const title = 'Happy Remote Control: relay, agent and controller, through the real protocol'
    this.#write(`\n${bold(title)}\n\n  ${fit('', this.#columns)}${'ms'.padStart(TIME_COLUMNS)}`)
  }

  /** One step is done; its time is that since the one before. */
  done(name: string, text: string): void {
    const now = performance.now()
    const ms = now - this.#last
    this.#last = now
    if (this.#json) sayTo(true)('', { event: 'step', name, text, ms: round(ms) })
    else this.#row(text, ms)
  }

  /** What happens in the step that follows; `text` has no styles. */
  detail(text: string): void {
    if (this.#json) return
    for (const line of text.split('\n')) {
      for (const part of wrap(line, this.#columns - 2)) this.#write(dim(`    ${part}`))
    }
  }

  end(): void {
    const { pairing, pairingCompute, prompt, shell } = this.times
    if (this.#json) {
      const times = { pairing, pairingCompute, prompt, shell }
      const rounded = Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, round(ms)]))
      sayTo(true)('', { event: 'times', ...rounded })
      return
    }
    this.#write('')
    this.#row('Pairing, from the code to the confirmed pairing', pairing)
    this.#row('  of which computing: both sides, and the relay', pairingCompute)
    this.#row('First prompt, with its question, to the end of the turn', prompt)
    this.#row('First shell command, to its exit', shell)
    this.#write('')
  }

  #row(text: string, ms: number): void {
    const lines = wrap(text, this.#columns)
    const last = lines.pop() ?? ''
    for (const line of lines) this.#write(`  ${line}`)
    this.#write(`  ${fit(last, this.#columns)}${ms.toFixed(1).padStart(TIME_COLUMNS)}`)
  }

  #write(line: string): void {
    process.stdout.write(`${line}\n`)
  }
}

const round = (ms: number): number => Math.round(ms * 10) / 10
