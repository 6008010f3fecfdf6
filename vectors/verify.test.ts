import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ed25519 } from '@noble/curves/ed25519.js'
import type { Backend } from './backend/backend.ts'
import { noble } from './backend/noble.ts'
import { nodeCrypto } from './backend/node-crypto.ts'
import type { TestCase, VectorFile } from './generate/file.ts'
import { verifyFile } from './verify-file.ts'

const root = new URL('./', import.meta.url)
const names = readdirSync(root).filter((name) => name.endsWith('.json') && name !== 'package.json')
const read = (name: string): VectorFile => JSON.parse(readFileSync(new URL(name, root), 'utf8')) as VectorFile

/** The same value with one byte, digit or letter of it changed; the first that can be. */
function corrupt(value: unknown): unknown {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value ^ 1
  if (typeof value === 'string') return value === '' ? '00' : (value[0] === '0' ? '1' : '0') + value.slice(1)
  if (Array.isArray(value)) return value.length === 0 ? ['00'] : [corrupt(value[0]), ...value.slice(1)]
  const [first, ...rest] = Object.entries(value ?? { peer: '00' })
  return Object.fromEntries([[first?.[0], corrupt(first?.[1])], ...rest])
}

const alone = (file: VectorFile, label: string, test: TestCase): VectorFile => ({
  ...file,
  groups: [{ label, tests: [test] }],
})

for (const name of names) {
  test(`${name}: a changed byte in any computed value, or another code, is a mismatch`, async () => {
    const file = read(name)
    for (const { label, tests } of file.groups) {
      const valid = tests.find(({ result }) => result === 'valid')
      assert.ok(valid, `${label} has no valid case`)
      assert.deepEqual(await verifyFile(alone(file, label, valid), nodeCrypto), {
        passed: 1,
        notOffered: 0,
        mismatches: [],
      })
      for (const part of ['intermediate', 'output'] as const) {
        for (const member of Object.keys(valid[part] ?? {})) {
          const changed = { ...valid, [part]: { ...valid[part], [member]: corrupt(valid[part]?.[member]) } }
          const { mismatches } = await verifyFile(alone(file, label, changed), nodeCrypto)
          assert.deepEqual(mismatches, [`${valid.id}: ${member} differs`])
        }
      }
      const invalid = tests.find(({ result }) => result === 'invalid')
      if (!invalid?.reject) continue
      const reject = { ...invalid.reject, code: 'internal' as const }
      const { mismatches } = await verifyFile(alone(file, label, { ...invalid, reject }), nodeCrypto)
      assert.equal(mismatches.length, 1)
    }
  })
}

/** Files in which a wrong engine is noticed. */
async function noticed(backend: Backend): Promise<string[]> {
  const found: string[] = []
  for (const name of ['cert.json', 'signature-validation.json', 'key-validation.json', 'message.json', 'kdf.json']) {
    if ((await verifyFile(read(name), backend)).mismatches.length > 0) found.push(name)
  }
  return found
}

test('an engine that clears the cofactor is noticed', async () => {
  const cofactored = async (key: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
    ed25519.verify(signature, message, key, { zip215: false })
  assert.deepEqual(await noticed({ ...noble, verify: cofactored }), ['cert.json', 'signature-validation.json'])
})

test('an engine that ignores associated data is noticed', async () => {
  const none = new Uint8Array()
  const seal: Backend['seal'] = (key, nonce, _, plaintext) => nodeCrypto.seal(key, nonce, none, plaintext)
  const open: Backend['open'] = (key, nonce, _, sealed) => nodeCrypto.open(key, nonce, none, sealed)
  assert.deepEqual(await noticed({ ...nodeCrypto, seal, open }), ['message.json'])
})

test('an engine that swaps salt and key material is noticed', async () => {
  const hkdf: Backend['hkdf'] = (ikm, salt, info, length) => nodeCrypto.hkdf(salt, ikm, info, length)
  assert.deepEqual(await noticed({ ...nodeCrypto, hkdf }), ['kdf.json'])
})

test('the command exits 1 and says how many failed where one digit of one file is wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vectors-'))
  const run = (text: string) => {
    writeFileSync(join(folder, 'kdf.json'), text)
    const command = spawnSync(process.execPath, [fileURLToPath(new URL('verify.ts', root)), folder], {
      encoding: 'utf8',
    })
    return { status: command.status, last: command.stdout.trimEnd().split('\n').at(-1) }
  }
  try {
    const text = readFileSync(new URL('kdf.json', root), 'utf8')
    assert.deepEqual(run(text), { status: 0, last: '24 passed, 0 failed' })
    const at = text.indexOf('"chainKey": "', text.indexOf('"output"')) + 13
    const wrong = text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1)
    assert.deepEqual(run(wrong), { status: 1, last: '21 passed, 3 failed' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
