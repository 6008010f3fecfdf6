import assert from 'node:assert/strict'
import { random } from '../crypto/primitives.ts'
import { openWitness, witnessFolder } from './witness.ts'

Deno.test('a witness tells what was noted last, also to the next run, until it forgets', async () => {
  const folder = await Deno.makeTempDir()
  try {
    const progress = { sessionId: random(16), generation: 7 }
    const first = await openWitness(`${folder}/witness`)
    assert.equal(await first.newest('agent-1'), undefined)
    await first.note('agent-1', { ...progress, generation: 6 })
    await first.note('agent-1', progress)
    const second = await openWitness(`${folder}/witness`)
    assert.deepEqual(await second.newest('agent-1'), progress)
    await second.forget('agent-1')
    await second.forget('agent-1')
    assert.equal(await second.newest('agent-1'), undefined)
    await Deno.writeFile(`${folder}/witness/agent-1`, random(5))
    assert.equal(await second.newest('agent-1'), undefined)
  } finally {
    await Deno.remove(folder, { recursive: true })
  }
})

Deno.test('a folder that others may use is no witness', async () => {
  const folder = await Deno.makeTempDir()
  try {
    await Deno.chmod(folder, 0o777)
    await assert.rejects(openWitness(folder), /others may use/)
  } finally {
    await Deno.remove(folder, { recursive: true })
  }
})

Deno.test('the witness stands in the folder of the login, or of the service', () => {
  const of = (variables: Record<string, string>) => witnessFolder((name) => variables[name])
  assert.equal(of({ XDG_RUNTIME_DIR: '/run/user/1' }), '/run/user/1/happy-remote')
  assert.equal(of({ RUNTIME_DIRECTORY: '/run/agent/' }), '/run/agent/happy-remote')
  if (Deno.build.os === 'linux') assert.equal(of({ TMPDIR: '/tmp' }), undefined)
})
