// deno run -A bench/deno/signature.ts rounds: µs of CPU that the relay of impl-deno spends on the signature of a bind, by
// round.

import process from 'node:process'
import { generateSigningKey, sign, verify } from '../../impl-deno/crypto/ed25519.ts'
import { signedInput } from '../../impl-deno/relay/bind.ts'

const COUNT = 1_000

const random = (size: number) => crypto.getRandomValues(new Uint8Array(size))
const binds = await Promise.all(
  Array.from({ length: COUNT }, async () => {
    const key = await generateSigningKey()
    const input = signedInput('ws://127.0.0.1:8080', random(32), { routeKey: key.publicKey, peer: random(16) })
    return { routeKey: key.publicKey, input, signature: await sign(key, input) }
  }),
)

async function round(): Promise<number> {
  const before = process.cpuUsage()
  for (const { routeKey, input, signature } of binds) {
    if (!(await verify(routeKey, signature, input))) throw new Error('a signature is refused')
  }
  const { user, system } = process.cpuUsage()
  return (user + system - before.user - before.system) / COUNT
}

await round()
const samples: number[] = []
for (let i = 0; i < Number(Deno.args[0]); i++) samples.push(await round())
console.log(JSON.stringify(samples))
