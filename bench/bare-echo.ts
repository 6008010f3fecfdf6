// node bench/bare-echo.ts caller|answerer url request response: the two ends behind a bare forwarder, which exchange
// frames of so many bytes and know nothing else.

import { once } from 'node:events'
import { WebSocket } from 'ws'
import { serveOrders } from './client.ts'

const [role, url = '', request, response] = process.argv.slice(2)
const [asked, answered] = [Buffer.alloc(Number(request)), Buffer.alloc(Number(response))]
const socket = new WebSocket(url, { perMessageDeflate: false })
await once(socket, 'open')
let onAnswer: () => void = () => {}
socket.on('message', () => (role === 'answerer' ? socket.send(answered) : onAnswer()))
if (role === 'caller') {
  await serveOrders({
    call: () =>
      new Promise<void>((resolve) => {
        onAnswer = resolve
        socket.send(asked)
      }),
    open: () => Promise.reject(new Error('There are no terminals here')),
  })
}
// Its peer may come: what is sent before is forwarded to nobody.
process.stdout.write('[]\n')
process.stdin.on('end', () => process.exit(0)).resume()
