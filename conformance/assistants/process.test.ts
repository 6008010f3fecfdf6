import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const ARGS = {
  acp: [],
  claude: ['-p', '--verbose', '--output-format', 'stream-json', '--input-format', 'stream-json'],
}

/** The exit code of a scripted assistant whose input is at its end from the beginning. */
async function exitCode(t: TestContext, wire: keyof typeof ARGS, start: object): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'happy-script-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'test.script.json')
  writeFileSync(file, JSON.stringify({ name: 'Test', start, replies: [], otherwise: [] }))
  const program = fileURLToPath(import.meta.resolve(`./${wire}.ts`))
  const child = spawn(process.execPath, [program, '--script', file, ...ARGS[wire]], { stdio: ['ignore', 'ignore', 2] })
  const [code] = await once(child, 'exit')
  return code
}

for (const wire of ['acp', 'claude'] as const) {
  test(`the scripted assistant of ${wire} begins as its script says`, async (t) => {
    assert.equal(await exitCode(t, wire, { exit: 7 }), 7)
    assert.equal(await exitCode(t, wire, { awaits: import.meta.filename }), 0)
    // Nobody is left who could make the file.
    assert.equal(await exitCode(t, wire, { awaits: '/no/such/folder/file' }), 1)
  })
}
