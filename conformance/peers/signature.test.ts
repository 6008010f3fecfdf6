import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { Route } from './route.ts'
import { addOrder, NON_CANONICAL_KEY, SMALL_ORDER_KEY, signatureUnderIdentity, verify } from './signature.ts'

interface Case {
  readonly id: string
  readonly comment: string
  readonly input: Readonly<Record<string, string>>
  readonly result: string
}

const file = readFileSync(new URL('../../vectors/signature-validation.json', import.meta.url), 'utf8')
const { groups } = JSON.parse(file) as { groups: { tests: Case[] }[] }
const hex = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? '', 'hex'))

describe('verify()', () => {
  for (const { id, comment, input, result } of groups.flatMap(({ tests }) => tests)) {
    test(`${id}: ${comment} is ${result}`, () => {
      const [key, message, signature] = [input.publicKey ?? input.key, input.message, input.signature].map(hex)
      assert.equal(verify(key as Uint8Array, message as Uint8Array, signature as Uint8Array), result === 'valid')
    })
  }
})

describe('signatures for careless verifiers', () => {
  const route = new Route()
  const message = Buffer.from('message')

  const cases: [string, Uint8Array, Uint8Array, Parameters<typeof verify>[3]][] = [
    ['the group order added to S', route.key, addOrder(route.sign(message)), { scalar: true }],
    ['a key of small order', SMALL_ORDER_KEY, signatureUnderIdentity(), { smallOrder: true }],
    ['a key that is not canonical', NON_CANONICAL_KEY, signatureUnderIdentity(), { canonical: true }],
    ['a torsion part in R', route.key, route.signLoosely(message), { cofactor: true }],
  ]
  for (const [what, key, signature, leniency] of cases) {
    test(`${what} is refused, and accepted without the one check`, () => {
      assert.equal(verify(key, message, signature), false)
      assert.equal(verify(key, message, signature, leniency), true)
    })
  }

  test('another valid signature differs and verifies', () => {
    assert.equal(verify(route.key, message, route.signDifferently(message)), true)
    assert.notDeepEqual(route.signDifferently(message), route.sign(message))
  })
})
