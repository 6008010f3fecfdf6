// A network of its own for one server: a namespace of Linux at the other end of a cable, which can be cut so that
// nothing comes back, not even that it is cut.

import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { NotApplicable } from '../shim/trouble.ts'

const run = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })

export class Network {
  readonly #name: string
  readonly #here: string
  /** Of the server. */
  readonly address: string

  private constructor(name: string, subnet: number) {
    // 198.18.0.0/15 is for tests of networks (RFC 2544): a /30 of it for each.
    const at = (host: number) => [18 + (subnet >> 14), (subnet >> 6) & 255, ((subnet & 63) << 2) + host].join('.')
    this.#name = name
    this.#here = `198.${at(1)}`
    this.address = `198.${at(2)}`
  }

  /** Throws NotApplicable where this machine allows none. */
  static open(): Network {
    // Scenarios run beside each other, in threads and in programs.
    const subnet = randomInt(32_768)
    const network = new Network(`hrc${subnet}`, subnet)
    try {
      network.#make()
      return network
    } catch (error) {
      network.end()
      const [why] = String((error as { stderr?: Buffer }).stderr ?? (error as Error).message).split('\n')
      throw new NotApplicable(`no network namespace can be made here, which Linux lets root do: ${why}`)
    }
  }

  #make(): void {
    const [outer, inner] = [this.#name, `${this.#name}i`]
    run('netns', 'add', this.#name)
    run('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', this.#name)
    run('addr', 'add', `${this.#here}/30`, 'dev', outer)
    run('link', 'set', outer, 'up')
    run('-n', this.#name, 'addr', 'add', `${this.address}/30`, 'dev', inner)
    run('-n', this.#name, 'link', 'set', inner, 'up')
    run('-n', this.#name, 'link', 'set', 'lo', 'up')
  }

  /** What runs a program in there. */
  get prefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#name]
  }

  /** From now on everything that goes there or comes from there is lost. */
  cut(): void {
    run('-n', this.#name, 'route', 'add', 'blackhole', `${this.#here}/32`)
  }

  mend(): void {
    run('-n', this.#name, 'route', 'del', 'blackhole', `${this.#here}/32`)
  }

  /** Connections that could not say goodbye would keep the namespace for minutes, and with it the cable. */
  end(): void {
    for (const what of ['link', 'netns']) {
      try {
        run(what, 'del', this.#name)
      } catch {
        // It was not made.
      }
    }
  }
}
