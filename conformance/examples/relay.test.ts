// A program in another language, judged through its shim: the fast part. All of it is relay-known.json.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Report } from '../report/report.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'conformance-example-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const python = spawnSync('/usr/bin/python3', ['-c', 'import cryptography, websockets'])
const missing = python.status !== 0 && 'needs /usr/bin/python3 with python3-websockets and python3-cryptography'

test('relay.py takes good signatures, and not all of the bad ones', { skip: missing }, async () => {
  const args = [here('../cli.ts'), 'run', here('relay.json'), '--filter', 'relay/bind/*-key*', '--out', folder]
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], { stdio: 'ignore' })
  const code = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(code, 1)
  const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report
  assert.deepEqual(
    report.implementation.roles.map(({ name, language }) => `${name}, ${language}`),
    ['relay.py, Python'],
  )
  const failing = report.scenarios
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ id, verdict }) => `${verdict} ${id}`)
  assert.deepEqual(failing, [
    'fail relay/bind/a-key-of-small-order-for-which-anyone-can-sign-is-refused',
    'fail relay/bind/a-key-that-is-not-the-canonical-encoding-of-a-point-is-refused',
  ])
})

test('the README shows the shim of the client as it is', () => {
  const shim = readFileSync(here('client_shim.py'), 'utf8')
  assert.ok(readFileSync(here('../README.md'), 'utf8').includes(`\`\`\`python\n${shim}\`\`\``))
})
