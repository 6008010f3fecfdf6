// A scripted client: its routes, and the connections that it has made.

import { SuiteError } from '../shim/trouble.ts'
import type { Connection } from './connection.ts'
import { type Bind, Route } from './route.ts'

export class Client {
  readonly name: string
  readonly routes: Route[] = [new Route()]
  readonly connections: Connection[] = []
  /** The last bind of each route, by its name. */
  readonly binds = new Map<string, Bind>()

  constructor(name: string) {
    this.name = name
  }

  get route(): Route {
    return this.routes[0] as Route
  }

  get second(): Route {
    this.routes[1] ??= new Route()
    return this.routes[1]
  }

  /** The newest connection. */
  get connection(): Connection {
    const newest = this.connections.at(-1)
    if (!newest) throw new SuiteError(`The ${this.name} has not connected`)
    return newest
  }

  get first(): Connection {
    const [first] = this.connections
    if (!first) throw new SuiteError(`The ${this.name} has not connected`)
    return first
  }

  /** Sends a bind on the newest connection; it is right where `origin` is what the client dialled. */
  async bind(peer: Uint8Array | null, route = this.route, origin = this.connection.origin): Promise<void> {
    const { connection } = this
    const bind = route.bind({ origin, nonce: await connection.nonce(), peer })
    this.binds.set(route.name, bind)
    connection.send(bind)
  }
}
