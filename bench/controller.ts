// node bench/controller.ts folder [command…]: a controller that was paired in that folder, as a client of a row; with a
// command it is a terminal.

import { Controller } from '../impl-node/controller/controller.ts'
import { Store } from '../impl-node/session/store.ts'
import { type Client, serveOrders, serveTerminal } from './client.ts'

const [folder = '', ...command] = process.argv.slice(2)
const store = new Store(folder)
const record = store.pairings[0]
if (!record) throw new Error(`Nothing is paired in ${folder}`)
const controller = new Controller({
  ...{ identity: store.identity, record, name: 'bench' },
  save: (changed) => store.savePairing(changed),
})
const client: Client = {
  call: (method, params) => controller.call(method as 'agent.info', params),
  open: async (words, onData) => {
    const terminal = await controller.openTerminal(
      { cols: 80, rows: 24, command: [...words] },
      { onData, onExit: () => {} },
    )
    return { type: (bytes) => terminal.write(bytes), close: () => terminal.kill() }
  },
}
await (command.length > 0 ? serveTerminal(client, command) : serveOrders(client))
