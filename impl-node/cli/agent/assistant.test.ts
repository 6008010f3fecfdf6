import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../testing/cli.ts'
import { isThere } from './assistant.ts'

test('isThere() finds a program in PATH, or by its path in the workspace, and nothing that cannot be run', (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'helper'), '#!/bin/sh\n')
  assert.equal(isThere('./helper', folder, ''), process.platform === 'win32')
  chmodSync(join(folder, 'helper'), 0o755)
  assert.ok(isThere('./helper', folder, ''))
  assert.ok(isThere('helper', '/', `/no/such/folder:${folder}`))
  assert.equal(isThere('helper', folder, '/no/such/folder'), process.platform === 'win32')
})
