// One address in front of several nodes, as a load balancer has it: bytes pass, and nobody looks at them.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class Front {
  readonly url: string
  readonly #server: Server
  readonly #nodes: number[] = []
  readonly #joins: number[] = []
  readonly #clients = new Map<Socket, number>()
  #first = 0

  private constructor(server: Server) {
    this.#server = server
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (client: Socket) => this.#join(client, this.#first, this.#nodes.length))
  }

  static async listen(): Promise<Front> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Front(server)
  }

  /** `url` is one more node. */
  add(url: string): void {
    this.#nodes.push(Number(new URL(url).port))
    this.#joins.push(0)
  }

  /** From now on a client comes to node `index`, and to the next one where that is not there. */
  prefer(index: number): void {
    this.#first = index
  }

  /** Clients that have come to each node since the start. */
  get joins(): readonly number[] {
    return this.#joins
  }

  /** Clients at each node. */
  get shares(): readonly number[] {
    return this.#nodes.map((_, index) => [...this.#clients.values()].filter((at) => at === index).length)
  }

  #join(client: Socket, index: number, tries: number): void {
    const port = this.#nodes[index % this.#nodes.length]
    if (port === undefined || tries === 0 || client.destroyed) {
      client.destroy()
      return
    }
    const node = connect({ port, host: '127.0.0.1', noDelay: true })
    const next = () => this.#join(client, index + 1, tries - 1)
    node.once('error', next)
    node.once('connect', () => {
      node.off('error', next)
      const at = index % this.#nodes.length
      this.#clients.set(client, at)
      this.#joins[at] = (this.#joins[at] ?? 0) + 1
      const end = () => {
        this.#clients.delete(client)
        node.destroy()
        client.destroy()
      }
      for (const side of [node, client]) side.on('error', end).on('close', end)
      client.pipe(node).pipe(client)
    })
  }

  close(): void {
    this.#server.close()
    for (const client of this.#clients.keys()) client.destroy()
  }
}
