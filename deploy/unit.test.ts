import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { relayConfig } from '../impl-node/cli/relay-config.ts'

const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8')
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0

test('systemd understands the unit, and finds little to harden', {
  skip: hasAnalyze ? false : 'there is no systemd-analyze',
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-unit-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const unit = join(folder, 'happy-remote-relay.service')
  // A program that is not there would be a complaint about this machine.
  writeFileSync(
    unit,
    read('happy-remote-relay.service').replaceAll('/opt/happy-remote/node_modules/.bin/node', process.execPath),
  )
  const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
  assert.deepEqual([verified.status, verified.stderr], [0, ''])
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' })
  const [, level] = /Overall exposure level for [^:]+: ([\d.]+)/.exec(stdout) ?? []
  assert.ok(Number(level) < 2, `exposure level ${level}`)
})

test('the relay understands relay.env', () => {
  const lines = read('relay.env')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))
  const config = relayConfig([], Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2))))
  assert.deepEqual(config.origins, ['wss://relay.example.com'])
  assert.deepEqual([config.port, config.adminPort, config.logLevel], [8080, 9090, 'info'])
  assert.deepEqual(config.trustProxy, ['127.0.0.1', '::1'])
})
