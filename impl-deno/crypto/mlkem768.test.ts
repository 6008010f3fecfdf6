import assert from 'node:assert/strict'
import { checkKemKey, encapsulate, kemKeyFromSeed, nobleKem, webKem } from './mlkem768.ts'
import { random } from './primitives.ts'

Deno.test('both engines make the same key of a seed and open what the other sealed', async () => {
  const seed = random(64)
  const [web, noble] = await Promise.all([webKem.keyFromSeed(seed), nobleKem.keyFromSeed(seed)])
  assert.deepEqual(web.publicKey, noble.publicKey)
  for (const [engine, opener] of [
    [webKem, noble],
    [nobleKem, web],
  ] as const) {
    const { ciphertext, sharedSecret } = await engine.encapsulate(web.publicKey)
    assert.deepEqual(await opener.decapsulate(ciphertext), sharedSecret)
  }
})

Deno.test('decapsulate() of a ciphertext for another key gives another secret and no error', async () => {
  const [own, other] = await Promise.all([kemKeyFromSeed(random(64)), kemKeyFromSeed(random(64))])
  const { ciphertext, sharedSecret } = await encapsulate(other.publicKey)
  assert.notDeepEqual(await own.decapsulate(ciphertext), sharedSecret)
})

Deno.test('checkKemKey() refuses each of the 768 coefficients at 3,329 and passes it at 3,328', async () => {
  const { publicKey } = await kemKeyFromSeed(random(64))
  checkKemKey(publicKey)
  const put = (index: number, value: number) => {
    const key = publicKey.slice()
    const at = (index >> 1) * 3
    const [a, b, c] = [key[at] as number, key[at + 1] as number, key[at + 2] as number]
    const bytes =
      index % 2 === 0 ? [value & 255, (b & 0xf0) | (value >> 8), c] : [a, (b & 15) | ((value & 15) << 4), value >> 4]
    key.set(bytes, at)
    return key
  }
  for (let i = 0; i < 768; i++) {
    checkKemKey(put(i, 3_328))
    assert.throws(() => checkKemKey(put(i, 3_329)), { code: 'kem-key' })
  }
  assert.throws(() => checkKemKey(publicKey.slice(1)), { code: 'kem-key' })
})
