// node spec/validate.ts: validates the AsyncAPI documents with the official tool, warnings
// included. Installs it in spec/ when it is missing (440 MB, once); nothing else needs it.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { documents } from './generate-asyncapi.ts'

const folder = import.meta.dirname
const tool = join(folder, 'node_modules/@asyncapi/cli/bin/run_bin')

// CI turns the tool's telemetry off; its own warning about configuration files says nothing about ours.
const env = { ...process.env, CI: 'true', PUPPETEER_SKIP_DOWNLOAD: '1', SUPPRESS_NO_CONFIG_WARNING: '1' }

if (!existsSync(tool)) {
  console.log('spec: installing @asyncapi/cli (440 MB, once)')
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) {
    console.error('spec: Cannot install @asyncapi/cli: npm ci failed in spec/ (is the registry reachable?)')
    process.exit(1)
  }
}

for (const { file, messages, operations } of documents) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [tool, 'validate', '--fail-severity=warn', `asyncapi/${file}`],
    { cwd: folder, env, encoding: 'utf8' },
  )
  const counts = `${messages.length} messages, ${operations.length} operations`
  console.log(`spec/asyncapi/${file}: ${status === 0 ? `valid, ${counts}` : 'not valid'}`)
  if (status !== 0) {
    console.error(stdout + stderr)
    process.exitCode = 1
  }
}
