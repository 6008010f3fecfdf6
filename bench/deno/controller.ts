// deno run --allow-all bench/deno/controller.ts folder [command…]: the controller of impl-deno as a client of a row.

import { programSocket } from '../../impl-deno/cli/program-socket.ts'
import { Controller } from '../../impl-deno/controller/controller.ts'
import { Store } from '../../impl-deno/session/store.ts'
import { openSqlite } from '../../impl-deno/storage/sqlite.ts'
import { type Client, serveOrders, serveTerminal } from '../client.ts'

const [folder = '', ...command] = Deno.args
const store = await Store.open(await openSqlite(folder))
const [record] = store.pairings
if (!record) throw new Error(`Nothing is paired in ${folder}`)
const controller = new Controller({ store, record, name: 'bench', socket: await programSocket() })
const client: Client = {
  call: (method, params) => controller.request(method, params),
  open: async (words, onData) => {
    let own: string | undefined
    controller.listen((event) => {
      if (event.type === 'output' && (own === undefined || event.terminalId === own)) onData(event.bytes)
    })
    const { terminalId } = await controller.call('terminal.open', { cols: 80, rows: 24, command: [...words] })
    own = terminalId
    return {
      type: (bytes) => void controller.type(terminalId, bytes),
      close: () => controller.call('terminal.close', { terminalId }),
    }
  },
}
await (command.length > 0 ? serveTerminal(client, command) : serveOrders(client))
