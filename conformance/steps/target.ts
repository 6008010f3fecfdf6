// The relay under test: a program that is started for each scenario, or an address. Several of them, where they form
// a cluster.

import { Shim } from '../shim/driver.ts'
import type { StartLimits } from '../shim/lines.ts'
import { NotApplicable, SuiteError, Unimplemented, Untestable } from '../shim/trouble.ts'
import { SUITE_NAME, type Target } from './parameters.ts'

const CONTROL = 'needs process control'

/** What a scenario asks of the relay that is started for it. */
export interface RelayWishes {
  readonly limits?: StartLimits
  readonly secret?: string
  /** The folder of the page that it serves. */
  readonly web?: string
  /** The address of the Redis through which it forms a cluster. */
  readonly redis?: () => Promise<string>
}

export class RelayUnderTest {
  readonly #target: Target
  readonly #wishes: RelayWishes
  #url: string | undefined
  #shim: Shim | undefined
  #started: Promise<void> | undefined
  #stopped: Promise<unknown> | undefined
  #isKilled = false

  constructor(target: Target, wishes: RelayWishes = {}) {
    this.#target = target
    this.#wishes = wishes
    for (const wish of Object.keys(wishes)) {
      const capability = wish === 'redis' ? 'cluster' : wish
      if (target.kind === 'url') throw new NotApplicable(CONTROL)
      if (!target.capabilities.includes(capability)) {
        throw new NotApplicable(`the shim does not declare the capability "${capability}"`)
      }
    }
  }

  /** Starts the program, where there is one to start and it was not started. */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  async #start(): Promise<void> {
    if (this.#target.kind === 'url') {
      this.#url = this.#target.url
      return
    }
    this.#shim = new Shim(this.#target.program)
    await this.#shim.hello(SUITE_NAME)
    try {
      const { redis, ...wishes } = this.#wishes
      const { url } = await this.#shim.ask('start', {
        ...{ host: '127.0.0.1', port: 0 },
        ...wishes,
        ...(redis && { redis: await redis() }),
      })
      if (url === undefined) throw new SuiteError('The relay was started and has no URL')
      this.#url = url
    } catch (error) {
      if (error instanceof Unimplemented) throw new Untestable(`start is not implemented: ${error.message}`)
      throw error
    }
  }

  /** As a client dials it, with `/v1`. */
  get url(): string {
    if (this.#url === undefined) throw new SuiteError('A step dials the relay before it was started')
    return this.#url
  }

  /** `ws://host:port` */
  get root(): string {
    const { protocol, host } = new URL(this.url)
    return `${protocol}//${host}`
  }

  /** What stands before `/v1`. */
  get base(): string {
    return this.url.replace(/\/v1$/, '')
  }

  /** Throws NotApplicable where the relay is only an address. */
  requireControl(): void {
    if (this.#target.kind === 'url') throw new NotApplicable(CONTROL)
  }

  /** Tells the relay to stop, and does not wait. */
  beginStop(): void {
    this.requireControl()
    this.#stopped = this.#shim?.ask('stop', {})
    this.#stopped?.catch(() => {})
  }

  /** Resolves when the relay says that it has stopped. */
  async stopped(): Promise<void> {
    await this.#stopped
  }

  /** Ends the program at once, as a power cut does. */
  async kill(): Promise<void> {
    this.requireControl()
    this.#isKilled = true
    await this.#shim?.kill()
  }

  /** What the program wrote to standard error. */
  get log(): string {
    this.requireControl()
    return this.#shim?.stderr ?? ''
  }

  /** Ends the program. Throws Failed or ShimBroken where it did not hold out until now. */
  async end(): Promise<void> {
    if (!this.#shim) return
    const stopping = this.#stopped !== undefined || this.#isKilled
    const trouble = this.#shim.trouble
    if (stopping) await this.#stopped?.catch(() => {})
    await this.#shim.end()
    if (trouble && !stopping) throw trouble
  }
}
