// node bench/node/signature.ts rounds: µs of CPU that the relay of impl-node spends on the signature of a bind, by round.

import { randomBytes } from 'node:crypto'
import { verify } from '../../impl-node/crypto/ed25519.ts'
import { generateRouteKey, relayAuthInput } from '../../impl-node/crypto/route.ts'

const COUNT = 1_000

const binds = Array.from({ length: COUNT }, () => {
  const { publicKey: routeKey, sign } = generateRouteKey()
  const [nonce, peer] = [randomBytes(32), randomBytes(16)]
  const input = relayAuthInput({ origin: 'ws://127.0.0.1:8080', nonce, routeKey, peer })
  return { routeKey, input, signature: sign(input) }
})

function round(): number {
  const before = process.cpuUsage()
  if (!binds.every(({ routeKey, input, signature }) => verify(routeKey, input, signature))) {
    throw new Error('a signature is refused')
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / COUNT
}

round()
console.log(JSON.stringify(Array.from({ length: Number(process.argv[2]) }, round)))
