// The relay under test: a program that is started for each scenario, or an address.

import { Shim } from '../shim/driver.ts'
import type { StartLimits } from '../shim/lines.ts'
import { NotApplicable, SuiteError, Unimplemented, Untestable } from '../shim/trouble.ts'
import { SUITE_NAME, type Target } from './parameters.ts'

const CONTROL = 'needs process control'

/** `ws://host:port/path` of a relay URL, with the port always written. */
export function originOf(url: string): string {
  const { protocol, hostname, port, pathname } = new URL(url)
  const path = pathname.replace(/\/v1$/, '')
  return `${protocol}//${hostname}:${port || (protocol === 'wss:' ? '443' : '80')}${path}`
}

/** What a scenario asks of the relay that is started for it. */
export interface RelayWishes {
  readonly limits?: StartLimits
  readonly secret?: string
}

export class RelayUnderTest {
  readonly #target: Target
  readonly #wishes: RelayWishes
  #url: string | undefined
  #shim: Shim | undefined
  #stopped: Promise<unknown> | undefined

  constructor(target: Target, wishes: RelayWishes = {}) {
    this.#target = target
    this.#wishes = wishes
    for (const capability of Object.keys(wishes)) {
      if (target.kind === 'url') throw new NotApplicable(CONTROL)
      if (!target.capabilities.includes(capability)) {
        throw new NotApplicable(`the shim does not declare the capability "${capability}"`)
      }
    }
  }

  /** Starts the program, where there is one to start. */
  async start(): Promise<void> {
    if (this.#url !== undefined) return
    if (this.#target.kind === 'url') {
      this.#url = this.#target.url
      return
    }
    this.#shim = new Shim(this.#target.program)
    await this.#shim.hello(SUITE_NAME)
    try {
      const { url } = await this.#shim.ask('start', { host: '127.0.0.1', port: 0, ...this.#wishes })
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

  get origin(): string {
    return originOf(this.url)
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

  /** What the program wrote to standard error. */
  get log(): string {
    this.requireControl()
    return this.#shim?.stderr ?? ''
  }

  /** Ends the program. Throws Failed or ShimBroken where it did not hold out until now. */
  async end(): Promise<void> {
    if (!this.#shim) return
    const stopping = this.#stopped !== undefined
    const trouble = this.#shim.trouble
    if (stopping) await this.#stopped?.catch(() => {})
    await this.#shim.end()
    if (trouble && !stopping) throw trouble
  }
}
